"""What should stand on the exchange now: a pure function of plan, position and orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trading_core.execution.difference import DesiredOrder
from trading_core.execution.order import EndedOrder, OpenOrder, OrderState, Role, Side, TimeInForce
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.plan.distances import (
    first_limit,
    moves_with_average,
    rungs_of,
    stop_distance,
    target_distance,
)
from trading_core.plan.kernel import below_ticks, is_inside, lots_of, stop_ticks, target_ticks, tighter
from trading_core.plan.params import Base, EntryType, PlanParams
from trading_core.plan.state import Leg, Phase, PlanState

ADDED_LEG = 100
"""Numbers of what a person adds begin behind this: ladders are shorter."""
LEG_REFUSALS_MAX = 3
"""After so many refusals a leg is given up."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that should stand for one symbol."""

    orders: tuple[DesiredOrder, ...]
    stop_ticks: int | None
    """The protective stop; None when nothing is held that the plan means."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is: the facts a plan is compared with."""

    position: Position
    orders: Sequence[OpenOrder]
    ended: Sequence[EndedOrder]

    def entry_open(self, trade: int) -> bool:
        """Whether the trade's entry may still execute."""
        return any(o.trade == trade and o.role is Role.ENTRY and o.filled < o.lots for o in self.orders)

    def entry_seen(self, trade: int) -> bool:
        """Whether the trade's entry was ever made."""
        orders: tuple[OpenOrder | EndedOrder, ...] = (*self.orders, *self.ended)
        return any(o.trade == trade and o.role is Role.ENTRY for o in orders)

    def filled(self, trade: int, role: Role, leg: int) -> int:
        """Lots executed by all revisions of an order."""
        orders: tuple[OpenOrder | EndedOrder, ...] = (*self.orders, *self.ended)
        return sum(o.filled for o in orders if (o.trade, o.role, o.leg) == (trade, role, leg))

    def ended_times(self, trade: int, role: Role) -> int:
        """How many orders of a role have ended."""
        return sum((o.trade, o.role) == (trade, role) for o in self.ended)

    def taken(self, trade: int, role: Role) -> int:
        """Lots executed by all orders of a role."""
        orders: tuple[OpenOrder | EndedOrder, ...] = (*self.orders, *self.ended)
        return sum(o.filled for o in orders if (o.trade, o.role) == (trade, role))

    def refusals(self, trade: int, role: Role, leg: int) -> int:
        """How often an order was refused, by the venue or by us."""
        refused = (OrderState.REJECTED, OrderState.DENIED)
        same = (o for o in self.ended if (o.trade, o.role, o.leg) == (trade, role, leg))
        return sum(o.state in refused for o in same)


def protective_stop(params: PlanParams, plan: PlanState, position: Position) -> int | None:
    """The stop that belongs to a plan: held position or not, None only when flat.

    While the entry works it hangs on the price the entry was decided at, so that every part of it
    carries the same value; afterwards on the entry's or the position's average price, or where trailing
    and break-even have moved it to.
    """
    if plan.phase is Phase.FLAT:
        return None
    cost = first_limit(params, plan.reference_ticks, plan.direction) or plan.reference_ticks
    lots = 1
    if plan.base_lots:
        cost, lots = plan.base_cost, plan.base_lots
        if params.stop.base is Base.AVERAGE and position.lots:
            cost, lots = position.cost, abs(position.lots)
    stop = stop_ticks(cost, lots, stop_distance(params, plan), plan.direction)
    return tighter(stop, plan.tightened_ticks, plan.direction)


def desired(
    params: PlanParams,
    plan: PlanState,
    standing: Standing,
    instrument: Instrument,
    *,
    legs_allowed: bool = True,
    targets_allowed: bool = True,
) -> Desired:
    """Return what should stand. Calling it again with the same facts returns the same."""
    position = standing.position
    stop = protective_stop(params, plan, position)
    held_stop = stop if position.lots * plan.direction > 0 else None
    if plan.phase is Phase.CLOSING:
        return Desired(_exit(plan, position, instrument), held_stop)
    orders: list[DesiredOrder] = []
    if plan.phase is Phase.ENTERING and not plan.entry_over:
        orders += _entry(params, plan, standing, stop)
    if plan.phase is Phase.OPEN and position.lots:
        orders += _by_hand(plan, standing, stop, adds_allowed=legs_allowed)
    if position.lots and targets_allowed:
        orders += _targets(params, plan, standing, instrument)
    if plan.phase is Phase.OPEN and position.lots and legs_allowed and plan.legs_gate and stop is not None:
        orders += _legs(params, plan, standing, instrument, stop)
    return Desired(tuple(orders), held_stop)


def _by_hand(
    plan: PlanState, standing: Standing, stop: int | None, *, adds_allowed: bool
) -> Iterator[DesiredOrder]:
    """Market orders for what a person asked, each made once: what doesn't fill is not tried again."""
    for number, wish in enumerate(plan.by_hand, 1):
        role, leg = (Role.AVERAGE, ADDED_LEG + number) if wish.lots > 0 else (Role.EXIT, number)
        if any((o.trade, o.role, o.leg) == (plan.trade, role, leg) for o in standing.ended):
            continue
        if wish.lots > 0:
            if adds_allowed:
                side = Side.of(plan.direction)
                yield DesiredOrder(role, leg, side, wish.lots, None, reduce_only=False, stop_ticks=stop)
        else:
            lots = min(-wish.lots, abs(standing.position.lots))
            yield DesiredOrder(role, leg, Side.of(-plan.direction), lots, None, reduce_only=True)


def _exit(plan: PlanState, position: Position, instrument: Instrument) -> tuple[DesiredOrder, ...]:
    if not position.lots:
        return ()
    most = instrument.max_market_lots if plan.exit_ticks is None else instrument.max_lots
    lots = min(abs(position.lots), most)
    return (DesiredOrder(Role.EXIT, 0, Side.of(-position.lots), lots, plan.exit_ticks, reduce_only=True),)


_FORCES = {
    EntryType.MARKET: TimeInForce.IOC,
    EntryType.LIMIT: TimeInForce.GTC,
    EntryType.POST_ONLY: TimeInForce.POST_ONLY,
}


def _entry(params: PlanParams, plan: PlanState, standing: Standing, stop: int | None) -> list[DesiredOrder]:
    """The entry, until it has ended once: only one that follows the market is made again."""
    is_over = standing.entry_seen(plan.trade) and not standing.entry_open(plan.trade)
    if is_over and standing.ended_times(plan.trade, Role.ENTRY) > plan.requotes:
        return []
    lots = plan.entry_lots - standing.filled(plan.trade, Role.ENTRY, 0)
    side, force = Side.of(plan.direction), _FORCES[params.entry.type]
    return [
        DesiredOrder(
            Role.ENTRY, 0, side, lots, plan.entry_ticks, reduce_only=False, stop_ticks=stop, force=force
        )
    ]


def _targets(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument
) -> list[DesiredOrder]:
    """Reduce-only limits: one for each step that isn't taken yet, and one for what they leave.

    Dust that no order could close joins the last of them.
    """
    target = params.take_profit
    if target is None:
        return []
    rest = abs(standing.position.lots)
    bought = rest + standing.taken(plan.trade, Role.TAKE_PROFIT)
    wanted: list[tuple[int, int, int]] = []
    for number, step in enumerate(target.steps, 1):
        lots = bought * step.share_ppm // PPM - standing.filled(plan.trade, Role.TAKE_PROFIT, number)
        lots = min(lots, rest)
        if lots >= instrument.min_lots:
            wanted.append((number, lots, step.ppm))
            rest -= lots
    if target.trailing_ppm is None:
        if rest >= instrument.min_lots or not wanted:
            wanted.append((0, rest, target_distance(params, plan)))
        else:
            number, lots, ppm = wanted[-1]
            wanted[-1] = (number, lots + rest, ppm)
    return [_target(params, plan, standing.position, instrument, *one) for one in wanted]


def _target(
    params: PlanParams, plan: PlanState, position: Position, instrument: Instrument, leg: int, lots: int, ppm: int
) -> DesiredOrder:  # fmt: skip
    cost, whole = target_base(params, plan, position)
    ticks = target_ticks(cost, whole, ppm, plan.direction)
    side = Side.of(-position.lots)
    return DesiredOrder(Role.TAKE_PROFIT, leg, side, min(lots, instrument.max_lots), ticks, reduce_only=True)


def target_base(params: PlanParams, plan: PlanState, position: Position) -> tuple[int, int]:
    """The price that targets are measured from, as the fraction cost/lots."""
    assert params.take_profit is not None
    if params.take_profit.base is Base.ENTRY and plan.base_lots:
        return plan.base_cost, plan.base_lots
    return position.cost, abs(position.lots)


def _legs(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, stop: int
) -> list[DesiredOrder]:
    """The nearest unfilled legs, as many as may rest at once, none at or beyond the stop."""
    averaging = params.averaging
    if averaging is None or plan.legs_wait:
        return []
    resting = 1 if averaging.retrace_ppm or averaging.base is Base.AVERAGE else averaging.resting
    orders: list[DesiredOrder] = []
    for number, leg in open_legs(params, plan, standing, instrument):
        if len(orders) == resting or not is_inside(leg.ticks, stop, plan.direction):
            break
        if averaging.retrace_ppm and plan.confirmed != number:
            break
        ticks = None if averaging.retrace_ppm else leg.ticks
        side = Side.of(plan.direction)
        orders.append(
            DesiredOrder(Role.AVERAGE, number, side, leg.lots, ticks, reduce_only=False, stop_ticks=stop)
        )
    return orders


def open_legs(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument
) -> Iterator[tuple[int, Leg]]:
    """Number, price and missing lots of the legs that are not filled yet, the nearest first."""
    for number, frozen in enumerate(plan.legs, 1):
        filled = standing.filled(plan.trade, Role.AVERAGE, number)
        leg = frozen
        if moves_with_average(params.averaging) and not filled:
            leg = _below_average(params, plan, standing.position, instrument, number)
        if leg.lots - filled >= instrument.min_lots and not _given_up(plan, standing, number):
            yield number, Leg(leg.ticks, leg.lots - filled)


def _below_average(
    params: PlanParams, plan: PlanState, position: Position, instrument: Instrument, number: int
) -> Leg:
    """A leg one step of its own below the position's average."""
    rungs = rungs_of(params, plan)
    before = rungs[number - 2].deviation_ppm if number > 1 else 0
    step = rungs[number - 1].deviation_ppm - before
    ticks = below_ticks(position.cost, abs(position.lots), step, plan.direction)
    return Leg(ticks, lots_of(rungs[number - 1].quote, ticks, *instrument.value_scale))


def _given_up(plan: PlanState, standing: Standing, number: int) -> bool:
    return standing.refusals(plan.trade, Role.AVERAGE, number) >= LEG_REFUSALS_MAX
