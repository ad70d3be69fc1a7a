from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ta.momentum import RSIIndicator
from ta.trend import ADXIndicator, CCIIndicator, EMAIndicator
from ta.volatility import AverageTrueRange, BollingerBands
from ta.volume import MFIIndicator

from tests.builders import random_walk
from tests.trading_core.indicators.cases import columns
from trading_core.indicators.anchor import compute
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator
from trading_core.market.candle import Candles
from trading_core.market.timeframe import Timeframe

M30 = Timeframe.M30

FIRST = 1_000_100
"""Candle number of the first row: not the start of a block."""

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)


@ALL
def test_indicator_survives_degenerate_candles(indicator: Indicator) -> None:
    flat = random_walk(600)
    level, none = np.full(600, 7.0), np.zeros(600)
    still = Candles(flat.open_time, level, level, level, level, none, none)
    for length in (0, 1, 600):
        inputs = tuple(c[:length] for c in columns(indicator, still))
        for output in compute(indicator, indicator.defaults(), inputs, timeframe=M30, first=FIRST):
            assert len(output) == length
            assert not np.isinf(output).any()


@ALL
def test_indicator_does_not_mind_the_size_of_prices(indicator: Indicator) -> None:
    walk = random_walk(600, seed=9)
    small_prices = [column * 2.0**-30 for column in walk.columns()[1:5]]
    tiny = Candles.of_columns([walk.open_time, *small_prices, walk.volume, walk.turnover])
    params = indicator.defaults()
    normal = compute(indicator, params, columns(indicator, walk), timeframe=M30, first=FIRST)
    small = compute(indicator, params, columns(indicator, tiny), timeframe=M30, first=FIRST)
    for a, b in zip(normal, small, strict=True):
        ready = np.isfinite(a)
        np.testing.assert_array_equal(ready, np.isfinite(b))
        assert any(np.array_equal(a[ready], b[ready] * 2.0 ** (30 * power)) for power in (0, 1, 2))


def test_rsi_and_stochastic_are_not_ready_where_nothing_moves() -> None:
    still = np.full(300, 7.0)
    (rsi,) = compute(CATALOG["rsi"], {"period": 14}, (still,), timeframe=M30, first=0)
    k, d = compute(
        CATALOG["stochastic"], CATALOG["stochastic"].defaults(), (still,) * 3, timeframe=M30, first=0
    )
    (mfi,) = compute(
        CATALOG["mfi"], {"period": 14}, (still, still, still, np.zeros(300)), timeframe=M30, first=0
    )
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
    ours = compute(indicator, indicator.defaults(), columns(indicator, walk), timeframe=M30, first=FIRST)[
        output
    ]
    theirs = np.asarray(oracle(frame))  # type: ignore[operator]
    np.testing.assert_allclose(ours[700:], theirs[700:], rtol=1e-5, atol=1e-5)
