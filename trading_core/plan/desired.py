"""What should stand on the exchange now: a pure function of plan, position and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trading_core.execution.difference import DesiredOrder
from trading_core.execution.order import EndedOrder, OpenOrder, OrderState, Role, Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.plan.kernel import is_inside, stop_ticks, target_ticks
from trading_core.plan.params import Base, PlanParams
from trading_core.plan.state import Phase, PlanState

LEG_REFUSALS_MAX = 3
"""After so many refusals a leg is given up."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that should stand for one symbol."""

    orders: tuple[DesiredOrder, ...]
    stop_ticks: int | None
    """The protective stop; None when nothing is held."""


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

    def refusals(self, trade: int, role: Role, leg: int) -> int:
        """How often an order was refused, by the venue or by us."""
        refused = (OrderState.REJECTED, OrderState.DENIED)
        same = (o for o in self.ended if (o.trade, o.role, o.leg) == (trade, role, leg))
        return sum(o.state in refused for o in same)


def protective_stop(params: PlanParams, plan: PlanState, position: Position) -> int | None:
    """The stop that belongs to a plan: held position or not, None only when flat.

    While the entry works it hangs on the price the entry was decided at, so that every part of it
    carries the same value; afterwards on the entry's or the position's average price.
    """
    if plan.phase is Phase.FLAT:
        return None
    cost, lots = plan.entry_ticks or plan.reference_ticks, 1
    if plan.base_lots:
        cost, lots = plan.base_cost, plan.base_lots
        if params.stop.base is Base.AVERAGE and position.lots:
            cost, lots = position.cost, abs(position.lots)
    return stop_ticks(cost, lots, params.stop.ppm, plan.direction)


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
    held_stop = stop if position.lots else None
    if plan.phase is Phase.CLOSING:
        return Desired(_exit(position, instrument), held_stop)
    orders: list[DesiredOrder] = []
    if plan.phase is Phase.ENTERING and not plan.entry_over:
        orders += _entry(plan, standing, stop)
    if position.lots and targets_allowed:
        orders += _target(params, plan, position, instrument)
    if plan.phase is Phase.OPEN and position.lots and legs_allowed and plan.legs_gate and stop is not None:
        orders += _legs(params, plan, standing, instrument, stop)
    return Desired(tuple(orders), held_stop)


def _exit(position: Position, instrument: Instrument) -> tuple[DesiredOrder, ...]:
    if not position.lots:
        return ()
    lots = min(abs(position.lots), instrument.max_market_lots)
    return (DesiredOrder(Role.EXIT, 0, Side.of(-position.lots), lots, None, reduce_only=True),)


def _entry(plan: PlanState, standing: Standing, stop: int | None) -> list[DesiredOrder]:
    """The entry, until it has ended once: an entry is never made twice."""
    if standing.entry_seen(plan.trade) and not standing.entry_open(plan.trade):
        return []
    lots = plan.entry_lots - standing.filled(plan.trade, Role.ENTRY, 0)
    side = Side.of(plan.direction)
    return [DesiredOrder(Role.ENTRY, 0, side, lots, plan.entry_ticks, reduce_only=False, stop_ticks=stop)]


def _target(
    params: PlanParams, plan: PlanState, position: Position, instrument: Instrument
) -> list[DesiredOrder]:
    """One reduce-only limit for the whole position."""
    target = params.take_profit
    if target is None:
        return []
    cost, lots = position.cost, abs(position.lots)
    if target.base is Base.ENTRY and plan.base_lots:
        cost, lots = plan.base_cost, plan.base_lots
    ticks = target_ticks(cost, lots, target.ppm, plan.direction)
    open_lots = min(abs(position.lots), instrument.max_lots)
    side = Side.of(-position.lots)
    return [DesiredOrder(Role.TAKE_PROFIT, 0, side, open_lots, ticks, reduce_only=True)]


def _legs(
    params: PlanParams, plan: PlanState, standing: Standing, instrument: Instrument, stop: int
) -> list[DesiredOrder]:
    """The nearest unfilled legs, as many as may rest at once, none at or beyond the stop."""
    resting = params.averaging.resting if params.averaging else 0
    orders: list[DesiredOrder] = []
    for number, leg in enumerate(plan.legs, 1):
        if len(orders) == resting or not is_inside(leg.ticks, stop, plan.direction):
            break
        lots = leg.lots - standing.filled(plan.trade, Role.AVERAGE, number)
        if lots < instrument.min_lots or _given_up(plan, standing, number):
            continue
        side = Side.of(plan.direction)
        orders.append(
            DesiredOrder(Role.AVERAGE, number, side, lots, leg.ticks, reduce_only=False, stop_ticks=stop)
        )
    return orders


def _given_up(plan: PlanState, standing: Standing, number: int) -> bool:
    return standing.refusals(plan.trade, Role.AVERAGE, number) >= LEG_REFUSALS_MAX
