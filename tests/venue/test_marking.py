"""Mark and index price: derived, told alike everywhere, followed by positions, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pybit.unified_trading import HTTP

from tests.venue.venues import START_MS, VenueProcess
from trading_core.market.candle import Candles
from trading_core.money import money
from trading_core.simulator.params import MatchingParams
from trading_core.venue.account import VenueAccount
from trading_core.venue.board import Board
from trading_core.venue.config import VenueConfig
from trading_core.venue.hub import Venue
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.market.synthetic import SyntheticMarket
from trading_core.venue.marking import LOOK_BACK_MS, Marker, minute, minutes, price_candles
from trading_core.venue.moves import mark, move
from trading_core.venue.pacer import Pacer

SYMBOL = "ETHUSDT"
MIDNIGHT = START_MS // 86_400_000 * 86_400_000
ETH = {"category": "linear", "symbol": SYMBOL}


@pytest.fixture
def source() -> SyntheticMarket:
    return SyntheticMarket((SYMBOL, "BTCUSDT"), seed=7, start_ms=MIDNIGHT)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], Venue]:
    """Open a venue that nothing moves, again and again on the same log."""
    config = VenueConfig(tmp_path, "token", symbols=(SYMBOL, "BTCUSDT"), start_ms=MIDNIGHT, history_days=2)
    return lambda: Venue(config)


def test_a_minute_alone_is_what_it_is_in_a_run(source: SyntheticMarket) -> None:
    closed = source.candles(SYMBOL, MIDNIGHT - 100 * MINUTE_MS, MIDNIGHT)
    opens = closed.open_time[-20:]
    last = np.array([source.instruments[SYMBOL].nearest_ticks(p) for p in closed.high[-20:]], dtype=np.int64)
    made = minutes(source, SYMBOL, closed, opens)
    for nth, (open_ms, ticks) in enumerate(zip(opens.tolist(), last.tolist(), strict=True)):
        before = closed.between(open_ms - LOOK_BACK_MS, open_ms)
        alone = minute(source, SYMBOL, before, open_ms).prices(ticks)
        assert alone == (int(made.marks(last)[nth]), int(made.indexes(last)[nth]))


def test_mark_is_the_median_of_three_prices_by_hand(source: SyntheticMarket) -> None:
    closed = source.candles(SYMBOL, MIDNIGHT - LOOK_BACK_MS, MIDNIGHT)
    closes = [source.instruments[SYMBOL].nearest_ticks(float(price)) for price in closed.close]
    mean = round(sum(closes[-5:]) / 5)
    basis = sum((close - round(sum(closes[max(0, n - 5) : n]) / (n - max(0, n - 5)))) / 2
                for n, close in enumerate(closes) if n >= 5) / 5  # fmt: skip
    last = closes[-1] + 700
    index = (last + mean) / 2
    rate = source.funding_rate_e8(SYMBOL, MIDNIGHT + 8 * 60 * MINUTE_MS) / 10**8

    assert Marker(source).at(SYMBOL, last, MIDNIGHT) == (
        round(sorted((last, index * (1 + rate), index + basis))[1]), round(index),
    )  # fmt: skip


def test_without_a_minute_before_the_last_price_is_all_there_is(source: SyntheticMarket) -> None:
    assert minute(source, SYMBOL, Candles.of([]), MIDNIGHT).prices(345_678) == (345_678, 345_678)
    assert Marker(source).at(SYMBOL, 345_678, None) == (345_678, 345_678)


def test_mark_candles_move_less_than_the_last_price_and_hold_together(source: SyntheticMarket) -> None:
    candles = source.candles(SYMBOL, MIDNIGHT, MIDNIGHT + 600 * MINUTE_MS)
    before = source.candles(SYMBOL, MIDNIGHT - LOOK_BACK_MS, MIDNIGHT)
    for kind in ("mark", "index"):
        made = price_candles(source, SYMBOL, candles, before, kind)
        assert (made.high >= np.maximum(made.open, made.close)).all()
        assert (made.low <= np.minimum(made.open, made.close)).all()
        assert 0 < float(np.abs(made.close / candles.close - 1).max()) < 0.02
        assert float(np.abs(np.diff(made.close)).sum()) < float(np.abs(np.diff(candles.close)).sum())


def test_ticker_and_candles_tell_the_same_mark(opened: Callable[[], Venue]) -> None:
    venue = opened()
    pacer = Pacer(venue)
    exchange = venue.exchange
    told = []
    for _ in range(3):
        open_ms = exchange.open_ms
        assert open_ms is not None
        while pacer._advance(open_ms + MINUTE_MS - 1):
            pass
        path = exchange.source.path(SYMBOL, open_ms)
        assert path is not None
        move(venue, SYMBOL, int(path[-1]), open_ms + MINUTE_MS)
        ticker = Board(exchange).ticker(SYMBOL)
        told.append((float(ticker["markPrice"]), float(ticker["indexPrice"])))
        pacer._close()

    candles = exchange.source.candles(SYMBOL, MIDNIGHT, MIDNIGHT + 3 * MINUTE_MS)
    before = exchange.source.candles(SYMBOL, MIDNIGHT - LOOK_BACK_MS, MIDNIGHT)
    closes = [
        price_candles(exchange.source, SYMBOL, candles, before, kind).close for kind in ("mark", "index")
    ]
    assert told == list(zip(*(part.tolist() for part in closes), strict=True))
    assert told[0][1] != float(candles.close[0])


def holder(venue: Venue) -> VenueAccount:
    """One account, 40 times long."""
    account = venue.open_account(
        "holder", deposit=money("100000"), params=MatchingParams(volume_share_ppm=None)
    )
    venue.command(account, "leverage", SYMBOL, ppm=40_000_000)
    order = {
        "side": "Buy", "lots": 1_000, "ticks": None, "link": "", "reduce_only": False, "tif": "IOC",
        "stop": None, "close_on_trigger": False,
    }  # fmt: skip
    venue.command(account, "place", SYMBOL, **order)
    return account


def test_liquidation_waits_for_the_mark_and_survives_a_restart(opened: Callable[[], Venue]) -> None:
    venue = opened()
    account = holder(venue)
    exchange = venue.exchange
    level, held = account.sim.ledger.book(SYMBOL).liquidation(), account.sim.position(SYMBOL).lots
    assert level is not None

    move(venue, SYMBOL, level - 1, MIDNIGHT + 250)
    assert account.sim.position(SYMBOL).lots == held
    assert exchange.mark(SYMBOL) > level
    steps = (level * part // 1_000 for part in range(995, 900, -5))
    for ticks in steps:
        move(venue, SYMBOL, ticks, MIDNIGHT + 500)
        if account.sim.position(SYMBOL).is_flat:
            break
    assert exchange.mark(SYMBOL) <= level
    assert [booked.executed.exec_type for booked in account.booked] == ["Trade", "BustTrade"]
    assert account.booked[-1].executed.mark_ticks == exchange.mark(SYMBOL)

    before = account.as_record()
    venue.journal.close()
    woken = opened().exchange
    assert woken.accounts[account.uid].as_record() == before
    assert woken.marks is not None
    assert woken.marks[SYMBOL] == exchange.marks[SYMBOL]  # type: ignore[index]


def test_a_mark_that_sets_nothing_off_is_not_written_down(opened: Callable[[], Venue]) -> None:
    venue = opened()
    holder(venue)
    written = venue.journal.written
    last = venue.exchange.quotes[SYMBOL][0]

    move(venue, SYMBOL, last + 50, MIDNIGHT + 250)
    mark(venue, SYMBOL, MIDNIGHT + 250)

    assert venue.journal.written == written
    assert venue.exchange.marks is not None
    assert venue.exchange.marks[SYMBOL] == venue.exchange.marks_at(SYMBOL, last + 50)


def test_a_snapshot_keeps_the_marks(opened: Callable[[], Venue]) -> None:
    venue = opened()
    holder(venue)
    move(venue, SYMBOL, venue.exchange.quotes[SYMBOL][0] + 50, MIDNIGHT + 250)
    venue.journal.snapshot(venue.exchange.as_record())
    venue.journal.close()

    assert opened().exchange.marks == venue.exchange.marks


def test_a_log_of_one_price_still_plays(opened: Callable[[], Venue]) -> None:
    """Older logs hold neither ``m`` nor ``mark``: their liquidations came from the last price."""
    venue = opened()
    account = holder(venue)
    level = account.sim.ledger.book(SYMBOL).liquidation()
    assert level is not None
    last = venue.exchange.quotes[SYMBOL][0]

    venue.submit({"op": "move", "s": SYMBOL, "f": last, "t": level - 5, "at": MIDNIGHT + 250})

    assert account.sim.position(SYMBOL).is_flat


def test_clients_read_mark_index_and_premium(free_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = free_venue.url
    asked = {**ETH, "interval": "5", "limit": 50}
    rows = {
        name: call(**asked)["result"]["list"][1:]
        for name, call in (
            ("last", session.get_kline), ("mark", session.get_mark_price_kline),
            ("index", session.get_index_price_kline), ("premium", session.get_premium_index_price_kline),
        )
    }  # fmt: skip
    assert [row[0] for row in rows["last"]] == [row[0] for row in rows["mark"]]
    assert {len(row) for row in rows["mark"] + rows["premium"]} == {5}
    pairs = list(zip(*rows.values(), strict=True))
    assert any(last[4] != marks[4] for last, marks, _, _ in pairs)
    for _, marks, indexes, premium in pairs:
        assert float(premium[4]) == pytest.approx(float(marks[4]) / float(indexes[4]) - 1, abs=1e-7)
    assert all(newer[0] > older[0] for newer, older in pairwise(rows["mark"]))
