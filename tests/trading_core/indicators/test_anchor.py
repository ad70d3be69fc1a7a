from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.builders import random_walk
from tests.trading_core.indicators.cases import Columns, cases, columns, holed, same_bits
from trading_core.indicators.anchor import block, block_start, compute, history, runs
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator, Params
from trading_core.market.timeframe import Timeframe

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)

FIRST = 1_000_100
"""Candle number of the first row: no block begins there."""

WINDOWS = ((Timeframe.M30, 3000, 230), (Timeframe.M15, 3000, 100), (Timeframe.M1, 10_000, 5))
"""Timeframe, rows of the history, and windows for each of the three parameter sets."""


def window(
    indicator: Indicator, params: Params, inputs: Columns, timeframe: Timeframe, rng: np.random.Generator
) -> tuple[int, int, Columns]:
    """Rows [row, stop) and what a window that reaches back just far enough, or farther, says of them."""
    rows = len(inputs[0])
    row = int(rng.integers(0, rows))
    stop = min(rows, row + 1 + int(rng.integers(0, 40)))
    start = FIRST + row if indicator.memory is None else block_start(FIRST + row, timeframe)
    start = max(0, start - FIRST - history(indicator, params) - int(rng.integers(0, 3)) * 17)
    part = tuple(column[start:stop] for column in inputs)
    made = compute(indicator, params, part, first=FIRST + start, timeframe=timeframe, wanted=row - start)
    return row, stop, tuple(output[row - start :] for output in made)


def coarse(indicator: Indicator, rows: int, *, seed: int) -> Columns:
    """Inputs of few and small numbers, 0 among them, that often stand still."""
    rng = np.random.default_rng(seed)
    still = np.repeat(rng.integers(0, 3, (rows, 1)), rng.integers(1, 40, rows), axis=0)[:rows]
    moves = rng.integers(0, 2, (rows, len(indicator.inputs))) * (rng.random((rows, 1)) < 0.3)
    return tuple(np.ascontiguousarray(column, dtype=np.float64) for column in (still + moves).T)


@ALL
def test_a_thousand_windows_give_the_bits_of_the_whole_history(indicator: Indicator) -> None:
    rng = np.random.default_rng(11)
    for timeframe, rows, windows in WINDOWS:
        inputs = holed(indicator, rows, seed=3)
        for params in cases(indicator, 2):
            whole = compute(indicator, params, inputs, first=FIRST, timeframe=timeframe)
            for _ in range(windows):
                row, stop, made = window(indicator, params, inputs, timeframe, rng)
                for output, part in zip(whole, made, strict=True):
                    assert same_bits(output[row:stop], part), (timeframe, dict(params), row, stop)


@ALL
def test_the_future_changes_nothing(indicator: Indicator) -> None:
    inputs = holed(indicator, 1400, seed=5)
    for params in cases(indicator, 2):
        whole = compute(indicator, params, inputs, first=FIRST, timeframe=Timeframe.M30)
        for stop in (0, 1, 2, 255, 256, 257, 300, 511, 512, 700, 1023, 1024, 1399):
            past = tuple(column[:stop] for column in inputs)
            made = compute(indicator, params, past, first=FIRST, timeframe=Timeframe.M30)
            for output, part in zip(whole, made, strict=True):
                assert same_bits(output[:stop], part), (dict(params), stop)


@ALL
def test_all_outputs_are_ready_after_the_warmup_and_again_after_a_gap(indicator: Indicator) -> None:
    for params in cases(indicator, 5):
        warmup = indicator.warmup(params)
        gap = warmup + 300
        inputs = tuple(c.copy() for c in columns(indicator, random_walk(2 * gap, seed=2)))
        for column in inputs:
            column[gap] = np.nan
        for output in compute(indicator, params, inputs, first=FIRST, timeframe=Timeframe.M30):
            ready = np.isfinite(output)
            assert not ready[: warmup - 1].any()
            assert ready[warmup - 1 : gap].all()
            assert not ready[gap : gap + warmup].any()
            assert ready[gap + warmup :].all()


@pytest.mark.parametrize("indicator", [each for each in CATALOG.values() if each.bind], ids=lambda i: i.name)
def test_what_is_bound_gives_what_runs_give(indicator: Indicator) -> None:
    copied = dataclasses.replace(indicator, bind=None)
    written = [
        (holed(indicator, 2000, seed=13), Timeframe.M30),
        (coarse(indicator, 2000, seed=14), Timeframe.M30),
    ]
    in_one_run = (coarse(indicator, 1000, seed=15), Timeframe.M1)
    for inputs, timeframe in (*written, in_one_run):
        for params in cases(indicator, 8, top=250):
            made = compute(indicator, params, inputs, first=FIRST, timeframe=timeframe)
            ran = compute(copied, params, inputs, first=FIRST, timeframe=timeframe)
            assert all(map(same_bits, made, ran)), dict(params)


@ALL
def test_what_is_written_in_portions_is_what_one_run_gives(indicator: Indicator) -> None:
    inputs = coarse(indicator, 80_000, seed=16)
    copied = dataclasses.replace(indicator, bind=None)

    made, ran = (
        compute(each, each.defaults(), inputs, first=FIRST, timeframe=Timeframe.M1)
        for each in (indicator, copied)
    )

    assert all(map(same_bits, made, ran))


@ALL
def test_gapless_is_only_a_promise(indicator: Indicator) -> None:
    inputs = columns(indicator, random_walk(900, seed=6))
    for params in cases(indicator, 1):
        scanned = compute(indicator, params, inputs, first=FIRST, timeframe=Timeframe.M30)
        promised = compute(indicator, params, inputs, first=FIRST, timeframe=Timeframe.M30, gapless=True)
        assert all(map(same_bits, scanned, promised))


@ALL
def test_outputs_are_arrays_of_their_own(indicator: Indicator) -> None:
    inputs = columns(indicator, random_walk(600, seed=7))
    before = [column.copy() for column in inputs]

    outputs = compute(indicator, indicator.defaults(), inputs, first=0, timeframe=Timeframe.M1)

    assert all(map(same_bits, inputs, before))
    for at, output in enumerate(outputs):
        assert not any(np.shares_memory(output, other) for other in (*inputs, *outputs[:at]))


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_block_is_the_largest_power_of_two_within_six_days(timeframe: Timeframe) -> None:
    size = block(timeframe)
    assert size.bit_count() == 1
    assert size * timeframe.minutes <= 6 * 1440 or size == 256
    assert 2 * size * timeframe.minutes > 6 * 1440
    assert [block_start(n, timeframe) for n in (0, size - 1, size, size + 3)] == [0, 0, size, size]


def test_runs_are_the_stretches_without_a_gap() -> None:
    column = np.array([np.nan, 1.0, 2.0, np.nan, 3.0])
    assert list(runs((column,))) == [(1, 3), (4, 5)]
    assert list(runs((np.ones(5), column))) == [(1, 3), (4, 5)]
    assert list(runs((np.ones(5),))) == [(0, 5)]
    assert list(runs((np.full(3, np.inf),))) == []
    assert list(runs((np.zeros(0),))) == []
