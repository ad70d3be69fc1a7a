from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ta.momentum import RSIIndicator
from ta.trend import ADXIndicator, CCIIndicator, EMAIndicator
from ta.volatility import AverageTrueRange, BollingerBands
from ta.volume import MFIIndicator

from tests.builders import random_walk
from trading_core.indicators.anchor import BLOCK, block_start, compute, history, runs
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator, Params
from trading_core.market.candle import Candles, Floats

FIRST = 1_000_100
"""Candle number of the first row: not the start of a block."""

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)


def columns(indicator: Indicator, candles: Candles) -> tuple[Floats, ...]:
    return tuple(getattr(candles, "close" if name == SOURCE else name) for name in indicator.inputs)


def random_params(indicator: Indicator, rng: np.random.Generator) -> dict[str, float]:
    params: dict[str, float] = {}
    for name, param in indicator.params.items():
        top = min(param.high, 60)
        params[name] = (
            int(rng.integers(int(param.low), int(top) + 1))
            if param.whole
            else float(rng.uniform(param.low, top))
        )
    if indicator.ordered and params[indicator.ordered[0]] >= params[indicator.ordered[1]]:
        small, large = indicator.ordered
        params[small], params[large] = 12, 26
    return params


def cases(indicator: Indicator, count: int = 6) -> list[Params]:
    rng = np.random.default_rng(len(indicator.name))
    return [indicator.defaults(), *(random_params(indicator, rng) for _ in range(count))]


def same(left: tuple[Floats, ...], right: tuple[Floats, ...]) -> None:
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def with_holes(inputs: tuple[Floats, ...], seed: int) -> tuple[Floats, ...]:
    rng = np.random.default_rng(seed)
    made = tuple(column.copy() for column in inputs)
    for at in rng.integers(0, len(made[0]), 4):
        for column in made:
            column[at : at + int(rng.integers(1, 5))] = np.nan
    return made


@ALL
def test_indicator_is_ready_exactly_after_its_warmup(indicator: Indicator) -> None:
    inputs = columns(indicator, random_walk(700))
    for params in cases(indicator):
        warmup = indicator.warmup(params)
        for output in compute(indicator, params, inputs, first=FIRST):
            assert np.isnan(output[: warmup - 1]).all()
            assert np.isfinite(output[warmup - 1 :]).all()


@ALL
def test_indicator_never_reads_the_future(indicator: Indicator) -> None:
    inputs = columns(indicator, random_walk(900, seed=5))
    for params in cases(indicator, 2):
        whole = compute(indicator, params, inputs, first=FIRST)
        for stop in (300, 511, 512, 700):
            part = compute(indicator, params, tuple(c[:stop] for c in inputs), first=FIRST)
            same(tuple(output[:stop] for output in whole), part)


@ALL
def test_indicator_has_the_same_bits_in_any_window(indicator: Indicator) -> None:
    rng = np.random.default_rng(11)
    inputs = with_holes(columns(indicator, random_walk(4000, seed=3)), 7)
    for params in cases(indicator, 3):
        whole = compute(indicator, params, inputs, first=FIRST)
        for _ in range(12):
            row = int(rng.integers(0, 4000))
            needed = min(row, row - (block_start(FIRST + row) - FIRST) + history(indicator, params))
            start = max(0, row - needed - int(rng.integers(0, 50)))
            stop = row + 1 + int(rng.integers(0, 300))
            part = compute(
                indicator,
                params,
                tuple(c[start:stop] for c in inputs),
                first=FIRST + start,
                wanted=row - start,
            )
            same(tuple(o[row:stop] for o in whole), tuple(o[row - start :] for o in part))


@ALL
def test_indicator_starts_again_after_a_gap(indicator: Indicator) -> None:
    params = indicator.defaults()
    inputs = tuple(c.copy() for c in columns(indicator, random_walk(1200, seed=2)))
    for column in inputs:
        column[600] = np.nan
    warmup = indicator.warmup(params)

    for output in compute(indicator, params, inputs, first=FIRST):
        assert np.isnan(output[600 : 600 + warmup]).all()
        assert np.isfinite(output[600 + warmup :]).all()


@ALL
def test_indicator_survives_degenerate_candles(indicator: Indicator) -> None:
    flat = random_walk(600)
    level, none = np.full(600, 7.0), np.zeros(600)
    still = Candles(flat.open_time, level, level, level, level, none, none)
    for length in (0, 1, 600):
        inputs = tuple(c[:length] for c in columns(indicator, still))
        for output in compute(indicator, indicator.defaults(), inputs, first=FIRST):
            assert len(output) == length
            assert not np.isinf(output).any()


@ALL
def test_indicator_does_not_mind_the_size_of_prices(indicator: Indicator) -> None:
    walk = random_walk(600, seed=9)
    small_prices = [column * 2.0**-30 for column in walk.columns()[1:5]]
    tiny = Candles.of_columns([walk.open_time, *small_prices, walk.volume, walk.turnover])
    params = indicator.defaults()
    normal = compute(indicator, params, columns(indicator, walk), first=FIRST)
    small = compute(indicator, params, columns(indicator, tiny), first=FIRST)
    for a, b in zip(normal, small, strict=True):
        ready = np.isfinite(a)
        np.testing.assert_array_equal(ready, np.isfinite(b))
        assert np.array_equal(a[ready], b[ready]) or np.array_equal(a[ready], b[ready] * 2.0**30)


def test_rsi_and_stochastic_are_not_ready_where_nothing_moves() -> None:
    still = np.full(300, 7.0)
    (rsi,) = compute(CATALOG["rsi"], {"period": 14}, (still,), first=0)
    k, d = compute(CATALOG["stochastic"], CATALOG["stochastic"].defaults(), (still,) * 3, first=0)
    (mfi,) = compute(CATALOG["mfi"], {"period": 14}, (still, still, still, np.zeros(300)), first=0)
    for output in (rsi, k, d, mfi):
        assert np.isnan(output).all()


@pytest.mark.parametrize(
    "name,output,oracle",
    [
        ("rsi", 0, lambda f: RSIIndicator(f.close, 14).rsi()),
        ("ema", 0, lambda f: EMAIndicator(f.close, 21).ema_indicator()),
        ("atr", 0, lambda f: AverageTrueRange(f.high, f.low, f.close, 14).average_true_range()),
        ("adx", 0, lambda f: ADXIndicator(f.high, f.low, f.close, 14).adx()),
        ("cci", 0, lambda f: CCIIndicator(f.high, f.low, f.close, 20).cci()),
        ("mfi", 0, lambda f: MFIIndicator(f.high, f.low, f.close, f.volume, 14).money_flow_index()),
        ("bollinger", 0, lambda f: BollingerBands(f.close, 20).bollinger_hband()),
        ("bollinger", 3, lambda f: BollingerBands(f.close, 20).bollinger_pband()),
    ],
)
def test_indicator_agrees_with_an_independent_oracle(name: str, output: int, oracle: object) -> None:
    walk = random_walk(1500, seed=4)
    frame = pd.DataFrame({n: getattr(walk, n) for n in ("open", "high", "low", "close", "volume")})
    indicator = CATALOG[name]
    ours = compute(indicator, indicator.defaults(), columns(indicator, walk), first=FIRST)[output]
    theirs = np.asarray(oracle(frame))  # type: ignore[operator]
    np.testing.assert_allclose(ours[700:], theirs[700:], rtol=1e-5, atol=1e-5)


def test_runs_are_the_stretches_without_a_gap() -> None:
    column = np.array([np.nan, 1.0, 2.0, np.nan, 3.0])
    assert list(runs((column,))) == [(1, 3), (4, 5)]
    assert list(runs((np.zeros(0),))) == []
    assert block_start(BLOCK + 3) == BLOCK
