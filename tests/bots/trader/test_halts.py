"""The kill switch: carried out by the trader alone, and held to whatever comes after it."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from accounts.platform_halt import halt_platform
from bots.models import Bot, RiskLock
from bots.services.cycle import run_cycle
from bots.services.halting import Subject, find_subject, halt, lift_halts, standing
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until
from trading_core.risk.levels import What, Where

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]
LEGS = {
    "legs": 2, "quote": "200", "volume_scale": "1", "deviation_pct": "1", "step_scale": "1", "resting": 2,
}  # fmt: skip


def holding(desk: Desk) -> Bot:
    """A bot with a position, a target and two legs."""
    bot = desk.bot(desk.opened(desk.account()), plan=plan())
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    wait_until(lambda: standing(of(bot)).legs == 2)
    return bot


def plan() -> dict[str, object]:
    return {
        "entry": {"type": "market"}, "size": {"mode": "quote", "quote": "200"}, "averaging": LEGS,
        "take_profit": {"pct": "5", "base": "average"}, "stop": {"pct": "9", "base": "entry"},
        "exits": {"time_stop_minutes": None, "on_rule": False},
    }  # fmt: skip


def of(bot: Bot) -> Subject:
    return find_subject(Where.BOT, bot.code)


@pytest.mark.parametrize("where", list(Where))
def test_flatten_needs_neither_broker_nor_worker(desk: Desk, start: Start, where: Where) -> None:
    start()
    bot = holding(desk)
    codes = {Where.BOT: bot.code, Where.ACCOUNT: bot.account.code, Where.WORKSPACE: desk.world.workspace.code}
    subject = find_subject(where, codes.get(where, ""))
    assert standing(subject).positions == 1
    halt(subject, What.FLATTEN, "A test", actor="an operator")
    wait_until(lambda: not standing(subject).left_under(What.FLATTEN), timeout_s=10)
    desk.close(bot)  # the next close is refused, not traded
    assert desk.position(bot) is None
    assert [row.state for row in desk.settled(bot) if row.state == "planned"] == []


def test_legs_go_and_the_position_keeps_target_and_stop(desk: Desk, start: Start) -> None:
    start()
    bot = holding(desk)
    halt(of(bot), What.ALL, "A test", actor="an operator")
    wait_until(lambda: not standing(of(bot)).legs)
    found = standing(of(bot))
    assert (found.positions, found.unprotected) == (1, 0)
    desk.settled(bot)
    roles = [order.role for order in desk.orders(bot) if order.state == "accepted"]
    assert roles == ["take_profit"]


def test_what_was_decided_before_is_not_sent_under_a_halt(desk: Desk, start: Start) -> None:
    trader = start()
    bot = desk.bot(desk.opened(desk.account()))
    trader.stop()
    desk.close(bot)  # an entry is planned, nobody has sent it
    halt(of(bot), What.ENTRIES, "Before it could be sent", actor="an operator")
    start()
    rows = desk.settled(bot)
    place = next(row for row in rows if row.kind == "place")
    assert place.state == "denied"
    assert "Before it could be sent" in place.error
    assert desk.position(bot) is None


def test_a_lifted_halt_lets_the_next_close_trade(desk: Desk, start: Start) -> None:
    start()
    bot = desk.bot(desk.opened(desk.account()))
    halt_platform("all", "A test", operator="ops@example.com")
    desk.close(bot)
    assert run_cycle(bot.pk, bot.workspace_id) == 0
    assert desk.position(bot) is None
    assert lift_halts(find_subject(Where.PLATFORM, ""), "Over", actor="ops@example.com") == 1
    desk.close(bot)
    desk.held(bot)


def test_the_command_halts_watches_and_lifts(desk: Desk, start: Start) -> None:
    start()
    bot = holding(desk)
    said = io.StringIO()
    call_command("halt", bot.code, "--scope", "bot", "--flatten", "--reason", "Drill", stdout=said)
    assert "1 positions" in said.getvalue()
    assert "carried out within" in said.getvalue()
    with desk.world.inside():
        assert RiskLock.objects.get().reason == "Drill"
    call_command("halt", bot.code, "--scope", "bot", "--lift", stdout=said)
    assert "1 halts are lifted" in said.getvalue()
    with desk.world.inside():
        assert not RiskLock.objects.filter(lifted_at=None).exists()


def test_the_command_says_what_it_lacks(desk: Desk, start: Start) -> None:
    trader = start()
    bot = holding(desk)
    trader.stop()
    with pytest.raises(CommandError, match="there is no bot 'nobody'"):
        call_command("halt", "nobody", "--scope", "bot")
    with pytest.raises(CommandError, match="which account"):
        call_command("halt", "--scope", "account")
    with pytest.raises(CommandError, match="The halt holds"):
        call_command("halt", bot.code, "--scope", "bot", "--wait", "0.3", stdout=io.StringIO())
    start()  # and is carried out by whoever comes
    wait_until(lambda: not standing(of(bot)).legs)
