"""The risk ladder's gates of an entry, and what locks do to a trade that is under way.

The order is that of ``_gates`` in ``entries``: what forbids every entry first, then what depends on the
symbol's past, then what depends on price and size; within one kind, from the bot up to the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trading_core.engine.outcome import OutcomeCode, OutcomeRecord
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.execution.intent import ExitReason
from trading_core.execution.margin import liquidation_ticks
from trading_core.execution.position import Position
from trading_core.plan.desired import protective_stop
from trading_core.plan.progress import close
from trading_core.plan.state import Phase, PlanState
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.guards import (
    check_funding,
    check_liquidation,
    check_losses,
    check_order_rate,
    check_price_band,
    check_result_cooldown,
    check_stale,
)  # fmt: skip
from trading_core.risk.ladder import check_exposure, check_level_positions
from trading_core.risk.levels import Held, What
from trading_core.risk.limits import planned_tick_lots
from trading_core.risk.sizing import Sized


def check_locks(facts: SymbolFacts) -> Denial | None:
    """Refuse while a lock forbids entries; the nearest rung speaks."""
    lock = next((lock for lock in facts.locks if lock.what.entries), None)
    return None if lock is None else Denial(DenialCode.LOCKED, lock.numbers())


def check_past(snapshot: Snapshot, facts: SymbolFacts, made: int) -> Denial | None:
    """Refuse for what happened before: old data, how trades ended, orders of the last minute.

    ``made`` are the entries already decided at this close.
    """
    guards, interval_ms = snapshot.document.guards, snapshot.document.timeframe.ms
    now_ms, symbol = snapshot.close_ms, facts.instrument.symbol
    return (
        check_stale(guards, last_ms=facts.last_ms, now_ms=now_ms, interval_ms=interval_ms)
        or check_result_cooldown(guards, snapshot.trades, symbol, close_ms=now_ms, interval_ms=interval_ms)
        or check_losses(guards, snapshot.trades, close_ms=now_ms)
        or check_order_rate(guards, snapshot.orders_lately + made)
    )


def check_room(snapshot: Snapshot, own: Sequence[Held]) -> Denial | None:
    """Refuse where a rung of the ladder has no room for one more trade."""
    return check_level_positions(snapshot.levels, own)


def check_price(snapshot: Snapshot, facts: SymbolFacts, *, direction: int, ticks: int) -> Denial | None:
    """Refuse for funding about to be paid, or a price that can't be meant."""
    guards = snapshot.document.guards
    return check_funding(
        guards,
        direction=direction,
        rate_ppm=facts.funding_ppm,
        close_ms=snapshot.close_ms,
        interval_min=facts.instrument.funding_interval_min,
    ) or check_price_band(guards, ticks=ticks, last_ticks=facts.close_ticks, mark_ticks=facts.mark_ticks)


def check_size(
    snapshot: Snapshot, facts: SymbolFacts, own: Sequence[Held], sized: Sized, drawn: PlanState
) -> Denial | None:
    """Refuse a size that a rung of the ladder, or the liquidation of the whole ladder of legs, forbids."""
    instrument = facts.instrument
    asked = Held(instrument.symbol, drawn.direction * instrument.notional_ceil(sized.tick_lots))
    return check_exposure(snapshot.levels, own, asked, instrument.settle_coin) or _check_liquidation(
        snapshot, facts, sized, drawn
    )


def _check_liquidation(
    snapshot: Snapshot, facts: SymbolFacts, sized: Sized, drawn: PlanState
) -> Denial | None:
    document, worst = snapshot.document, Position(drawn.direction * sized.all_lots, sized.tick_lots)
    if document.guards.liquidation_ppm is None:
        return None
    plan = replace(drawn, base_cost=sized.ticks * sized.lots, base_lots=sized.lots)
    return check_liquidation(
        document.guards,
        direction=drawn.direction,
        ticks=sized.ticks,
        stop_ticks=protective_stop(document.plan, plan, worst),
        liquidation_ticks=liquidation_ticks(worst, document.risk.leverage_ppm, facts.instrument),
    )


def held_of(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState) -> Held:
    """What a trade under way may come to, legs included."""
    tick_lots = planned_tick_lots(plan, snapshot.document.plan, facts.instrument)
    worth = facts.instrument.notional_ceil(max(tick_lots, facts.position.cost))
    return Held(facts.instrument.symbol, plan.direction * worth)


def under_locks(facts: SymbolFacts, plan: PlanState) -> PlanState:
    """The plan of a trade under way as locks leave it: closed by one that flattens, its entry given up."""
    if plan.phase is Phase.FLAT or plan.phase is Phase.CLOSING:
        return plan
    if any(lock.what is What.FLATTEN for lock in facts.locks):
        return close(plan, ExitReason.RISK)
    if (
        plan.phase is Phase.ENTERING
        and not plan.entry_over
        and any(lock.what.entries for lock in facts.locks)
    ):
        return replace(plan, entry_over=True)
    return plan


def given_up(facts: SymbolFacts, plan: PlanState) -> OutcomeRecord:
    """The outcome of a standing entry that a lock gives up."""
    lock = next(lock for lock in facts.locks if lock.what.entries)
    return OutcomeRecord(OutcomeCode.LOCKED, {"side": _side(plan.direction), **lock.numbers()})


def flattened(facts: SymbolFacts, plan: PlanState) -> OutcomeRecord:
    """The outcome of a trade that a lock closes."""
    lock = next(lock for lock in facts.locks if lock.what is What.FLATTEN)
    return OutcomeRecord(OutcomeCode.EXIT_RISK, {"side": _side(plan.direction), **lock.numbers()})


def _side(direction: int) -> str:
    return "long" if direction > 0 else "short"
