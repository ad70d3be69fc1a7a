"""One cycle: what a bot does at a close, over all its symbols; exits first, then entries by rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trading_core.engine.entries import Entrance, consider, gate_legs
from trading_core.engine.outcome import OutcomeCode, OutcomeRecord
from trading_core.engine.risk_gates import flattened, given_up, under_locks
from trading_core.engine.rule_facts import asked_facts, completed, facts_by_symbol, used_numbers
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.engine.tend import caught_up, settled, stand
from trading_core.execution.difference import in_order
from trading_core.execution.intent import ExitReason, Intent
from trading_core.execution.order import Role, Side
from trading_core.market.timeframe import MINUTE_MS
from trading_core.money import PPM
from trading_core.plan.kernel import below_ticks
from trading_core.plan.params import Unfilled
from trading_core.plan.progress import close
from trading_core.plan.state import Phase, PlanState
from trading_core.rules.facts import Facts
from trading_core.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What a close came to."""

    outcomes: Mapping[str, OutcomeRecord]
    """One for every symbol of the snapshot."""
    intents: tuple[Intent, ...]
    """In the order they must be carried out (``difference.priority``, then as they stand here)."""
    plans: Mapping[str, PlanState]
    """The new plan of every symbol."""
    verdicts: Mapping[str, Verdict | None]
    """What the rules said of every symbol once the bot's own facts were known."""


def decide(snapshot: Snapshot) -> Decision:
    """Decide a close. Pure: the same snapshot always gives the same decision."""
    known: Mapping[str, Facts] = {}
    if snapshot.document.rules.needs_facts:
        known = facts_by_symbol(snapshot)
        snapshot = completed(snapshot, known)
    outcomes: dict[str, OutcomeRecord] = {}
    plans: dict[str, PlanState] = {}
    entrance = Entrance.of(snapshot)
    candidates = []
    for symbol in sorted(snapshot.symbols):
        facts = snapshot.symbols[symbol]
        plan = _caught_up(snapshot, facts)
        if plan.is_flat:
            candidates.append(symbol)
        else:
            outcomes[symbol], kept = _keep(snapshot, facts, plan)
            plan = settled(snapshot.document, facts, kept, now_ms=snapshot.close_ms, before=plan)
        plans[symbol] = plan
        entrance.count(plan, facts)
    for symbol in candidates:
        outcomes[symbol], plans[symbol] = consider(entrance, symbol, plans[symbol])
    return _decision(snapshot, known, outcomes, plans)


def _caught_up(snapshot: Snapshot, facts: SymbolFacts) -> PlanState:
    """The plan as the facts leave it; refused requests may be made again at each close."""
    plan = caught_up(snapshot.document, facts, now_ms=snapshot.close_ms)
    return replace(plan, asked=()) if plan.asked else plan


def _decision(
    snapshot: Snapshot,
    known: Mapping[str, Facts],
    outcomes: dict[str, OutcomeRecord],
    plans: dict[str, PlanState],
) -> Decision:
    intents: list[Intent] = []
    for symbol in sorted(plans):
        facts = snapshot.symbols[symbol]
        if plans[symbol].is_flat and not facts.orders:
            continue
        tended = stand(snapshot.document, snapshot.state, symbol, facts, plans[symbol])
        plans[symbol] = tended.plan
        intents += tended.intents
    verdicts = {symbol: facts.verdict for symbol, facts in snapshot.symbols.items()}
    told = _with_facts(snapshot, known, {symbol: outcomes[symbol] for symbol in sorted(outcomes)})
    return Decision(told, in_order(intents), plans, verdicts)


def _with_facts(
    snapshot: Snapshot, known: Mapping[str, Facts], outcomes: dict[str, OutcomeRecord]
) -> dict[str, OutcomeRecord]:
    """The outcomes with the facts their rules asked for, where they asked for any."""
    if not known:
        return outcomes
    asked = asked_facts(snapshot.document.rules)
    return {
        symbol: replace(outcome, details={**outcome.details, "facts": used_numbers(asked, known[symbol])})
        if snapshot.symbols[symbol].verdict is not None
        else outcome
        for symbol, outcome in outcomes.items()
    }


def _keep(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState) -> tuple[OutcomeRecord, PlanState]:
    """A trade under way: exit by rule or time, else time-out of the entry, else nothing."""
    if plan.phase is Phase.CLOSING:
        return OutcomeRecord(OutcomeCode.CLOSING, {"reason": plan.exit_reason or "market"}), plan
    locked = under_locks(facts, plan)
    if locked.phase is Phase.CLOSING:
        return flattened(facts, plan), locked
    if locked is not plan:
        return given_up(facts, plan), locked
    found = _exit(snapshot, facts, plan)
    if found is not None:
        outcome, reason = found
        return outcome, close(plan, reason)
    plan = gate_legs(snapshot.document.rules, facts.verdict, plan)
    if plan.phase is Phase.ENTERING:
        return _entering(snapshot, facts, plan)
    return OutcomeRecord(OutcomeCode.IN_POSITION, _held(facts)), plan


def _held(facts: SymbolFacts) -> dict[str, str | int]:
    lots = facts.position.lots
    return {"side": "long" if lots > 0 else "short", "lots": abs(lots)}


def _exit(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState) -> tuple[OutcomeRecord, ExitReason] | None:
    if not facts.position.lots:
        return None
    exits, verdict = snapshot.document.plan.exits, facts.verdict
    if exits.on_rule and verdict is not None and _gains_enough(exits.min_profit_ppm, facts, plan.direction):
        said = verdict.exit_long if plan.direction > 0 else verdict.exit_short
        if said == 1:
            return OutcomeRecord(OutcomeCode.EXIT_RULE, _held(facts)), ExitReason.RULE
    if exits.on_opposite and verdict is not None:
        with_us, against = (
            (verdict.long, verdict.short) if plan.direction > 0 else (verdict.short, verdict.long)
        )
        if against == 1 and with_us != 1:
            return OutcomeRecord(OutcomeCode.EXIT_OPPOSITE, _held(facts)), ExitReason.OPPOSITE
    held_minutes = (snapshot.close_ms - plan.opened_ms) // MINUTE_MS
    limit = exits.time_stop_minutes
    if limit is not None and held_minutes >= limit:
        numbers = {**_held(facts), "held_minutes": held_minutes, "limit_minutes": limit}
        return OutcomeRecord(OutcomeCode.EXIT_TIME, numbers), ExitReason.TIME
    return None


def _entering(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState) -> tuple[OutcomeRecord, PlanState]:
    timeout = snapshot.document.plan.entry.timeout_candles
    waited = (snapshot.close_ms - plan.entry_close_ms) // snapshot.document.timeframe.ms
    filled = sum(o.filled for o in facts.orders if o.role is Role.ENTRY)
    numbers: dict[str, str | int] = {
        "filled": filled,
        "lots": plan.entry_lots,
        "side": Side.of(plan.direction).value,
    }
    if timeout and waited >= timeout:
        numbers["candles"] = timeout
        return OutcomeRecord(OutcomeCode.ENTRY_TIMEOUT, numbers), _timed_out(snapshot, facts, plan)
    return OutcomeRecord(OutcomeCode.ENTRY_WORKING, numbers), plan


def _timed_out(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState) -> PlanState:
    """The plan once the time of its entry is over; a part that is held is kept, completed or closed."""
    entry = snapshot.document.plan.entry
    if not facts.position.lots or entry.unfilled is Unfilled.KEEP or plan.completing:
        return replace(plan, entry_over=True)
    if entry.unfilled is Unfilled.UNWIND:
        return close(plan, ExitReason.UNFILLED)
    worst = below_ticks(facts.close_ticks, 1, entry.slippage_ppm or 0, -plan.direction)
    return replace(plan, entry_ticks=worst, completing=True)


def _gains_enough(least_ppm: int | None, facts: SymbolFacts, direction: int) -> bool:
    """Whether the price is far enough beyond the average for an exit by rule."""
    position = facts.position
    gained = direction * (facts.close_ticks * abs(position.lots) - position.cost)
    return least_ppm is None or gained * PPM >= least_ppm * position.cost
