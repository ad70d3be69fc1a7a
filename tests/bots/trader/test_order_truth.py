"""What is never allowed to happen: an order doubled, an order lost, a position without its stop."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection

from accounts.entry_blocks import blocks_of
from ailona.kit import clock
from bots.models import AccountLease, Bot, ExecutionRow
from bots.trader import intents
from bots.trader import lease as leases
from bots.trader.config import TraderConfig
from bots.trader.key_watch import open_credentials
from bots.trader.lease import Served
from bots.trader.markets import ask_market, keep_market
from bots.trader.send import send
from bots.trader.service import Trader
from tests.bots.trader.conftest import TOKEN, Desk, RunningTrader
from tests.bots.trader.faults import Fault, FaultyLine
from tests.conftest import wait_until
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.port import OrderRequest, SignedWindow
from trading_core.execution.order import Side

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]
CREATE = "POST /v5/order/create"


@pytest.fixture
def line(desk: Desk) -> Iterator[FaultyLine]:
    host, _, port = desk.venue.url.removeprefix("http://").partition(":")
    relay = FaultyLine((host, int(port))).start()
    yield relay
    relay.stop()


def served(bot: Bot) -> Served:
    account = bot.account
    return Served(account.pk, bot.workspace_id, account.code, account.environment, account.generation)


def lease_of(bot: Bot, config: TraderConfig) -> leases.Lease:
    taken = leases.take(served(bot), config)
    assert taken is not None
    return taken


def exchange_of(lease: leases.Lease, desk: Desk, config: TraderConfig) -> BybitExchange:
    market = keep_market(ask_market("paper", config, desk.venue.control))
    return BybitExchange(
        endpoint=desk.venue.url, credentials=open_credentials(lease.served)[1], instruments=market.instruments,
        wall_ms=clock.wall_ms,
    )  # fmt: skip


def entries_at_venue(desk: Desk, bot: Bot) -> int:
    with desk.world.inside():
        return ExecutionRow.objects.filter(bot=bot, role="entry").count()


def test_answer_lost_is_found_by_link(desk: Desk, start: Start, line: FaultyLine) -> None:
    start(venue_url=line.url)
    bot = desk.bot(desk.opened(desk.account()))
    line.lose(CREATE, "answer")
    desk.close(bot)
    desk.held(bot)
    rows = desk.settled(bot)
    place = rows[1]
    assert (place.kind, place.state, place.attempts) == ("place", "confirmed", 1)
    assert entries_at_venue(desk, bot) == 1
    assert sum(CREATE.encode() in data for data in line.seen) == 2  # entry and target


def test_request_lost_is_proven_absent_and_sent_again(desk: Desk, start: Start, line: FaultyLine) -> None:
    start(venue_url=line.url)
    bot = desk.bot(desk.opened(desk.account()))
    line.lose(CREATE, "request")
    desk.close(bot)
    desk.held(bot)
    place = desk.settled(bot)[1]
    assert (place.kind, place.state, place.attempts) == ("place", "confirmed", 2)
    assert sum(CREATE.encode() in data for data in line.seen) == 3  # entry twice, target once
    assert entries_at_venue(desk, bot) == 1


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_stop_is_asked_for_again(desk: Desk, start: Start, line: FaultyLine, lost: Fault) -> None:
    start(venue_url=line.url)
    bot = desk.bot(desk.opened(desk.account()))
    line.lose("POST /v5/position/trading-stop", lost)
    desk.close(bot)
    desk.held(bot)
    stop = next(row for row in desk.settled(bot) if row.kind == "set_stop")
    assert (stop.state, stop.attempts) == ("confirmed", 2)


@pytest.mark.parametrize("sent", [False, True])
def test_crash_between_commit_and_answer_doubles_and_loses_nothing(
    desk: Desk, start: Start, config: TraderConfig, sent: bool
) -> None:
    first = start()
    bot = desk.bot(desk.opened(desk.account()))
    first.stop()
    dying = lease_of(bot, config)
    desk.close(bot)
    exchange = exchange_of(dying, desk, config)
    leverage = intents.claim_next(dying)
    assert leverage is not None
    intents.record_confirmed(dying, leverage, str(send(exchange, leverage)))
    entry = intents.claim_next(dying)
    assert entry is not None
    if sent:
        send(exchange, entry)
    exchange.close()
    start(takeover=True)
    desk.held(bot)
    place = desk.settled(bot)[1]
    assert (place.kind, place.state, place.attempts) == ("place", "confirmed", 1 if sent else 2)
    assert entries_at_venue(desk, bot) == 1


def test_entry_is_dropped_when_the_market_went_on(desk: Desk, start: Start) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    trader.stop()
    desk.close(bot)
    desk.close(bot)
    start()
    rows = desk.settled(bot)
    assert [(row.kind, row.state) for row in rows] == [("leverage", "confirmed"), ("place", "denied")]
    (order,) = desk.orders(bot)
    assert order.state == "denied"
    assert order.reason.startswith("stale")


def test_lease_of_another_trader_is_left_alone(desk: Desk, start: Start, config: TraderConfig) -> None:
    start(holder="first")
    bot = desk.bot(desk.opened(desk.account()))
    wait_until(lambda: desk.lease(bot.account).token)
    assert leases.take(served(bot), replace(config, holder="second")) is None
    assert desk.lease(bot.account).holder == "first"


def test_nothing_is_claimed_under_a_lost_or_ending_lease(
    desk: Desk, start: Start, config: TraderConfig
) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    trader.stop()
    mine = lease_of(bot, config)
    desk.close(bot)
    with desk.world.inside():
        AccountLease.objects.filter(account=bot.account).update(until=leases.from_now(3.0))
    assert intents.claim_next(mine) is None
    theirs = leases.take(served(bot), replace(config, holder="other", takeover=True))
    assert theirs is not None
    assert intents.claim_next(mine) is None
    assert leases.renew([mine, theirs], 15.0) == [mine]
    assert intents.claim_next(theirs) is not None


def test_a_renewal_that_comes_after_the_lease_was_given_back_takes_nothing(
    desk: Desk, start: Start, config: TraderConfig
) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    trader.stop()
    mine = lease_of(bot, config)
    leases.release(mine)
    assert leases.renew([mine], 15.0) == [mine]
    after = lease_of(bot, config)
    assert after.token > mine.token


def test_a_lease_given_back_during_a_renewal_does_not_end_the_next_actor(
    config: TraderConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Served(7, 1, "abc", "paper", 0)
    before, after = leases.Lease(account, "me", 1), leases.Lease(account, "me", 2)
    trader = Trader(config)
    trader._actors[7] = SimpleNamespace(lease=before)  # type: ignore[assignment]

    def renew(held: Iterable[leases.Lease], ttl: float) -> list[leases.Lease]:
        trader._actors[7] = SimpleNamespace(lease=after)  # type: ignore[assignment]
        return list(held)

    monkeypatch.setattr(leases, "renew", renew)
    asyncio.run(trader._renew())
    assert trader._actors[7].lease is after
    asyncio.run(trader._renew())
    assert trader._actors == {}


def test_stop_removed_by_hand_is_set_again(desk: Desk, start: Start, config: TraderConfig) -> None:
    start()
    bot = desk.bot(desk.opened(desk.account()))
    desk.close(bot)
    before = desk.held(bot)
    desk.settled(bot)
    wait_until(lambda: desk.position(bot).stop_ticks)  # type: ignore[union-attr]
    lease = leases.Lease(served(bot), "a person", 0)
    exchange = exchange_of(lease, desk, config)
    exchange.set_stop(symbol="BTCUSDT", stop_ticks=None, window=SignedWindow(clock.wall_ms(), 5000))
    wait_until(lambda: [p.stop_ticks for p in exchange.positions()] == [None])
    wait_until(lambda: [p.stop_ticks for p in exchange.positions()] != [None])
    (after,) = exchange.positions()
    exchange.close()
    assert after.stop_ticks is not None
    assert after.lots == before.lots


def test_foreign_order_is_noted_and_left_alone(desk: Desk, start: Start, config: TraderConfig) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    trader.stop()
    exchange = exchange_of(leases.Lease(served(bot), "a person", 0), desk, config)
    far = int(desk.venue.price() * 5)
    exchange.place(
        OrderRequest("BTCUSDT", "by-hand", Side.BUY, 10, far, reduce_only=False, stop_ticks=None),
        window=SignedWindow(clock.wall_ms(), 5000),
    )
    start()

    def noted() -> str:
        with desk.world.inside():
            bot.account.refresh_from_db()
        return " ".join(block.words for block in blocks_of(bot.account))

    assert "not ours" in str(wait_until(noted))
    assert [order.link for order in exchange.open_orders()] == ["by-hand"]
    exchange.close()


def test_news_missed_while_away_are_reconciled(desk: Desk, start: Start, config: TraderConfig) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    trader.stop()
    exchange = exchange_of(leases.Lease(served(bot), "a person", 0), desk, config)
    target = desk.orders(bot)[1]
    exchange.cancel(symbol="BTCUSDT", link=target.link, window=SignedWindow(clock.wall_ms(), 5000))
    exchange.close()
    start()
    wait_until(lambda: [o for o in desk.orders(bot) if o.pk == target.pk and o.state == "cancelled"])


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.1])
def test_killed_trader_doubles_and_loses_nothing(
    desk: Desk, start: Start, tmp_path: Path, after_s: float
) -> None:
    first = start()
    bot = desk.bot(desk.opened(desk.account()))
    first.stop()
    told = {
        "database": str(connection.settings_dict["NAME"]), "venue_url": desk.venue.url, "venue_token": TOKEN,
        "private_key": settings.TRADER_PRIVATE_KEY, "master_keys": settings.MASTER_KEYS, "ttl": 8.0,
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.bots.trader.trader_process", json.dumps(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        wait_until(lambda: desk.lease(bot.account).token > 1)
        desk.close(bot)
        if after_s:
            wait_until(lambda: any(row.state != "planned" for row in desk.intents(bot)))
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
    start(takeover=True)
    desk.held(bot)
    desk.settled(bot)
    assert entries_at_venue(desk, bot) == 1
    at_venue = desk.venue.account(bot.account)
    assert at_venue["equity"] < 10_000 * 10**8
