"""A person adds to a trade, and takes from it."""

from __future__ import annotations

import pytest

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries
from accounts.models import AuditEvent
from bots.models import Bot, ExecutionRow, FeedStatus, IntentRow, OrderRow, PositionRow
from bots.services import by_hand, lifecycle
from bots.services.locks import set_lock
from tests.roles import acting_as
from tests.worlds import SOURCE, World
from trading_core.errors import InvalidInput
from trading_core.money import money

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(world: World) -> Bot:
    """A bot with a long of 2,000 lots (200 USDT) and its target standing."""
    bot = world.bot(
        risk={"leverage": "2", "max_open_positions": 3, "max_position_quote": "500", "cooldown_candles": 1}
    )
    world.close(100.0)
    world.decide(bot)
    (entry,) = world.accept(bot)
    world.hear(world.execution(entry, ticks=1_000), bot)
    world.accept(bot)
    with acting_as("engine"):
        FeedStatus.objects.create(
            source=SOURCE, market="a test", last_close_ms=bot.done or world.close(100.0)
        )
    with world.inside():
        PositionRow.objects.filter(bot=bot).update(stop_ticks=960, leverage_ppm=2_000_000)
        bot.refresh_from_db()
    return bot


def planned(world: World, bot: Bot) -> list[tuple[str, str, int, int]]:
    with world.inside():
        rows = IntentRow.objects.filter(bot=bot, state="planned").select_related("order").order_by("pk")
        return [(r.kind, r.order.role, r.order.leg, r.params["lots"]) for r in rows if r.order]


def test_taking_half_closes_it_once_and_the_target_follows(world: World, held: Bot) -> None:
    by_hand.reduce(held, "BTCUSDT", 500_000, key="a", actor="alice")
    by_hand.reduce(held, "BTCUSDT", 500_000, key="a", actor="alice")
    assert planned(world, held) == [("place", "exit", 1, 1_000)]
    (exit_order,) = world.accept(held)
    assert (exit_order.ticks, exit_order.reduce_only) == (None, True)
    world.hear(world.execution(exit_order, ticks=1_010), held)
    assert planned(world, held) == [("amend", "take_profit", 0, 1_000)]
    with world.inside():
        assert PositionRow.objects.get(bot=held).lots == 1_000
        assert ExecutionRow.objects.get(order=exit_order).reason == "manual"
        assert AuditEvent.objects.filter(action="position.reduced", actor="alice").count() == 1


def test_taking_all_ends_the_trade(world: World, held: Bot) -> None:
    by_hand.reduce(held, "BTCUSDT", 1_000_000, key="a", actor="alice")
    (exit_order,) = world.accept(held)
    with world.inside():
        OrderRow.objects.filter(bot=held, role="take_profit").update(state="cancelled")
    world.hear(world.execution(exit_order, ticks=1_010), held)
    with world.inside():
        assert held.claims.count() == 0


def test_adding_buys_with_its_stop_and_moves_the_target(world: World, held: Bot) -> None:
    by_hand.add(held, "BTCUSDT", money(100), key="a", actor="alice")
    by_hand.add(held, "BTCUSDT", money(100), key="a", actor="alice")
    assert planned(world, held) == [("place", "average", 101, 1_000)]
    (more,) = world.accept(held)
    with world.inside():
        assert IntentRow.objects.get(order=more).params["stop_ticks"] == 960
    world.hear(world.execution(more, ticks=990), held)
    with world.inside():
        assert PositionRow.objects.get(bot=held).lots == 3_000
    assert ("amend", "take_profit", 0, 3_000) in planned(world, held)


def test_gates_refuse_with_code_and_numbers(world: World, held: Bot) -> None:
    with pytest.raises(by_hand.Refused, match="max_exposure: legs 600, limit 500"):
        by_hand.add(held, "BTCUSDT", money(400), key="a", actor="alice")
    with pytest.raises(by_hand.Refused, match="too_small"):
        by_hand.add(held, "BTCUSDT", money(1), key="a", actor="alice")
    block_entries(
        held.account_id,
        held.workspace_id,
        EntryBlock(BlockKind.HALT, BlockCause.REFUSAL, "no", symbol="BTCUSDT"),
    )
    with pytest.raises(by_hand.Refused, match="entries_blocked"):
        by_hand.add(held, "BTCUSDT", money(100), key="a", actor="alice")
    with world.inside():
        set_lock(what="all", reason="Audit", now_ms=0, bot=held, actor="alice")
    with pytest.raises(by_hand.Refused, match="locked"):
        by_hand.add(held, "BTCUSDT", money(100), key="a", actor="alice")
    assert planned(world, held) == []
    by_hand.reduce(held, "BTCUSDT", 500_000, key="b", actor="alice")  # taking risk away is never refused
    assert planned(world, held) == [("place", "exit", 1, 1_000)]


def test_what_makes_no_sense_is_named(world: World, held: Bot) -> None:
    with pytest.raises(InvalidInput, match="nothing of this bot is open in ETHUSDT"):
        by_hand.reduce(world.bot(universe={"symbols": ["ETHUSDT"]}), "ETHUSDT", 1, key="a", actor="alice")
    with pytest.raises(InvalidInput, match="not a symbol of this bot"):
        by_hand.reduce(held, "XRPUSDT", 1, key="a", actor="alice")
    with pytest.raises(InvalidInput, match="at most all"):
        by_hand.reduce(held, "BTCUSDT", 1_000_001, key="a", actor="alice")
    with pytest.raises(InvalidInput, match="1 to 40 characters"):
        by_hand.reduce(held, "BTCUSDT", 1, key="", actor="alice")
    lifecycle.stop_bot(held, "cancel")
    with pytest.raises(InvalidInput, match="stopped trades nothing by hand"):
        by_hand.reduce(held, "BTCUSDT", 500_000, key="c", actor="alice")
