"""What people may do with bots, in which state, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from accounts.models import AccountStatus, AuditEvent, ExchangeAccount
from bots.models import Bot, BotState, Claim, FeedStatus, IntentRow, OrderRow, Outcome
from bots.services import lifecycle
from bots.services.lifecycle import NotAllowed
from bots.services.tending import LEFT
from bots.states import ACTIVE, LISTENING, NEXT, may_follow
from tests.roles import acting_as
from tests.worlds import SOURCE, World, document
from trading_core.engine.states import PERMITS
from trading_core.errors import DocumentInvalid, InvalidInput
from trading_core.execution.order import OrderState

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(world: World) -> Bot:
    """A bot that holds a position with its target standing."""
    bot = world.bot()
    world.close(100.0)
    world.decide(bot)
    order = world.accept(bot)[0]
    world.hear(world.execution(order, ticks=1000), bot)
    world.accept(bot)
    with world.inside():
        bot.refresh_from_db()
    return bot


def planned(world: World, bot: Bot) -> list[tuple[str, str]]:
    with world.inside():
        rows = IntentRow.objects.filter(bot=bot, state="planned").order_by("priority", "pk")
        return [(row.kind, row.order.role if row.order else "") for row in rows]


def settle() -> int:
    """The engine's sweep."""
    with acting_as("engine"):
        return lifecycle.settle_all_starting()


def test_the_state_table_names_every_state_and_only_known_ones() -> None:
    assert set(NEXT) == set(BotState)
    assert {state.value for state in BotState} | {LEFT} == set(PERMITS)
    assert set().union(*NEXT.values()) <= set(BotState)
    assert set(LISTENING) < set(ACTIVE)


@pytest.mark.parametrize("state", list(BotState))
def test_every_act_is_allowed_or_refused_as_the_table_says(world: World, state: BotState) -> None:
    acts: dict[BotState, Callable[[Bot], Bot]] = {
        BotState.STARTING: lifecycle.start_bot,
        BotState.ENTRIES_PAUSED: lifecycle.pause_bot,
        BotState.RUNNING: lifecycle.resume_bot,
        BotState.CLOSE_ONLY: lifecycle.close_only,
        BotState.STOPPED: lambda b: lifecycle.stop_bot(b, "cancel"),
    }
    for wanted, act in acts.items():
        bot = world.bot(start=False)
        with world.inside():
            Bot.objects.filter(pk=bot.pk).update(state=state)
            before = AuditEvent.objects.count()
        if may_follow(state, wanted):
            act(bot)
            reached = {BotState.RUNNING} if wanted is BotState.STARTING else {wanted}
            assert world.state_of(bot) in reached
        else:
            with pytest.raises(NotAllowed):
                act(bot)
            assert world.state_of(bot) == state
            with world.inside():
                assert AuditEvent.objects.count() == before


def test_create_bot_refuses_a_broken_document_and_leaves_nothing(world: World) -> None:
    account = world.account()
    with pytest.raises(DocumentInvalid) as refused:
        lifecycle.create_bot(document(timeframe="7m"), account)
    assert refused.value.path == "timeframe"
    with world.inside():
        assert not Bot.objects.exists()


def test_create_bot_refuses_a_symbol_the_market_does_not_know(world: World) -> None:
    with pytest.raises(DocumentInvalid) as refused:
        lifecycle.create_bot(document(universe={"symbols": ["BTCUSDT", "NOPEUSDT"]}), world.account())
    assert refused.value.path == "universe.symbols.1"


def test_create_bot_refuses_a_paper_account_that_is_taken(world: World) -> None:
    account = world.account()
    world.bot(account)
    with pytest.raises(InvalidInput, match="account of its own"):
        world.bot(account)


def test_create_paper_bot_opens_an_account_with_the_balance_of_the_document(world: World) -> None:
    with world.inside():
        bot = lifecycle.create_paper_bot(document(wallet={"balance": "2500"}))
        assert bot.account.status == AccountStatus.REQUESTED
        assert bot.account.paper_balance == 2_500 * 10**8


def test_start_bot_waits_for_its_account(world: World) -> None:
    with world.inside():
        bot = lifecycle.create_paper_bot(document())
    lifecycle.start_bot(bot)
    assert world.state_of(bot) == BotState.STARTING
    assert settle() == 0
    with world.inside():
        ExchangeAccount.objects.filter(pk=bot.account_id).update(
            status=AccountStatus.READY, opened_generation=1
        )
    assert settle() == 1
    assert world.state_of(bot) == BotState.RUNNING


def test_start_bot_begins_with_the_next_close(world: World) -> None:
    first = world.bot()
    close_ms = world.close()
    world.decide(first)
    late = world.bot()
    assert world.decide(late) == 0
    world.close()
    world.decide(late)
    with world.inside():
        assert Outcome.objects.filter(bot=late).count() == 1
        assert Outcome.objects.get(bot=late).close_ms == close_ms + 60_000


def test_pause_keeps_the_target_and_takes_no_new_entry(world: World, held: Bot) -> None:
    lifecycle.pause_bot(held)
    assert planned(world, held) == []
    with world.inside():
        assert OrderRow.objects.get(bot=held, role="take_profit").state == OrderState.ACCEPTED


@pytest.mark.parametrize("mode", ["cancel", "leave"])
def test_stop_keeps_position_stop_target_and_claim(world: World, held: Bot, mode: str) -> None:
    lifecycle.stop_bot(held, mode)
    assert world.state_of(held) == BotState.STOPPED
    assert planned(world, held) == []
    with world.inside():
        assert Claim.objects.filter(bot=held).exists()


@pytest.mark.parametrize("way", ["close", "panic"])
def test_stop_close_and_panic_cancel_exit_and_stop(world: World, held: Bot, way: str) -> None:
    if way == "panic":
        lifecycle.panic_bot(held)
    else:
        lifecycle.stop_bot(held, "close")
    assert world.state_of(held) == BotState.STOPPING
    assert planned(world, held) == [("cancel", "take_profit"), ("place", "exit")]
    exit_order = world.accept(held)[0]
    with world.inside():
        OrderRow.objects.filter(bot=held, role="take_profit").update(state=OrderState.CANCELLED.value)
    world.hear(world.execution(exit_order, ticks=999), held)
    assert world.state_of(held) == BotState.STOPPED
    with world.inside():
        assert not Claim.objects.filter(bot=held).exists()


LEGS = {"legs": 1, "quote": "200", "volume_scale": "1", "deviation_pct": "1", "step_scale": "1", "resting": 1}


@pytest.mark.parametrize("mode, asked", [("cancel", [("cancel", "average")]), ("leave", [])])
def test_legs_stay_only_where_everything_is_left(
    world: World, mode: str, asked: list[tuple[str, str]]
) -> None:
    bot = world.bot(plan=document()["plan"] | {"averaging": LEGS})
    world.close()
    world.decide(bot)
    (entry,) = world.accept(bot)
    world.hear(world.execution(entry, ticks=1_000), bot)
    world.accept(bot)
    lifecycle.stop_bot(bot, mode)
    assert planned(world, bot) == asked


def test_a_closing_by_limit_follows_the_price_and_ends_at_the_market(world: World, held: Bot) -> None:
    with acting_as("engine"):
        FeedStatus.objects.create(source=SOURCE, market="a test", last_close_ms=held.done)
    lifecycle.stop_bot(held, "close_limit")
    assert planned(world, held) == [("cancel", "take_profit"), ("place", "exit")]
    (exit_order,) = world.accept(held)
    assert exit_order.ticks == 1_000
    with world.inside():
        OrderRow.objects.filter(bot=held, role="take_profit").update(state=OrderState.CANCELLED.value)
    world.close(99.0)
    world.decide(held)
    assert planned(world, held) == [("amend", "exit")]
    with world.inside():
        IntentRow.objects.filter(kind="amend").update(state="confirmed")
        OrderRow.objects.filter(pk=exit_order.pk).update(ticks=990)
    for _ in range(4):
        world.close(99.0)
        world.decide(held)
    assert planned(world, held) == [("cancel", "exit")]
    with world.inside():
        IntentRow.objects.filter(kind="cancel").update(state="confirmed")
    world.hear(world.order_news(exit_order, OrderState.CANCELLED, ticks=990), held)
    (market,) = [order for order in world.accept(held) if order.role == "exit"]
    assert market.ticks is None
    world.hear(world.execution(market, ticks=990), held)
    assert world.state_of(held) == BotState.STOPPED


def test_panic_twice_asks_once(world: World, held: Bot) -> None:
    lifecycle.panic_bot(held)
    before = planned(world, held)
    lifecycle.panic_bot(held)
    assert planned(world, held) == before


def test_stop_close_of_a_bot_that_holds_nothing_is_immediate(world: World) -> None:
    bot = world.bot()
    lifecycle.stop_bot(bot, "close")
    assert world.state_of(bot) == BotState.STOPPED


def test_stop_refuses_a_mode_nobody_knows(world: World) -> None:
    with pytest.raises(InvalidInput, match="cancel, leave, close_limit, close"):
        lifecycle.stop_bot(world.bot(), "later")


def test_change_document_is_refused_while_running(world: World) -> None:
    bot = world.bot()
    with pytest.raises(NotAllowed):
        lifecycle.change_document(bot, document())
    lifecycle.stop_bot(bot, "leave")
    changed = lifecycle.change_document(bot, document(name="Other", universe={"symbols": ["ETHUSDT"]}))
    assert changed.name == "Other"
    with world.inside():
        assert list(changed.listens.values_list("symbol", flat=True)) == ["ETHUSDT"]


def test_every_act_is_audited(world: World) -> None:
    bot = world.bot()
    lifecycle.pause_bot(bot, actor="alice@example.com")
    with world.inside():
        event = AuditEvent.objects.order_by("-sequence")[0]
    assert (event.action, event.subject, event.actor) == ("bot.paused", bot.code, "alice@example.com")


def test_may_follow_agrees_with_the_table() -> None:
    for one, other in product(BotState, BotState):
        assert may_follow(one, other) == (other in NEXT[one])
