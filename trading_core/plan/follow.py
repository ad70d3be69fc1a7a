"""What a closed minute means to a trade under way: stops that tighten, targets that age, entries and legs that wait."""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.intent import ExitReason
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import MINUTE_MS
from trading_core.plan.desired import Standing, open_legs, target_base
from trading_core.plan.distances import target_distance
from trading_core.plan.kernel import below_ticks, break_even_ticks, is_inside, target_ticks, tighter
from trading_core.plan.params import EntryType, PlanParams
from trading_core.plan.progress import close
from trading_core.plan.recent import Tick
from trading_core.plan.state import Phase, PlanState


def follow(
    params: PlanParams,
    plan: PlanState,
    standing: Standing,
    instrument: Instrument,
    tick: Tick,
    *,
    now_ms: int,
    fee_ppm: int,
) -> PlanState:
    """Return the plan after a closed minute; the same minute again changes nothing.

    ``fee_ppm`` is what closing as a taker costs.
    """
    if plan.phase is Phase.ENTERING and not plan.entry_over:
        plan = _requoted(params, plan, tick)
    if not standing.position.lots or plan.phase not in (Phase.ENTERING, Phase.OPEN):
        return plan
    best = tick.high if plan.direction > 0 else tick.low
    plan = replace(plan, best_ticks=tighter(plan.best_ticks, best, plan.direction))
    plan = _aged(params, plan, now_ms)
    plan = _tightened(params, plan, standing, instrument, tick, fee_ppm)
    if plan.phase is Phase.OPEN:
        plan = _waiting_legs(params, plan, standing, instrument, tick, now_ms)
    return plan


def _requoted(params: PlanParams, plan: PlanState, tick: Tick) -> PlanState:
    """A post-only entry follows the market away from it, so often and so far as it may."""
    entry = params.entry
    if entry.type is not EntryType.POST_ONLY or plan.requotes >= entry.requotes or plan.entry_ticks is None:
        return plan
    ticks = below_ticks(tick.close, 1, entry.offset_ppm, plan.direction)
    farthest = target_ticks(plan.reference_ticks, 1, entry.chase_ppm, plan.direction)
    if plan.direction * (ticks - farthest) > 0 or plan.direction * (ticks - plan.entry_ticks) <= 0:
        return plan
    return replace(plan, entry_ticks=ticks, requotes=plan.requotes + 1)


def _aged(params: PlanParams, plan: PlanState, now_ms: int) -> PlanState:
    """The target that belongs to the position's age."""
    target = params.take_profit
    if target is None or not target.decay:
        return plan
    age = (now_ms - plan.opened_ms) // MINUTE_MS
    reached = [step.ppm for step in target.decay if step.minutes <= age]
    return replace(plan, target_ppm=reached[-1] if reached else None)


def _tightened(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, tick: Tick, fee_ppm: int
) -> PlanState:
    """Move the stop to where trailing and break-even have come, never back; close if the market is there already."""
    candidates = [
        *_trailed(params, plan, standing),
        *_break_even(params, plan, standing, instrument, fee_ppm),
    ]
    for level, reason in candidates:
        if tighter(plan.tightened_ticks, level, plan.direction) != plan.tightened_ticks:
            plan = replace(plan, tightened_ticks=level, tightened_by=reason.value)
    if plan.tightened_ticks and not is_inside(tick.close, plan.tightened_ticks, plan.direction):
        return close(plan, ExitReason(plan.tightened_by))
    return plan


def _trailed(params: PlanParams, plan: PlanState, standing: Standing) -> list[tuple[int, ExitReason]]:
    """Where the trailing stop and the trailing target have come to, once they are active."""
    position, found = standing.position, []
    trailing, target = params.stop.trailing, params.take_profit
    if trailing is not None:
        starts = target_ticks(position.cost, abs(position.lots), trailing.activation_ppm, plan.direction)
        found.append((starts, trailing.distance_ppm))
    if target is not None and target.trailing_ppm is not None:
        starts = target_ticks(
            *target_base(params, plan, position), target_distance(params, plan), plan.direction
        )
        found.append((starts, target.trailing_ppm))
    return [
        (below_ticks(plan.best_ticks, 1, distance, plan.direction), ExitReason.TRAILING)
        for starts, distance in found
        if plan.direction * (plan.best_ticks - starts) >= 0
    ]


def _break_even(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, fee_ppm: int
) -> list[tuple[int, ExitReason]]:
    wanted, position = params.stop.break_even, standing.position
    if wanted is None:
        return []
    cost, lots = position.cost, abs(position.lots)
    if plan.direction * (plan.best_ticks - target_ticks(cost, lots, wanted.trigger_ppm, plan.direction)) < 0:
        return []
    num, den = instrument.value_scale
    level = break_even_ticks(cost, lots, position.fees, num, den, fee_ppm, plan.direction)
    return [(target_ticks(level, 1, wanted.offset_ppm, plan.direction), ExitReason.BREAK_EVEN)]


def _waiting_legs(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, tick: Tick, now_ms: int
) -> PlanState:
    """Legs that wait for their time, or for the price to come back from its extreme."""
    averaging = params.averaging
    if averaging is None:
        return plan
    if plan.legs_wait and now_ms - plan.leg_ms >= averaging.min_minutes * MINUTE_MS:
        plan = replace(plan, legs_wait=False)
    if not averaging.retrace_ppm:
        return plan
    number, leg = next(open_legs(params, plan, standing, instrument), (0, None))
    if leg is None or plan.confirmed == number:
        return plan
    worst = tick.low if plan.direction > 0 else tick.high
    if not plan.extreme_ticks and plan.direction * (worst - leg.ticks) > 0:
        return plan
    extreme = tighter(plan.extreme_ticks, worst, -plan.direction)
    back = target_ticks(extreme, 1, averaging.retrace_ppm, plan.direction)
    if plan.direction * (tick.close - back) < 0:
        return replace(plan, extreme_ticks=extreme)
    return replace(plan, extreme_ticks=0, confirmed=number)
