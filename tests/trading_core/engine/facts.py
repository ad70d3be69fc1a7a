"""Facts to decide on, and an obedient exchange that only remembers what it is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from trading_core.engine.document import BotDocument
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.engine.tend import Tended, tend
from trading_core.execution.intent import Intent, IntentKind
from trading_core.execution.order import EndedOrder, OpenOrder, OrderState, Role, Side
from trading_core.execution.position import Position, apply
from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import known_instrument
from trading_core.plan.state import PlanState
from trading_core.rules.verdict import Verdict

CLOSE_MS = 1_735_690_200_000
"""2025-01-01 00:10 UTC."""
PRICE = 200_000
"""2,000.00 in ticks of ETHUSDT."""


def instrument(symbol: str = "ETHUSDT") -> Instrument:
    found = known_instrument(symbol)
    assert found is not None
    return found


def facts(
    *,
    symbol: str = "ETHUSDT",
    verdict: Verdict | None = Verdict(),  # noqa: B008
    plan: PlanState = PlanState(),  # noqa: B008
    close_ticks: int = PRICE,
    **more: object,
) -> SymbolFacts:
    plain = SymbolFacts(
        instrument=instrument(symbol),
        close_ticks=close_ticks,
        verdict=verdict,
        position=Position(),
        position_stop_ticks=None,
        leverage_ppm=0,
        plan=plan,
        orders=(),
        stop_busy=False,
        claimed_by=None,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def snapshot(bot: BotDocument, symbols: dict[str, SymbolFacts], **more: object) -> Snapshot:
    plain = Snapshot(bot, "running", CLOSE_MS, bot.balance, symbols)
    return replace(plain, **more)  # type: ignore[arg-type]


@dataclass
class Obedient:
    """One symbol of one bot on an exchange that does what it is asked."""

    bot: BotDocument
    plan: PlanState = field(default_factory=PlanState)
    position: Position = field(default_factory=Position)
    stop: int | None = None
    leverage_ppm: int = 0
    orders: dict[tuple[Role, int, int], OpenOrder] = field(default_factory=dict)
    ended: list[EndedOrder] = field(default_factory=list)
    state: str = "running"
    now_ms: int = CLOSE_MS
    asked: list[Intent] = field(default_factory=list)

    def facts(self, verdict: Verdict | None = None) -> SymbolFacts:
        return facts(
            verdict=verdict,
            plan=self.plan,
            position=self.position,
            position_stop_ticks=self.stop,
            leverage_ppm=self.leverage_ppm,
            orders=tuple(self.orders.values()),
            ended=tuple(o for o in self.ended if o.trade == self.plan.trade),
        )

    def do(self, intents: Iterable[Intent]) -> None:
        for intent in intents:
            self.asked.append(intent)
            key = (intent.role, intent.leg, intent.revision)
            if intent.kind is IntentKind.PLACE:
                assert key not in self.orders
                self.orders[key] = OpenOrder(
                    intent.trade, intent.role, intent.leg, intent.revision, intent.side, intent.lots, 0,
                    intent.ticks, intent.reduce_only, busy=False,
                )  # fmt: skip
            elif intent.kind is IntentKind.AMEND:
                self.orders[key] = replace(self.orders[key], lots=intent.lots, ticks=intent.ticks)
            elif intent.kind is IntentKind.CANCEL:
                self.end(key, OrderState.CANCELLED)
            elif intent.kind is IntentKind.SET_STOP:
                self.stop = intent.stop_ticks
            else:
                self.leverage_ppm = intent.leverage_ppm

    def end(self, key: tuple[Role, int, int], state: OrderState) -> None:
        order = self.orders.pop(key)
        self.ended.append(EndedOrder(order.trade, order.role, order.leg, order.revision, state, order.filled))

    def fill(self, role: Role, *, ticks: int, leg: int = 0, lots: int | None = None) -> None:
        """Execute an order, whole or in part."""
        key = next(k for k in self.orders if k[:2] == (role, leg))
        order = self.orders[key]
        done = order.lots - order.filled if lots is None else lots
        self.trade(order.side, ticks, done)
        self.orders[key] = replace(order, filled=order.filled + done)
        if order.filled + done == order.lots:
            self.end(key, OrderState.FILLED)

    def trade(self, side: Side, ticks: int, lots: int) -> None:
        self.position = apply(
            self.position, side=side, ticks=ticks, lots=lots, fee=0, instrument=instrument()
        )
        if self.position.is_flat:
            self.stop = None

    def tend(self) -> Tended:
        """Tend once and do what it asks."""
        tended = tend(self.bot, self.state, "ETHUSDT", self.facts(), now_ms=self.now_ms)
        self.plan = tended.plan
        self.do(tended.intents)
        return tended

    def standing(self, role: Role) -> list[OpenOrder]:
        return [o for o in self.orders.values() if o.role is role]
