"""How a plan moves on: phases follow from the facts, entries and exits from decisions."""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.intent import ExitReason
from trading_core.market.instrument import Instrument
from trading_core.plan.desired import Standing
from trading_core.plan.kernel import below_ticks, lots_of
from trading_core.plan.params import EntryType, PlanParams, ladder
from trading_core.plan.state import Leg, Phase, PlanState


def progress(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, *, now_ms: int
) -> PlanState:
    """Return the plan as the facts leave it; the same facts again change nothing.

    ``now_ms`` (market clock) stamps the opening and the end of a position.
    """
    if plan.phase is Phase.ENTERING:
        plan = _entering(params, plan, standing, instrument, now_ms)
    if plan.phase is Phase.OPEN and not standing.position.lots:
        plan = replace(plan, phase=Phase.CLOSING)
    if plan.phase is Phase.CLOSING:
        plan = _closing(plan, standing, now_ms)
    return plan


def _entering(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, now_ms: int
) -> PlanState:
    held = bool(standing.position.lots)
    if held and not plan.opened_ms:
        plan = replace(plan, opened_ms=now_ms)
    if not held and plan.opened_ms:
        return replace(plan, phase=Phase.CLOSING, entry_over=True)
    if standing.entry_open(plan.trade) or not standing.entry_seen(plan.trade):
        return plan
    if held:
        return freeze(params, plan, standing, instrument)
    return plan if standing.orders else _flat(plan)


def freeze(params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument) -> PlanState:
    """The plan once its entry has ended: base and leg prices fixed for good."""
    cost, lots = standing.position.cost, abs(standing.position.lots)
    return replace(
        plan,
        phase=Phase.OPEN,
        base_cost=cost,
        base_lots=lots,
        legs=leg_orders(params, cost, lots, plan.direction, instrument),
    )


def leg_orders(
    params: PlanParams, cost: int, lots: int, direction: int, instrument: Instrument
) -> tuple[Leg, ...]:
    """Prices and quantities of the legs for an entry at cost/lots ticks."""
    num, den = instrument.value_scale
    legs = []
    for rung in ladder(params.averaging):
        ticks = below_ticks(cost, lots, rung.deviation_ppm, direction)
        legs.append(Leg(ticks, lots_of(rung.quote, ticks, num, den)))
    return tuple(legs)


def _closing(plan: PlanState, standing: Standing, now_ms: int) -> PlanState:
    if standing.position.lots:
        return plan
    plan = replace(plan, closed_ms=plan.closed_ms or now_ms)
    return plan if standing.orders else _flat(plan)


def _flat(plan: PlanState) -> PlanState:
    return PlanState(
        trade=plan.trade,
        direction=plan.direction,
        exit_reason=plan.exit_reason,
        opened_ms=plan.opened_ms,
        closed_ms=plan.closed_ms,
    )


def begin(
    plan: PlanState, params: PlanParams, *, direction: int, close_ticks: int, lots: int, close_ms: int
) -> PlanState:
    """The plan of a new trade decided at a close."""
    ticks = None
    if params.entry.type is EntryType.LIMIT:
        ticks = below_ticks(close_ticks, 1, params.entry.offset_ppm, direction)
    return PlanState(
        phase=Phase.ENTERING,
        trade=plan.trade + 1,
        direction=direction,
        reference_ticks=close_ticks,
        entry_ticks=ticks,
        entry_lots=lots,
        entry_close_ms=close_ms,
    )


def close(plan: PlanState, reason: ExitReason) -> PlanState:
    """The plan once it is decided to close; a closing under way keeps its first reason."""
    if plan.phase in (Phase.FLAT, Phase.CLOSING):
        return plan
    return replace(plan, phase=Phase.CLOSING, entry_over=True, exit_reason=reason.value)
