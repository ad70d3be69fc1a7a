from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bots.models import FeedStatus
from bots.services import store, tickers
from bots.services.closes import HeardClose
from bots.services.regimes import DOWN, RANGE, UP, WINDOWS, market_overview, symbol_history, symbol_overview
from tests.builders import START_MS
from tests.worlds import LINEAR, MINUTE, SOURCE, forget_everything, key
from trading_core.exchanges.port import TickerNews
from trading_core.indicators.anchor import compute
from trading_core.indicators.catalog import CATALOG
from trading_core.market.candle import Candle
from trading_core.market.timeframe import Timeframe

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

DAY = 1_440
MIDNIGHT = START_MS // (DAY * MINUTE) * DAY * MINUTE


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_everything()


def walk(prices: np.ndarray, *, symbol: str = "BTCUSDT", skip: range = range(0)) -> int:
    """Store a minute for each price, up to the market's clock, which is returned."""
    candles = [
        Candle(MIDNIGHT + i * MINUTE, float(p), float(p) + 0.5, float(p) - 0.5, float(p), 2.0, float(p) * 2)
        for i, p in enumerate(prices)
        if i not in skip
    ]
    store.add_closed(key(symbol), candles)
    return clock(len(prices))


def clock(minutes: int) -> int:
    now_ms = MIDNIGHT + minutes * MINUTE
    FeedStatus.objects.update_or_create(source=SOURCE, defaults={"market": "Test", "last_close_ms": now_ms})
    return now_ms


def rising(minutes: int) -> np.ndarray:
    return np.linspace(100.0, 200.0, minutes)


def one(symbol: str = "BTCUSDT") -> Any:
    found = symbol_overview(symbol, SOURCE, LINEAR)
    assert found is not None
    return found


def test_overview_tells_price_change_and_turnover_of_the_day() -> None:
    prices = np.concatenate((np.full(DAY, 80.0), np.full(DAY, 100.0)))
    now_ms = walk(prices)

    seen = one()

    assert (seen.symbol, seen.price, seen.last_close_ms, seen.age_ms) == ("BTCUSDT", 100.0, now_ms, 0)
    assert seen.change_24h_pct == pytest.approx(25.0)
    assert seen.turnover_24h == pytest.approx(DAY * 200.0)
    assert (seen.funding_rate, seen.mark, seen.spread) == (None, None, None)


def test_overview_says_nothing_where_a_day_is_not_known() -> None:
    walk(rising(DAY // 2))

    assert (one().change_24h_pct, one().turnover_24h) == (None, None)
    assert one().regimes["15m"].state is None


def test_overview_has_the_ticker_that_still_holds() -> None:
    now_ms = walk(rising(DAY + 5))
    last = Candle(now_ms - 3 * MINUTE, 1, 1, 1, 1, 1, 1)
    tickers.add_heard([(key(), HeardClose("BTCUSDT", last, TickerNews("BTCUSDT", 0.01, 150.0, 0.02)))])

    seen = one()

    assert seen.funding_rate == 0.01
    assert (seen.mark, seen.spread) == (150.0, 0.02)
    clock(DAY + 10)
    forget_everything()
    assert (one().funding_rate, one().mark, one().age_ms) == (0.01, None, 5 * MINUTE)


@pytest.mark.parametrize("prices, state", [(rising(3 * DAY), UP), (rising(3 * DAY)[::-1], DOWN)])
def test_regime_is_the_trend_of_the_last_candles(prices: np.ndarray, state: int) -> None:
    walk(prices)

    for timeframe in ("15m", "1h"):
        regime = one().regimes[timeframe]
        assert regime.state == state
        assert regime.trend == pytest.approx(state)
        assert regime.volatility is not None
        assert 0 <= regime.volatility <= 100


def test_a_market_that_goes_nowhere_is_a_range() -> None:
    walk(100.0 + 5.0 * np.sin(np.arange(3 * DAY) / 40.0))

    assert one().regimes["15m"].state == RANGE


def test_state_and_trend_are_those_the_rules_find() -> None:
    rng = np.random.default_rng(5)
    now_ms = walk(100.0 * np.exp(np.cumsum(rng.normal(0, 1e-3, 6 * DAY))))
    m15 = Timeframe.M15
    frame = store.candles(key().at(m15), MIDNIGHT, now_ms)
    state, trend, _ = compute(
        CATALOG["regime"],
        dict(WINDOWS[m15]),
        (frame.high, frame.low, frame.close),
        first=int(frame.open_time[0]) // m15.ms,
        timeframe=m15,
    )

    closes = symbol_history("BTCUSDT", SOURCE, LINEAR, candles=200).closes

    assert [c.close_ms for c in closes] == (frame.open_time[-200:] + m15.ms).tolist()
    assert [c.state for c in closes] == state[-200:].tolist()
    assert [c.trend for c in closes] == pytest.approx(trend[-200:].tolist())
    assert one().regimes["15m"].state == closes[-1].state


def test_history_is_cut_into_bands_of_one_regime() -> None:
    up, down = np.linspace(100.0, 300.0, 4 * DAY), np.linspace(300.0, 100.0, 2 * DAY)
    now_ms = walk(np.concatenate((up, down)))

    seen = symbol_history("BTCUSDT", SOURCE, LINEAR, candles=300)
    bands = seen.bands()

    assert [bands[0].state, bands[-1].state] == [UP, DOWN]
    assert all(a.end_ms == b.start_ms and a.state != b.state for a, b in pairwise(bands))
    assert bands[-1].end_ms == now_ms
    assert len(seen.closes) == len(seen.candles) == 300


def test_a_gap_starts_the_regime_anew() -> None:
    gap = range(3 * DAY - 120, 3 * DAY - 60)
    walk(rising(3 * DAY), skip=gap)

    seen = symbol_history("BTCUSDT", SOURCE, LINEAR, candles=20)

    assert one().regimes["15m"].state is None
    assert [c.state for c in seen.closes] == [UP] * 16 + [None] * 4
    assert [band.state for band in seen.bands()] == [UP, None]


def test_symbols_nothing_is_heard_of_any_more_are_left_out() -> None:
    walk(rising(100), symbol="OLDUSDT")
    walk(rising(2 * DAY), symbol="BTCUSDT")

    assert [seen.symbol for seen in market_overview(SOURCE, LINEAR)] == ["BTCUSDT"]
    assert symbol_overview("OLDUSDT", SOURCE, LINEAR) is None
    assert market_overview("bybit", LINEAR) == []


def test_overview_is_worked_out_once_a_close(django_assert_num_queries: Any) -> None:
    walk(rising(DAY + 10))
    first = market_overview(SOURCE, LINEAR)

    with django_assert_num_queries(1):  # the market's clock
        assert market_overview(SOURCE, LINEAR) == first
    store.add_closed(key(), [Candle(MIDNIGHT + (DAY + 10) * MINUTE, 7, 7, 7, 7, 1, 7)])
    clock(DAY + 11)
    assert one().price == 7.0
