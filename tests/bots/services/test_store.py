from __future__ import annotations

import pytest

from bots.models import CandleRevision, CandleRow
from bots.services import store
from tests.builders import START_MS
from tests.worlds import MINUTE, candle, forget_everything, key
from trading_core.market import history
from trading_core.market.candle import Candles
from trading_core.market.timeframe import Timeframe

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_everything()


def test_add_closed_stores_each_candle_once() -> None:
    minutes = [candle(0), candle(1)]
    assert store.add_closed(key(), minutes) == 2
    assert store.add_closed(key(), [*minutes, candle(2)]) == 1
    assert CandleRow.objects.count() == 3
    assert not CandleRevision.objects.exists()


def test_add_closed_logs_a_revision_and_keeps_what_was_heard_first() -> None:
    store.add_closed(key(), [candle(0, 100.0)])
    for _ in range(2):
        assert store.add_closed(key(), [candle(0, 101.0)]) == 0
    assert store.candles(key(), START_MS, START_MS + MINUTE).close.tolist() == [100.0]
    assert [row.heard["close"] for row in CandleRevision.objects.all()] == [101.0]


def test_candles_sees_what_was_stored_after_the_first_look() -> None:
    end = START_MS + 10 * MINUTE
    store.add_closed(key(), [candle(0), candle(1)])
    assert len(store.candles(key(), START_MS, end)) == 2
    store.add_closed(key(), [candle(3)])
    store.add_closed(key(), [candle(2)])
    found = store.candles(key(), START_MS, end)
    assert found.open_time.tolist() == [START_MS + minute * MINUTE for minute in range(4)]


def test_candles_of_one_source_never_show_in_another() -> None:
    store.add_closed(key(source="synthetic"), [candle(0, 100.0)])
    store.add_closed(key(source="bybit"), [candle(0, 200.0)])
    for source, price in (("synthetic", 100.0), ("bybit", 200.0)):
        assert store.candles(key(source=source), START_MS, START_MS + MINUTE).close.tolist() == [price]


def test_candles_joins_history_and_rows_without_the_future() -> None:
    past = Candles.of([candle(minute, 90.0) for minute in range(5)])
    future = Candles.of([candle(minute, 95.0) for minute in range(7, 9)])
    for part in (past, future):
        history.write(store.history_root(), key("JOINUSDT"), part)
    store.add_closed(key("JOINUSDT"), [candle(5, 91.0), candle(6, 92.0)])
    found = store.candles(key("JOINUSDT"), START_MS, START_MS + 20 * MINUTE)
    assert found.close.tolist() == [90.0] * 5 + [91.0, 92.0]


def test_candles_of_a_higher_timeframe_are_made_of_the_base() -> None:
    store.add_closed(key(), [candle(minute, 100.0 + minute) for minute in range(7)])
    found = store.candles(key().at(Timeframe.M5), START_MS, START_MS + 7 * MINUTE)
    assert found.close.tolist() == [104.0]


def test_candles_keeps_a_bounded_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.services.tails.ROWS_SLACK", 5)
    store.add_closed(key(), [candle(minute) for minute in range(40)])
    assert len(store.candles(key(), START_MS, START_MS + 40 * MINUTE)) == 40
    forget_everything()
    store.candles(key(), START_MS + 30 * MINUTE, START_MS + 40 * MINUTE)
    for minute in range(40, 80):
        store.add_closed(key(), [candle(minute)])
        end = START_MS + (minute + 1) * MINUTE
        assert len(store.candles(key(), end - 10 * MINUTE, end)) == 10
    assert len(store._cache._tails[key()].candles) <= 21


def test_span_reaches_from_history_to_the_last_row_heard() -> None:
    here = key("SPANUSDT")
    assert store.span(here) is None
    history.write(store.history_root(), here, Candles.of([candle(minute) for minute in (0, 1, 9)]))
    assert store.span(here) == (START_MS, START_MS + 9 * MINUTE)
    store.add_closed(here, [candle(3), candle(4)])
    assert store.span(here) == (START_MS, START_MS + 4 * MINUTE)


def test_missing_names_every_gap() -> None:
    store.add_closed(key(), [candle(1), candle(2), candle(5)])
    gaps = store.missing(key(), START_MS, START_MS + 7 * MINUTE)
    assert [((a - START_MS) // MINUTE, (b - START_MS) // MINUTE) for a, b in gaps] == [(0, 1), (3, 5), (6, 7)]
