"""``day_pnl`` as rules see it: what the day gained on the account that is in use now."""

from __future__ import annotations

import pytest

from accounts.models import ExchangeAccount
from bots.models import Bot, Outcome
from bots.services.cycle import run_cycle
from tests.worlds import World
from trading_core.money import MONEY_SCALE

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

ASKING = {"schema": 2, "long": {"left": {"portfolio": "day_pnl"}, "op": ">", "right": 1e9}}


def after(world: World, bot: Bot, *, wallet: int, reset: bool = False) -> float:
    """What the rules are told at the next close, with this much in the account."""
    with world.inside():
        account = ExchangeAccount.objects.get(pk=bot.account_id)
        account.wallet = wallet * MONEY_SCALE
        account.generation += reset
        account.save(update_fields=["wallet", "generation"])
    close_ms = world.close()
    run_cycle(bot.pk, bot.workspace_id)
    with world.inside():
        details = Outcome.objects.get(bot=bot, close_ms=close_ms).details
    return float(details["facts"]["portfolio.day_pnl"])


def test_a_reset_account_begins_its_day_anew(world: World) -> None:
    bot = world.bot(rules={"inline": ASKING, "son": False})
    before = [after(world, bot, wallet=10_000), after(world, bot, wallet=9_900)]
    assert before == [0.0, -100.0]
    assert after(world, bot, wallet=5_000, reset=True) == 0.0
    assert after(world, bot, wallet=5_005) == 5.0
