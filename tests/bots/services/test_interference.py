"""Twelve things somebody else can do on an account, under each of the four policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from accounts.entry_blocks import BlockCause, BlockKind, blocks_of, resume_entries
from accounts.models import AuditEvent, ExchangeAccount, Interference, OutboxMessage
from bots.models import Bot, IntentRow, OrderRow, PositionRow
from bots.services.news import apply_position
from tests.roles import acting_as
from tests.worlds import World
from trading_core.exchanges.port import ExecutionNews, OrderNews, PositionNews
from trading_core.execution.order import OrderState, Side

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

LEGS = {"legs": 1, "quote": "200", "volume_scale": "1", "deviation_pct": "1", "step_scale": "1", "resting": 1}
PLAN = {
    "entry": {"type": "market"}, "size": {"mode": "quote", "quote": "200"}, "averaging": LEGS,
    "take_profit": {"pct": "5", "base": "average"}, "stop": {"pct": "9", "base": "entry"},
    "exits": {"time_stop_minutes": None, "on_rule": False},
}  # fmt: skip
HELD = 2_000


@dataclass
class Scene:
    """A bot that holds a long of 2,000 lots with a target and a leg standing."""

    world: World
    bot: Bot
    orders: dict[str, OrderRow]

    def trade(self, side: Side, lots: int, symbol: str = "BTCUSDT", exec_id: str = "by-hand") -> None:
        news = ExecutionNews(
            exec_id=exec_id, exec_type="Trade", link="", venue_order_id="x-1", symbol=symbol, side=side, ticks=1_000,
            lots=lots, fee=10, is_maker=False, stop_order_type="", time_ms=self.world.minute, sequence=900,
        )  # fmt: skip
        self.world.hear(news, self.bot)

    def tell(self, role: str, state: OrderState, **changes: object) -> None:
        self.world.hear(self.world.order_news(self.orders[role], state, **changes), self.bot)

    def place(self, state: OrderState = OrderState.ACCEPTED, stop_order_type: str = "") -> None:
        news = OrderNews(
            link="", venue_order_id="x-2", symbol="BTCUSDT", side=Side.BUY, state=state, lots=5, filled=0, ticks=900,
            reduce_only=False, updated_ms=1, stop_order_type=stop_order_type,
        )  # fmt: skip
        self.world.hear(news, self.bot)

    def position(self, *, stop: int | None = 910, leverage: str = "2") -> None:
        with self.world.inside():
            account = ExchangeAccount.objects.get(pk=self.bot.account_id)
        with acting_as("engine"):
            apply_position(
                account, PositionNews("BTCUSDT", HELD, Decimal(100), stop, Decimal(leverage), None, 1, 1)
            )

    def requests(self) -> list[str]:
        """What is asked for in answer."""
        with self.world.inside():
            rows = (
                IntentRow.objects.filter(bot=self.bot, state="planned").select_related("order").order_by("pk")
            )
            return sorted(f"{row.kind} {row.order.role if row.order else 'stop'}" for row in rows)


@pytest.fixture
def scene(world: World) -> Scene:
    bot = world.bot(plan=PLAN)
    world.close(100.0)
    world.decide(bot)
    (entry,) = world.accept(bot)
    world.hear(world.execution(entry, ticks=1_000), bot)
    placed = world.accept(bot)
    with world.inside():
        PositionRow.objects.filter(account=bot.account).update(stop_ticks=910, leverage_ppm=2_000_000)
        assert PositionRow.objects.get(account=bot.account).lots == HELD
    return Scene(world, bot, {order.role: order for order in placed})


Act = Callable[[Scene], None]
TWELVE: dict[str, tuple[Act, int, list[str]]] = {
    # what is done, what is held afterwards, what is asked for in answer whatever the policy says
    "adds to it": (lambda s: s.trade(Side.BUY, 500), 2_500, ["amend take_profit"]),
    "takes from it": (lambda s: s.trade(Side.SELL, 500), 1_500, ["amend take_profit"]),
    "closes it": (lambda s: s.trade(Side.SELL, 2_000), 0, ["cancel average", "cancel take_profit"]),
    "turns it": (lambda s: s.trade(Side.SELL, 2_500), -500, ["cancel average", "cancel take_profit", "place exit"]),
    "opens another symbol": (lambda s: s.trade(Side.BUY, 5, "ETHUSDT"), HELD, []),
    "places an order": (lambda s: s.place(), HELD, []),
    # What was cancelled by hand is put back at the next close.
    "cancels the target": (lambda s: s.tell("take_profit", OrderState.CANCELLED, reason="CancelByUser"), HELD, []),
    "cancels the leg": (lambda s: s.tell("average", OrderState.CANCELLED, reason="CancelByUser"), HELD, []),
    "moves the target": (
        lambda s: s.tell("take_profit", OrderState.ACCEPTED, ticks=1_049), HELD, ["amend take_profit"],
    ),
    "shrinks the leg": (lambda s: s.tell("average", OrderState.ACCEPTED, lots=7), HELD, ["amend average"]),
    "changes the leverage": (lambda s: s.position(leverage="5"), HELD, []),
    "removes the stop": (lambda s: s.position(stop=None), HELD, ["set_stop stop"]),
}  # fmt: skip
SILENT = {"removes the stop"}
"""Put back within seconds under each policy: nobody has to decide anything."""


@pytest.mark.parametrize("policy", list(Interference))
@pytest.mark.parametrize("act", TWELVE)
def test_what_follows(scene: Scene, act: str, policy: Interference) -> None:
    do, held, asked = TWELVE[act]
    with scene.world.inside():
        ExchangeAccount.objects.filter(pk=scene.bot.account_id).update(interference=policy)
    do(scene)
    do(scene)  # told twice, it is one thing
    with scene.world.inside():
        account = ExchangeAccount.objects.get(pk=scene.bot.account_id)
        lots = PositionRow.objects.get(account=account, symbol="BTCUSDT").lots
        told = AuditEvent.objects.filter(action="account.interference").count()
        letters = OutboxMessage.objects.count()
        blocked = [b for b in blocks_of(account) if b.cause is BlockCause.INTERFERENCE]
    assert lots == held
    assert scene.requests() == asked
    noted = act not in SILENT and policy is not Interference.IGNORE
    assert told == noted
    assert letters == (noted and policy is not Interference.ADOPT)
    assert len(blocked) == (noted and policy is Interference.PAUSE)


def test_a_paused_symbol_takes_no_entry_until_somebody_resumes(scene: Scene) -> None:
    scene.place()
    with scene.world.inside():
        account = ExchangeAccount.objects.get(pk=scene.bot.account_id)
        (block,) = blocks_of(account)
        assert (block.kind, block.symbol) == (BlockKind.HALT, "BTCUSDT")
        assert "not ours" in block.words
        assert resume_entries(account, actor="alice@example.com") == 1
        account.refresh_from_db()
        assert blocks_of(account) == []


@pytest.mark.parametrize("state, kind", [(OrderState.CANCELLED, ""), (OrderState.ACCEPTED, "StopLoss")])
def test_orders_that_are_over_or_the_venues_own_concern_nobody(
    scene: Scene, state: OrderState, kind: str
) -> None:
    scene.place(state, kind)
    with scene.world.inside():
        assert not AuditEvent.objects.filter(action="account.interference").exists()


def test_what_we_asked_for_is_no_interference(scene: Scene) -> None:
    target = scene.orders["take_profit"]
    with scene.world.inside():
        IntentRow.objects.create(
            bot=scene.bot, account=scene.bot.account, order=target, kind="cancel", symbol="BTCUSDT", trade=1,
            params={}, priority=0, state="sending", decided_ms=0, created_at="2026-01-01T00:00Z",
        )  # fmt: skip
    scene.tell("take_profit", OrderState.CANCELLED, reason="CancelByUser")
    with scene.world.inside():
        assert not AuditEvent.objects.filter(action="account.interference").exists()


def test_a_cancelled_target_is_put_back_at_the_next_close(scene: Scene) -> None:
    scene.tell("take_profit", OrderState.CANCELLED, reason="CancelByUser")
    scene.world.close(100.0)
    scene.world.decide(scene.bot)
    assert scene.requests() == ["place take_profit"]
