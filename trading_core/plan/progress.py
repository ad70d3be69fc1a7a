"""How a plan moves on: phases follow from the facts, entries and exits from decisions."""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.intent import ExitReason
from trading_core.execution.order import Role
from trading_core.market.instrument import Instrument
from trading_core.plan.desired import Standing
from trading_core.plan.distances import drawn_stop, first_limit, rungs_of
from trading_core.plan.kernel import below_ticks, lots_of
from trading_core.plan.params import EntryType, PlanParams
from trading_core.plan.recent import Recent
from trading_core.plan.state import Leg, Phase, PlanState


def progress(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, *, now_ms: int
) -> PlanState:
    """Return the plan as the facts leave it; the same facts again change nothing.

    ``now_ms`` (market clock) stamps the opening and the end of a position.
    """
    if standing.position.lots * plan.direction < 0:
        # Somebody else has turned it: no stop or target of this plan fits what is held now.
        plan = close(plan, ExitReason.EXTERNAL)
    if plan.phase is Phase.ENTERING:
        plan = _entering(params, plan, standing, instrument, now_ms)
    if plan.phase is Phase.OPEN and not standing.position.lots:
        plan = replace(plan, phase=Phase.CLOSING)
    if plan.phase is Phase.OPEN and params.averaging is not None and params.averaging.min_minutes:
        plan = _counted_legs(plan, standing, now_ms)
    if plan.phase is Phase.CLOSING:
        if plan.exit_ticks is not None and now_ms >= plan.exit_until_ms:
            plan = replace(plan, exit_ticks=None)  # what doesn't fill in time is closed at the market
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
    if _may_follow(params, plan, standing):
        return plan
    if held:
        return freeze(params, plan, standing, instrument)
    return plan if standing.orders else _flat(plan)


def _may_follow(params: PlanParams, plan: PlanState, standing: Standing) -> bool:
    """Whether an entry that ended unfilled waits for the market's next price."""
    if params.entry.type is not EntryType.POST_ONLY or plan.entry_over:
        return False
    missing = plan.entry_lots - standing.filled(plan.trade, Role.ENTRY, 0)
    return missing > 0 and plan.requotes < params.entry.requotes


def freeze(params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument) -> PlanState:
    """The plan once its entry has ended: base and leg prices fixed for good."""
    cost, lots = standing.position.cost, abs(standing.position.lots)
    return replace(
        plan,
        phase=Phase.OPEN,
        base_cost=cost,
        base_lots=lots,
        legs=leg_orders(params, plan, cost, lots, instrument),
    )


def leg_orders(
    params: PlanParams, plan: PlanState, cost: int, lots: int, instrument: Instrument
) -> tuple[Leg, ...]:
    """Prices and quantities of the legs for an entry at cost/lots ticks."""
    num, den = instrument.value_scale
    legs = []
    for rung in rungs_of(params, plan):
        ticks = below_ticks(cost, lots, rung.deviation_ppm, plan.direction)
        legs.append(Leg(ticks, lots_of(rung.quote, ticks, num, den)))
    return tuple(legs)


def _counted_legs(plan: PlanState, standing: Standing, now_ms: int) -> PlanState:
    """Note when a leg is filled: the next one has to wait."""
    lots = standing.taken(plan.trade, Role.AVERAGE)
    return plan if lots == plan.leg_lots else replace(plan, leg_lots=lots, leg_ms=now_ms, legs_wait=True)


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
    plan: PlanState,
    params: PlanParams,
    *,
    direction: int,
    close_ticks: int,
    close_ms: int,
    equity: int = 0,
    recent: Recent | None = None,
) -> PlanState:
    """The plan of a new trade decided at a close, its distances drawn; ``sized`` gives it its lots.

    ``recent`` must hold the candles the parameters ask for (``recent.candles_needed``).
    """
    range_ppm = recent.range_ppm(params.range_candles) if recent and params.range_candles else 0
    extreme = recent.extreme(params.extreme_candles, direction) if recent and params.extreme_candles else 0
    return PlanState(
        phase=Phase.ENTERING,
        trade=plan.trade + 1,
        direction=direction,
        reference_ticks=close_ticks,
        entry_ticks=first_limit(params, close_ticks, direction),
        entry_close_ms=close_ms,
        equity=equity,
        range_ppm=range_ppm,
        stop_ppm=drawn_stop(
            params, close_ticks=close_ticks, range_ppm=range_ppm, extreme_ticks=extreme, direction=direction
        ),
    )


def sized(plan: PlanState, *, lots: int, quote: int) -> PlanState:
    """The plan of a new trade with the size of its entry; ``quote`` is its worth in money units."""
    return replace(plan, entry_lots=lots, entry_quote=quote)


def patient(plan: PlanState, *, ticks: int, until_ms: int) -> PlanState:
    """The plan of a closing that may wait for its price, until its time is over."""
    if plan.phase is not Phase.CLOSING or not ticks:
        return plan
    return replace(plan, exit_ticks=ticks, exit_until_ms=until_ms)


def close(plan: PlanState, reason: ExitReason) -> PlanState:
    """The plan once it is decided to close; a closing under way keeps its first reason."""
    if plan.phase in (Phase.FLAT, Phase.CLOSING):
        return plan
    return replace(plan, phase=Phase.CLOSING, entry_over=True, exit_reason=reason.value)
