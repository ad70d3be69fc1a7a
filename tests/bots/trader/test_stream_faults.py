"""A private stream that loses, doubles, delays and mixes up: what the trader knows stays what the venue knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import ExchangeAccount
from ailona.secrets_file import new_secrets
from bots.models import Bot, ExecutionRow
from bots.services.lifecycle import panic_bot
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.bots.trader.test_live_keys import connect, judged
from tests.bots.trader.test_live_keys import opened as opened_at_venue
from tests.conftest import wait_until
from trading_core.exchanges.bybit.environments import BYBIT, venue_addresses
from trading_core.exchanges.bybit.line import Pace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]
QUICK = Pace(ping=0.2, pong=0.3, backoff_min=0.02, backoff_max=0.1)


@pytest.fixture(autouse=True)
def _no_fault_is_left(desk: Desk) -> Iterator[None]:
    yield
    desk.venue.control._ask("DELETE", "/control/faults")


def fault(desk: Desk, kind: str, account: ExchangeAccount, topic: str = "", **more: Any) -> None:
    where = {"uid": account.venue_uid} | ({"topic": topic} if topic else {"path": "/v5/private"})
    desk.venue.control._ask("POST", "/control/faults", {"faults": [{"kind": kind, "where": where, **more}]})


def struck(desk: Desk) -> int:
    faults = desk.venue.control._ask("GET", "/control/faults")["faults"]
    return sum(fault["struck"] for fault in faults)


def agrees(desk: Desk, bot: Bot) -> bool:
    """Whether wallet and executions are the venue's, and nothing is held or stands."""
    with desk.world.inside():
        bot.account.refresh_from_db()
        told = ExecutionRow.objects.filter(bot=bot).count()
    at_venue = desk.venue.account(bot.account)
    return bool(told) and at_venue["equity"] == bot.account.wallet and desk.position(bot) is None


def round_trip(desk: Desk, bot: Bot) -> None:
    """Open a position and close it again."""
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    panic_bot(bot)
    wait_until(lambda: agrees(desk, bot))
    desk.settled(bot)


@pytest.mark.parametrize("topic", ["execution", "position", "order"])
@pytest.mark.parametrize("kind", ["message_twice", "message_reordered", "message_late"])
def test_doubled_mixed_up_and_late_messages_change_nothing(
    desk: Desk, start: Start, kind: str, topic: str
) -> None:
    start()
    bot = desk.bot(desk.opened(desk.account()))
    wait_until(lambda: desk.lease(bot.account).reconciled_at)
    params = {} if kind == "message_twice" else {"params": {"ms": 200}}
    fault(desk, kind, bot.account, topic, **params)
    round_trip(desk, bot)
    assert struck(desk) > 0
    with desk.world.inside():
        assert ExecutionRow.objects.filter(bot=bot).count() == 2


@pytest.mark.parametrize("topic", ["execution", "order", "*"])
def test_lost_messages_are_repaired_by_reading_again(
    desk: Desk, start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setitem(BYBIT, "demo", venue_addresses(desk.venue.url))
    for name, value in new_secrets().items():
        setattr(settings, name, value)
    start(reconcile_every=0.5)
    account = judged(desk, connect(desk, opened_at_venue(desk, f"lost {topic}")))
    bot = desk.bot(account)
    wait_until(lambda: desk.lease(account).reconciled_at)
    fault(desk, "message_lost", account, topic)
    round_trip(desk, bot)
    assert struck(desk) > 0


@pytest.mark.parametrize("kind", ["socket_cut", "socket_silent"])
def test_a_line_that_dies_is_replaced_and_its_gap_is_read(desk: Desk, start: Start, kind: str) -> None:
    start(stream_pace=QUICK)
    bot = desk.bot(desk.opened(desk.account()))
    wait_until(lambda: desk.lease(bot.account).reconciled_at)
    before = desk.lease(bot.account).reconciled_at
    begun = time.monotonic()
    fault(desk, kind, bot.account)
    desk.close(bot)
    desk.held(bot)
    wait_until(lambda: desk.lease(bot.account).reconciled_at != before)
    assert time.monotonic() - begun < 5.0
    assert struck(desk) == 1
    desk.venue.control._ask("DELETE", "/control/faults")
    desk.settled(bot)
    panic_bot(bot)
    wait_until(lambda: agrees(desk, bot))
