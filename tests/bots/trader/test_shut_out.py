"""HTTP 403: the whole process leaves the exchange in peace, and every account is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accounts.entry_blocks import blocks_of
from accounts.models import ExchangeAccount
from bots.models import Bot, Outcome
from bots.services.lifecycle import panic_bot
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until
from trading_core.exchanges.bybit.gate import Gate, gate_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]


@pytest.fixture
def gate(desk: Desk) -> Iterator[Gate]:
    gate = gate_of(desk.venue.url)
    gate._ban_s, gate._urgent_every_s = 60.0, 0.3
    yield gate
    gate._shut_until = None
    desk.venue.control._ask("DELETE", "/control/faults")


def forbid(desk: Desk, path: str, count: int | None) -> None:
    spec = {"kind": "http", "where": {"path": path}, "params": {"status": 403}, "count": count}
    desk.venue.control._ask("POST", "/control/faults", {"faults": [spec]})


def words(desk: Desk, account: ExchangeAccount) -> str:
    with desk.world.inside():
        account.refresh_from_db()
    return "; ".join(block.words for block in blocks_of(account))


def outcome(desk: Desk, bot: Bot, close_ms: int) -> str:
    with desk.world.inside():
        return Outcome.objects.get(bot=bot, symbol="BTCUSDT", close_ms=close_ms).code


def test_a_403_stops_the_entries_of_every_account_until_the_address_is_served_again(
    desk: Desk, start: Start, gate: Gate
) -> None:
    start()
    first, second = desk.opened(desk.account()), desk.opened(desk.account())
    bot, other = desk.bot(first), desk.bot(second)
    wait_until(lambda: desk.lease(first).reconciled_at and desk.lease(second).reconciled_at)
    forbid(desk, "/v5/position/set-leverage", 1)
    desk.close(bot)
    assert "HTTP 403" in wait_until(lambda: words(desk, first))
    assert "HTTP 403" in wait_until(lambda: words(desk, second))
    assert outcome(desk, other, desk.close(other)) == "entries_blocked"
    gate._shut_until = 0.0  # ten minutes later
    wait_until(lambda: not words(desk, first) and not words(desk, second))
    desk.settled(bot)
    desk.close(other)
    assert desk.held(other).lots


def test_an_exit_is_tried_while_the_address_is_shut_out_and_opens_the_gate(
    desk: Desk, start: Start, gate: Gate
) -> None:
    start(protect_every=30.0)
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    before = gate.shut_times
    forbid(desk, "/v5/order/cancel", 2)
    panic_bot(bot)
    wait_until(lambda: desk.position(bot) is None)
    assert gate.shut_times == before + 2  # once, and again by a trial
    assert gate.shut_for == 0
    desk.settled(bot)
