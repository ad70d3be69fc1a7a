"""Market sources: determinism, candles and paths that agree, honest history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.venue.venues import START_MS, write_candles
from trading_core.errors import InvalidInput
from trading_core.simulator.walk import CandleTicks
from trading_core.venue.candles import interval_start, number, resampled
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.days import DAY_MS
from trading_core.venue.market.replay import ReplayMarket
from trading_core.venue.market.source import MINUTE_MS, MarketSource
from trading_core.venue.market.synthetic import SyntheticMarket

MIDNIGHT = START_MS // DAY_MS * DAY_MS


def synthetic(seed: int = 7, **changes: int) -> SyntheticMarket:
    return SyntheticMarket(("BTCUSDT", "ETHUSDT"), seed=seed, start_ms=MIDNIGHT, **changes)


def replay(tmp_path: Path, rows: list[tuple[float, float, float, float]], **changes: int) -> ReplayMarket:
    return ReplayMarket.read((write_candles(tmp_path, rows),), **changes)


def test_synthetic_market_is_the_same_whatever_is_asked_first() -> None:
    one, two = synthetic(), synthetic()
    two.path("ETHUSDT", MIDNIGHT + 7 * MINUTE_MS)
    two.candles("BTCUSDT", MIDNIGHT - DAY_MS, MIDNIGHT)

    span = (MIDNIGHT - DAY_MS, MIDNIGHT + DAY_MS)
    for mine, theirs in zip(
        one.candles("BTCUSDT", *span).columns(), two.candles("BTCUSDT", *span).columns(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    other = synthetic(seed=8).candles("BTCUSDT", *span)
    assert not np.array_equal(other.close, one.candles("BTCUSDT", *span).close)


def test_synthetic_candles_follow_each_other_and_move() -> None:
    candles = synthetic().candles("BTCUSDT", MIDNIGHT - 2 * DAY_MS, MIDNIGHT + DAY_MS)

    assert len(candles) == 3 * 1_440
    np.testing.assert_array_equal(candles.open[1:], candles.close[:-1])
    assert (np.diff(candles.open_time) == MINUTE_MS).all()
    assert 0.0008 < float(np.median((candles.high - candles.low) / candles.close)) < 0.004


@pytest.mark.parametrize("minute", [0, 1, 719, 1_439])
def test_candle_is_read_off_the_traded_path(minute: int) -> None:
    market = synthetic()
    open_ms = MIDNIGHT + minute * MINUTE_MS
    candle, path = market.candle("ETHUSDT", open_ms), market.path("ETHUSDT", open_ms)
    assert candle is not None
    assert path is not None

    ticks = CandleTicks.of(candle, market.instruments["ETHUSDT"])

    assert ticks.close == path[-1]
    assert ticks.high == max(ticks.open, int(path.max()))
    assert ticks.low == min(ticks.open, int(path.min()))


def test_unknown_synthetic_symbol_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="NOPEUSDT"):
        SyntheticMarket(("NOPEUSDT",), seed=1, start_ms=MIDNIGHT)


def test_replay_path_visits_all_four_prices(tmp_path: Path) -> None:
    market = replay(tmp_path, [(1000.0, 1010.0, 990.0, 1005.0), (1005.0, 1005.0, 1005.0, 1005.0)])

    path = market.path("ETHUSDT", START_MS)
    flat = market.path("ETHUSDT", START_MS + MINUTE_MS)

    assert path is not None
    assert (int(path.max()), int(path.min()), int(path[-1])) == (101_000, 99_000, 100_500)
    assert flat is not None
    assert set(flat.tolist()) == {100_500}


def test_replay_may_start_later_and_end_earlier(tmp_path: Path) -> None:
    rows = [(1000.0 + i, 1001.0 + i, 999.0 + i, 1000.5 + i) for i in range(6)]
    market = replay(tmp_path, rows, start_ms=START_MS + 2 * MINUTE_MS, limit=2)
    exchange = Exchange(market, lockstep=True)

    assert exchange.quotes["ETHUSDT"] == (100_200, START_MS + 2 * MINUTE_MS)
    assert exchange.last_closed["ETHUSDT"] == START_MS + MINUTE_MS
    while not exchange.done:
        exchange.play({"op": "step"})
    assert exchange.last_closed["ETHUSDT"] == START_MS + 3 * MINUTE_MS
    assert exchange.quotes["ETHUSDT"] == (100_350, START_MS + 4 * MINUTE_MS)


def test_coarser_candles_are_aligned_and_complete() -> None:
    market: MarketSource = synthetic()
    candles = market.candles("BTCUSDT", MIDNIGHT, MIDNIGHT + DAY_MS)

    hours = resampled(candles, 60)

    assert len(hours) == 24
    assert hours[3].open_time == MIDNIGHT + 3 * 60 * MINUTE_MS
    assert hours[3].high == float(candles.high[180:240].max())
    assert resampled(candles.rows(0, 0), 60) == []
    assert interval_start(1_700_000_000_000, 7 * 1_440) == 1_699_833_600_000  # Monday 13 November 2023


@pytest.mark.parametrize("value", [1e-07, 1234567890.1, 0.1, 5.0, 1e22, 0.30000000000000004])
def test_numbers_are_plain_and_exact(value: float) -> None:
    text = number(value)

    assert "e" not in text
    assert float(text) == value
