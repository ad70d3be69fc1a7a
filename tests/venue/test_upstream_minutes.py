"""What a minute that nobody heard does to orders, and that the journal alone brings the market back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.venue.venues import START_MS
from trading_core.market.candle import Candle, Candles
from trading_core.money import money
from trading_core.simulator.params import MatchingParams
from trading_core.venue import hub
from trading_core.venue.account import VenueAccount
from trading_core.venue.config import VenueConfig
from trading_core.venue.follower import Follower
from trading_core.venue.hub import Venue
from trading_core.venue.instruments import known_instrument
from trading_core.venue.market.upstream import UpstreamMarket

SYMBOL = "ETHUSDT"
MINUTE = 60_000
QUIET = Candle(START_MS - MINUTE, 1000.0, 1000.0, 1000.0, 1000.0, 5.0, 5000.0)
DEEP = Candle(START_MS, 1000.0, 1001.0, 980.0, 999.0, 5.0, 5000.0)


def market() -> UpstreamMarket:
    instrument = known_instrument(SYMBOL)
    assert instrument is not None
    history = {SYMBOL: Candles.of([QUIET])}
    return UpstreamMarket(
        {SYMBOL: instrument}, history, source="upstream", name="told by hand", start_ms=START_MS, seed=7
    )


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VenueConfig:
    monkeypatch.setattr(hub, "_source", lambda _config, **_start: market())
    return VenueConfig(tmp_path, "token", market="upstream")


def opened(config: VenueConfig) -> tuple[Venue, Follower]:
    venue = Venue(config)
    assert isinstance(venue.exchange.source, UpstreamMarket)
    return venue, Follower(venue, venue.exchange.source)


def with_order(venue: Venue, price: int) -> VenueAccount:
    account = venue.open_account("one", deposit=money("10000"), params=MatchingParams())
    order = {
        "side": "Buy", "lots": 10, "ticks": price * 100, "link": "low", "reduce_only": False, "tif": "GTC",
        "stop": None, "close_on_trigger": False,
    }  # fmt: skip
    venue.command(account, "place", SYMBOL, **order)
    return account


def lots(account: VenueAccount) -> int:
    return account.sim.position(SYMBOL).lots


def test_a_missed_minute_fills_what_its_candle_reached(config: VenueConfig) -> None:
    venue, follower = opened(config)
    account = with_order(venue, 990)

    follower._close({SYMBOL: DEEP})

    position = account.sim.position(SYMBOL)
    assert (position.lots, account.sim.open_orders()) == (10, [])
    assert venue.exchange.quotes[SYMBOL][0] == 99_900


def test_a_candle_without_volume_fills_nothing(config: VenueConfig) -> None:
    venue, follower = opened(config)
    account = with_order(venue, 990)

    follower._close({SYMBOL: Candle(START_MS, 1000.0, 1001.0, 980.0, 999.0, 0.0, 0.0)})

    assert lots(account) == 0


def test_a_price_heard_before_the_order_is_not_gone_through_again(config: VenueConfig) -> None:
    venue, follower = opened(config)
    follower._trade(SYMBOL, {"T": START_MS + 1, "p": "980.00", "i": "1"})
    follower._trade(SYMBOL, {"T": START_MS + 2, "p": "1000.00", "i": "2"})
    account = with_order(venue, 990)

    follower._close({SYMBOL: DEEP})

    assert lots(account) == 0


def test_the_beginning_of_the_first_minute_is_not_played(config: VenueConfig) -> None:
    venue, follower = opened(config)
    follower._joined = START_MS
    account = with_order(venue, 990)

    follower._close({SYMBOL: DEEP})
    assert lots(account) == 0

    follower._close({SYMBOL: Candle(START_MS + MINUTE, 999.0, 1001.0, 980.0, 999.0, 5.0, 5000.0)})
    assert lots(account) == 10


def test_trades_of_the_next_minute_wait_for_the_close_of_this_one(config: VenueConfig) -> None:
    venue, follower = opened(config)

    follower._trade(SYMBOL, {"T": START_MS + MINUTE, "p": "1200.00", "i": "1"})

    assert venue.exchange.quotes[SYMBOL][0] == 100_000
    assert len(follower._later) == 1


def test_the_journal_brings_the_market_back(config: VenueConfig) -> None:
    venue, follower = opened(config)
    with_order(venue, 990)
    source = venue.exchange.source
    assert isinstance(source, UpstreamMarket)
    source.learn_rate(SYMBOL, START_MS + MINUTE, 10_000)
    follower._close({SYMBOL: DEEP})
    follower._close({})
    before = venue.exchange.as_record()
    venue.journal.close()

    again, _ = opened(config)

    assert again.exchange.as_record() == before
    assert again.exchange.source.candle(SYMBOL, START_MS) == DEEP
    assert again.exchange.source.candle(SYMBOL, START_MS + MINUTE) is None
    again.journal.close()


def test_candles_are_kept_in_order_whenever_they_are_learnt() -> None:
    source = market()
    times = [START_MS + n * MINUTE for n in range(3_000)]
    for at in (*times[:5], *times[6:]):
        source.learn(SYMBOL, Candle(at, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0))

    source.learn(SYMBOL, Candle(times[5], 2.0, 2.0, 2.0, 2.0, 1.0, 1.0))
    source.learn(SYMBOL, Candle(times[7], 3.0, 3.0, 3.0, 3.0, 1.0, 1.0))
    source.learn(SYMBOL, Candle(START_MS - 9 * MINUTE, 4.0, 4.0, 4.0, 4.0, 1.0, 1.0))

    kept = source.candles(SYMBOL, 0, times[-1] + 1)
    assert kept.open_time.tolist() == [QUIET.open_time, *times]
    assert kept.close[[6, 8]].tolist() == [2.0, 3.0]
    assert len(source.candles(SYMBOL, times[2], times[4])) == 2


def test_positions_live_by_the_upstreams_mark(config: VenueConfig) -> None:
    venue, follower = opened(config)
    account = with_order(venue, 990)
    follower._close({SYMBOL: DEEP})
    follower._ticker(SYMBOL, {"markPrice": "995.50", "indexPrice": "994.00"})
    assert venue.exchange.marks is not None
    assert venue.exchange.marks[SYMBOL] == (99_550, 99_400)
    unrealised = account.sim.equity - account.sim.wallet
    assert unrealised == account.sim.position(SYMBOL).unrealised(
        99_550, account.sim.ledger.book(SYMBOL).instrument
    )

    follower._ticker(SYMBOL, {"markPrice": "890.00"})

    assert [booked.executed.exec_type for booked in account.booked] == ["Trade", "BustTrade"]
    before = account.as_record()
    venue.journal.close()
    assert opened(config)[0].exchange.accounts[account.uid].as_record() == before
