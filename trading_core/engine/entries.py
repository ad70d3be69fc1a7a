"""Entries: the gates a signal passes, in order; the first that refuses is the outcome."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trading_core.engine.outcome import Detail, OutcomeCode, OutcomeRecord
from trading_core.engine.risk_gates import (
    check_locks,
    check_past,
    check_price,
    check_room,
    check_size,
    held_of,
)  # fmt: skip
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.engine.states import permits
from trading_core.money import amount, plain
from trading_core.plan.progress import begin
from trading_core.plan.progress import sized as sized_plan
from trading_core.plan.recent import candles_needed
from trading_core.plan.state import PlanState
from trading_core.risk.denial import Denial
from trading_core.risk.ladder import check_reserve, reserve
from trading_core.risk.levels import Held
from trading_core.risk.limits import (
    check_cooldown,
    check_leverage,
    check_margin,
    check_positions,
    margin_for,
    planned_tick_lots,
)  # fmt: skip
from trading_core.risk.sizing import Sized, size_entry, sizing_equity
from trading_core.rules.fold import tags_of
from trading_core.rules.model import Named, Node, RuleSet, children
from trading_core.rules.verdict import Verdict


@dataclass(slots=True)
class Entrance:
    """What is left for new entries while a close is decided."""

    snapshot: Snapshot
    equity: int
    busy: int = 0
    """Trades under way, those just entered included."""
    committed: int = 0
    """Margin they may come to, money units."""
    held: list[Held] = field(default_factory=list)
    """What each of them may come to."""
    made: int = 0
    """Entries decided at this close."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Entrance:
        """Nothing counted yet."""
        return cls(snapshot, snapshot.equity)

    def count(self, plan: PlanState, facts: SymbolFacts) -> None:
        """Count a trade that is under way."""
        if not plan.is_flat:
            self.busy += 1
            self.held.append(held_of(self.snapshot, facts, plan))
            self.committed += self.margin(
                planned_tick_lots(plan, self.snapshot.document.plan, facts.instrument), facts
            )

    def margin(self, tick_lots: int, facts: SymbolFacts) -> int:
        """Margin of Σ ticks·lots at the bot's leverage and fees."""
        document = self.snapshot.document
        return margin_for(tick_lots, document.risk.leverage_ppm, document.fees.taker_ppm, facts.instrument)

    @property
    def available(self) -> int:
        """Margin left: losses not yet realised count, gains not yet realised don't."""
        snapshot = self.snapshot
        return min(snapshot.wallet, self.equity) - snapshot.reserved - self.committed


def consider(entrance: Entrance, symbol: str, plan: PlanState) -> tuple[OutcomeRecord, PlanState]:
    """Return the outcome of a symbol without a trade, and its plan, entering if nothing refused."""
    facts = entrance.snapshot.symbols[symbol]
    direction = signal(facts.verdict)
    if isinstance(direction, OutcomeRecord):
        return direction, plan
    drawn = _drawn(entrance, facts, plan, direction)
    sized = drawn if isinstance(drawn, OutcomeRecord) else _gates(entrance, facts, plan, drawn)
    if isinstance(drawn, OutcomeRecord) or isinstance(sized, OutcomeRecord):
        refused = drawn if isinstance(drawn, OutcomeRecord) else sized
        assert isinstance(refused, OutcomeRecord)
        return OutcomeRecord(refused.code, {"side": _side(direction), **refused.details}), plan
    quote = facts.instrument.notional_floor(sized.ticks * sized.lots)
    plan = sized_plan(drawn, lots=sized.lots, quote=quote)
    plan = gate_legs(entrance.snapshot.document.rules, facts.verdict, plan)
    entrance.count(plan, facts)
    entrance.made += 1
    tags = entry_tags(entrance.snapshot.document.rules, facts.verdict, direction)
    return _entered(facts, sized, direction, tags), plan


def _drawn(
    entrance: Entrance, facts: SymbolFacts, plan: PlanState, direction: int
) -> PlanState | OutcomeRecord:
    """The plan of a trade with its distances drawn from the market, if the market is known far enough back."""
    snapshot = entrance.snapshot
    params, recent = snapshot.document.plan, facts.recent
    needed = candles_needed(params)
    if needed and (recent is None or len(recent) < needed):
        return OutcomeRecord(OutcomeCode.NOT_READY, {"reason": f"the plan needs {needed} candles in a row"})
    equity = sizing_equity(params, entrance.equity, snapshot.document.balance)
    return begin(
        plan, params, direction=direction, close_ticks=facts.close_ticks, close_ms=snapshot.close_ms,
        equity=equity, recent=recent,
    )  # fmt: skip


def entry_tags(rules: RuleSet, verdict: Verdict | None, direction: int) -> list[str]:
    """The tags of what was true in the tree that called for an entry."""
    tree = rules.long if direction > 0 else rules.short
    if verdict is None or tree is None or not _has_tags(tree):
        return []
    return list(tags_of(rules, _side(direction), verdict))


def _has_tags(node: Node) -> bool:
    return (isinstance(node, Named) and bool(node.tags)) or any(map(_has_tags, children(node)))


def signal(verdict: Verdict | None) -> int | OutcomeRecord:
    """+1 or -1 if the rules ask for exactly one side, else the outcome that says why not."""
    if verdict is None:
        return OutcomeRecord(OutcomeCode.NOT_READY, {"reason": "no candle"})
    if verdict.long == 1 and verdict.short == 1:
        return OutcomeRecord(OutcomeCode.CONFLICT)
    if verdict.long == 1:
        return 1
    if verdict.short == 1:
        return -1
    if -1 in (verdict.long, verdict.short):
        return OutcomeRecord(OutcomeCode.NOT_READY, {"reason": "a condition is unknown"})
    return OutcomeRecord(OutcomeCode.NO_SIGNAL)


def asks_entry(verdict: Verdict | None) -> bool:
    """Whether the rules ask for exactly one side."""
    return verdict is not None and (verdict.long == 1) != (verdict.short == 1)


def gate_legs(rules: RuleSet, verdict: Verdict | None, plan: PlanState) -> PlanState:
    """Let legs rest until the next close only if the averaging rules, where there are any, are true."""
    tree = rules.average_long if plan.direction > 0 else rules.average_short
    if tree is None:
        return plan
    if verdict is None:
        return replace(plan, legs_gate=False)
    said = verdict.average_long if plan.direction > 0 else verdict.average_short
    return replace(plan, legs_gate=said == 1)


def _gates(
    entrance: Entrance, facts: SymbolFacts, plan: PlanState, drawn: PlanState
) -> Sized | OutcomeRecord:
    snapshot, risk = entrance.snapshot, entrance.snapshot.document.risk
    limit_ms = snapshot.document.rules.expires * snapshot.document.timeframe.ms
    if snapshot.age_ms > limit_ms:
        return OutcomeRecord(
            OutcomeCode.STALE_CANDLE, {"age": snapshot.age_ms // 1_000, "limit": limit_ms // 1_000}
        )
    if not permits(snapshot.state).entries:
        return OutcomeRecord(OutcomeCode.ENTRIES_PAUSED, {"state": snapshot.state})
    if (locked := check_locks(facts)) is not None:
        return _denied(locked)
    if facts.blocked is not None:
        return OutcomeRecord(OutcomeCode.ENTRIES_BLOCKED, facts.blocked)
    if not facts.instrument.is_trading:
        contract = facts.instrument
        return OutcomeRecord(OutcomeCode.NOT_TRADING, {"symbol": contract.symbol, "status": contract.status})
    if facts.claimed_by is not None:
        return OutcomeRecord(OutcomeCode.SYMBOL_CLAIMED, {"holder": facts.claimed_by})
    if not facts.position.is_flat or facts.orders:
        return OutcomeRecord(OutcomeCode.SYMBOL_CLAIMED, {"holder": "something this bot did not open"})
    denial = (
        check_cooldown(plan, risk, snapshot.document.timeframe, close_ms=snapshot.close_ms)
        or check_past(snapshot, facts, entrance.made)
        or check_positions(entrance.busy, risk)
        or check_room(snapshot, entrance.held)
        or check_leverage(risk, facts.instrument)
    )
    return _denied(denial) if denial else _sized(entrance, facts, drawn)


def _sized(entrance: Entrance, facts: SymbolFacts, drawn: PlanState) -> Sized | OutcomeRecord:
    document, instrument = entrance.snapshot.document, facts.instrument
    ticks = drawn.entry_ticks or drawn.reference_ticks
    denial = check_price(entrance.snapshot, facts, direction=drawn.direction, ticks=ticks)
    if denial is not None:
        return _denied(denial)
    sized = size_entry(document.plan, document.risk, instrument, drawn, equity=drawn.equity)
    if isinstance(sized, Denial):
        return _denied(sized)
    needed, available = entrance.margin(sized.tick_lots, facts), entrance.available
    kept, coin = reserve(entrance.snapshot.levels), instrument.settle_coin
    denial = (
        check_size(entrance.snapshot, facts, entrance.held, sized, drawn)
        or check_reserve(needed, available=available, kept=kept, coin=coin)
        or check_margin(sized, needed=needed, available=available, instrument=instrument)
    )
    return _denied(denial) if denial else sized


def _denied(denial: Denial) -> OutcomeRecord:
    return OutcomeRecord(OutcomeCode(denial.code.value), denial.numbers)


def _entered(facts: SymbolFacts, sized: Sized, direction: int, tags: list[str]) -> OutcomeRecord:
    instrument = facts.instrument
    details: dict[str, Detail] = {
        "side": _side(direction),
        "lots": sized.lots,
        "ticks": sized.ticks,
        "price": plain(instrument.price(sized.ticks)),
        "quote": plain(amount(instrument.notional_floor(sized.ticks * sized.lots))),
        "coin": instrument.settle_coin,
    }
    return OutcomeRecord(OutcomeCode.ENTERED, {**details, "tags": tags} if tags else details)


def _side(direction: int) -> str:
    return "long" if direction > 0 else "short"
