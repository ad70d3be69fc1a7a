from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.trading_core.indicators.cases import Columns, cases, holed, same_bits
from trading_core.indicators.anchor import block_start, compute
from trading_core.indicators.anchor import history as reach
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator, Params
from trading_core.indicators.stepping import Stepper
from trading_core.market.timeframe import Timeframe

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)

FIRST = 1_000_100
M30 = Timeframe.M30


class Walk:
    """Steps through rows of inputs and counts how often their history is asked for."""

    def __init__(self, indicator: Indicator, params: Params, inputs: Columns) -> None:
        self.stepper = Stepper(indicator, params, M30)
        self.inputs = inputs
        self.rows = list(zip(*(column.tolist() for column in inputs), strict=True))
        self.asked: list[int] = []

    def step(self, row: int) -> tuple[float, ...]:
        def history(start: int) -> Columns:
            self.asked.append(row)
            return tuple(column[max(0, start - FIRST) : row + 1] for column in self.inputs)

        return self.stepper.step(FIRST + row, self.rows[row], history)

    def over(self, rows: list[int]) -> tuple[np.ndarray, ...]:
        return tuple(np.array(output) for output in zip(*map(self.step, rows), strict=True))


@ALL
def test_steps_give_the_bits_of_the_whole_history(indicator: Indicator) -> None:
    inputs = holed(indicator, 1500, seed=8)
    for params in cases(indicator, 2, top=40):
        whole = compute(indicator, params, inputs, first=FIRST, timeframe=M30)
        walk = Walk(indicator, params, inputs)
        for output, steps in zip(whole, walk.over(list(range(1500))), strict=True):
            assert same_bits(output, steps), dict(params)
        borders = [row for row in range(1500) if block_start(FIRST + row, M30) == FIRST + row]
        assert set(walk.asked) <= {0, *borders}


@ALL
def test_steps_begin_anywhere_and_jump(indicator: Indicator) -> None:
    inputs = holed(indicator, 1500, seed=9)
    rng = np.random.default_rng(4)
    for params in cases(indicator, 1, top=40):
        whole = compute(indicator, params, inputs, first=FIRST, timeframe=M30)
        walk = Walk(indicator, params, inputs)
        for _ in range(25):
            start = int(rng.integers(0, 1480))
            rows = list(range(start, start + 1 + int(rng.integers(0, 20))))
            for output, steps in zip(whole, walk.over(rows), strict=True):
                assert same_bits(output[rows[0] : rows[-1] + 1], steps), (dict(params), rows)


@ALL
def test_steps_need_no_more_history_than_they_ask_for(indicator: Indicator) -> None:
    inputs = holed(indicator, 5200, seed=10, holes=1)
    params = indicator.defaults()
    whole = compute(indicator, params, inputs, first=FIRST, timeframe=M30)
    row = 5100

    def history(start: int) -> Columns:
        assert start >= block_start(FIRST + row, M30) - reach(indicator, params)
        return tuple(column[start - FIRST : row + 1].copy() for column in inputs)

    values = tuple(float(column[row]) for column in inputs)
    made = Stepper(indicator, params, M30).step(FIRST + row, values, history)
    assert same_bits(np.array([output[row] for output in whole]), np.array(made))


def test_an_indicator_without_a_stream_runs_its_last_candles() -> None:
    indicator = dataclasses.replace(CATALOG["highest"], stream=None)
    params = {"period": 5}
    inputs = holed(indicator, 200, seed=12)
    whole = compute(indicator, params, inputs, first=FIRST, timeframe=M30)
    for output, steps in zip(whole, Walk(indicator, params, inputs).over(list(range(200))), strict=True):
        assert same_bits(output, steps)
