"""The worst case of a plan before it is dared: every leg filled, then the stop, priced as the venue would.

What is assumed: prices move through each level without jumping over it, so that a resting order fills at
its price (maker fee), and a market entry and the stop lose the matching model's slippage (taker fee); an
entry with a slippage cap fills at the cap. A leg that waits for the price to come back is bought that far
above its level. A stop drawn from the market is taken at its widest, unless the size of the entry hangs on
it: then as it would be drawn now. Trailing and break-even only tighten a stop: without them it is worse.
Funding is not in it; a market that jumps over the stop loses more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from trading_core.execution.margin import (
    bankruptcy_ticks,
    initial_margin,
    liquidation_ticks,
    maintenance_margin,
)
from trading_core.execution.order import EndedOrder, OrderState, Role, Side
from trading_core.execution.position import Position, apply
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil, mul_div_floor
from trading_core.plan.desired import Standing, open_legs, protective_stop
from trading_core.plan.distances import stop_distance
from trading_core.plan.kernel import is_inside, target_ticks
from trading_core.plan.params import Base, EntryType, PlanParams, RiskParams, SizeMode, Unit, ladder
from trading_core.plan.progress import begin, freeze
from trading_core.plan.progress import sized as sized_plan
from trading_core.plan.recent import Recent, candles_needed
from trading_core.plan.state import PlanState
from trading_core.risk.denial import Denial
from trading_core.risk.limits import margin_for
from trading_core.risk.sizing import asked_quote, size_entry


class Pricing(Protocol):
    """How fills are priced."""

    def slip_ticks(self, ticks: int) -> int:
        """Ticks lost by taking at that price."""

    def fee_ppm(self, *, is_maker: bool) -> int:
        """The fee rate of a maker or a taker."""


@dataclass(frozen=True, slots=True)
class Step:
    """The position once one part of the plan has filled. Prices are ticks, money is money units."""

    leg: int
    """0 is the entry."""
    ticks: int
    lots: int
    quote: int
    """Worth of the part."""
    fee: int
    too_small: bool
    """Whether the venue would refuse the part for its lots or its worth."""
    position: Position
    """With this part and all before it."""
    worth: int
    """Entry value of the position."""
    margin: int
    """Initial margin of the position."""
    maintenance: int
    liquidation: int
    stop: int
    """The stop that protects it from here on."""

    @property
    def room(self) -> int:
        """Ticks from the stop on to the liquidation; negative: the liquidation comes first."""
        direction = 1 if self.position.lots > 0 else -1
        return direction * (self.stop - self.liquidation)


@dataclass(frozen=True, slots=True)
class WorstCase:
    """One symbol and direction, from the entry to the stop, at a price and an equity."""

    instrument: Instrument
    direction: int
    price: int
    """Ticks at which the entry would be decided."""
    equity: int
    leverage_ppm: int
    denial: Denial | None
    """Why sizing would refuse the entry now."""
    steps: tuple[Step, ...]
    """Entry and legs in the order they fill; a leg that the stop would forestall ends the list."""
    behind_stop: int
    """The first leg at or behind the stop; 0: none."""
    exit_ticks: int
    """Where the stop fills, slippage included."""
    loss: int
    """Money lost at the stop, all fees included."""
    liquidation_loss: int
    """Money lost if the stop did not hold and the position were taken over, all fees included."""
    tied_up: int
    """Margin of the whole plan with the fees in and out, as the entry gate asks for it."""
    slots: int
    """The most orders that rest at once."""

    @property
    def last(self) -> Step:
        """The position at its largest."""
        return self.steps[-1]

    @property
    def exposure_ppm(self) -> int:
        """Worth of the largest position in parts per million of equity, rounded up; 0 without equity."""
        return mul_div_ceil(self.last.worth, PPM, self.equity) if self.equity > 0 else 0

    @property
    def loss_ppm(self) -> int:
        """Loss at the stop in parts per million of equity, rounded up; 0 without equity."""
        return mul_div_ceil(self.loss, PPM, self.equity) if self.equity > 0 else 0


def draw(
    params: PlanParams, *, direction: int, price: int, equity: int, recent: Recent | None
) -> PlanState | None:
    """The plan of an entry decided at that price; None if its distances hang on candles nobody has."""
    legs, by_risk = params.averaging, params.size.mode is SizeMode.RISK_PCT
    asks = (legs is not None and legs.unit is Unit.ATR) or (params.stop.drawn is not None and by_risk)
    if asks and (recent is None or len(recent) < candles_needed(params)):
        return None
    plan = begin(
        PlanState(), params, direction=direction, close_ticks=price, close_ms=0, equity=equity, recent=recent
    )
    return plan if by_risk else replace(plan, stop_ppm=0)


def worst_case(
    params: PlanParams,
    risk: RiskParams,
    instrument: Instrument,
    pricing: Pricing,
    drawn: PlanState,
    *,
    equity: int,
) -> WorstCase | Denial:
    """Walk a drawn plan down its ladder to the stop (up, for a short).

    A Denial if not even an entry comes of it. ``equity`` is what shares are told of; the plan was drawn with
    what counts for sizing.
    """
    at = drawn.entry_ticks or drawn.reference_ticks
    sized = size_entry(params, risk, instrument, drawn, equity=drawn.equity)
    if isinstance(sized, Denial):
        lots = instrument.lots_for(asked_quote(params, drawn.equity, stop_distance(params, drawn)), at)
        if lots < 1:
            return sized
    else:
        lots = sized.lots
    walked = _Ladder(params, risk, instrument, pricing, drawn.direction)
    walked.walk(sized_plan(drawn, lots=lots, quote=instrument.notional_floor(at * lots)))
    last = walked.steps[-1]
    exit_ticks = _taken_at(last.stop, -drawn.direction, pricing)
    taken_over = bankruptcy_ticks(last.position, risk.leverage_ppm, instrument)
    return WorstCase(
        instrument=instrument, direction=drawn.direction, price=drawn.reference_ticks, equity=equity,
        leverage_ppm=risk.leverage_ppm, denial=sized if isinstance(sized, Denial) else None,
        steps=tuple(walked.steps), behind_stop=walked.behind_stop, exit_ticks=exit_ticks,
        loss=walked.loss_at(exit_ticks), liquidation_loss=walked.loss_at(taken_over),
        tied_up=margin_for(last.position.cost, risk.leverage_ppm, pricing.fee_ppm(is_maker=False), instrument),
        slots=max(1, _resting(params) + _targets(params)),
    )  # fmt: skip


def _resting(params: PlanParams) -> int:
    """The most legs that stand at once."""
    legs = params.averaging
    if legs is None:
        return 0
    one_by_one = legs.base is Base.AVERAGE or legs.retrace_ppm
    return 1 if one_by_one else min(legs.resting, len(ladder(legs)))


def _targets(params: PlanParams) -> int:
    target = params.take_profit
    return 0 if target is None else len(target.steps) + (target.trailing_ppm is None)


def _taken_at(ticks: int, sign: int, pricing: Pricing) -> int:
    """Where an order that takes fills when the market stands there; +1 buys."""
    return max(1, ticks + sign * pricing.slip_ticks(ticks))


class _Ladder:
    """The position while the plan's parts fill one after the other."""

    def __init__(
        self,
        params: PlanParams,
        risk: RiskParams,
        instrument: Instrument,
        pricing: Pricing,
        direction: int,
    ) -> None:
        self.params = params
        self.risk = risk
        self.instrument = instrument
        self.pricing = pricing
        self.direction = direction
        self.position = Position()
        self.steps: list[Step] = []
        self.behind_stop = 0

    def walk(self, plan: PlanState) -> None:
        """Fill the entry of a sized plan, then every leg the stop lets fill."""
        at, lots, is_maker = (
            self._entry(plan),
            plan.entry_lots,
            self.params.entry.type is not EntryType.MARKET,
        )
        fee = self._fill(at, lots, is_maker=is_maker)
        plan = freeze(self.params, plan, self._standing(plan), self.instrument)
        self._step(plan, 0, at, lots, fee)
        while (
            found := next(open_legs(self.params, plan, self._standing(plan), self.instrument), None)
        ) is not None:
            number, leg = found
            if not is_inside(leg.ticks, self.steps[-1].stop, self.direction):
                self.behind_stop = number
                return
            at, is_maker = self._leg(leg.ticks)
            fee = self._fill(at, leg.lots, is_maker=is_maker)
            self._step(plan, number, at, leg.lots, fee)

    def _entry(self, plan: PlanState) -> int:
        return plan.entry_ticks or _taken_at(plan.reference_ticks, self.direction, self.pricing)

    def _leg(self, ticks: int) -> tuple[int, bool]:
        """Where a leg fills, and whether it rests there."""
        retrace = self.params.averaging.retrace_ppm if self.params.averaging else 0
        if not retrace:
            return ticks, True
        return _taken_at(target_ticks(ticks, 1, retrace, self.direction), self.direction, self.pricing), False

    def _standing(self, plan: PlanState) -> Standing:
        """The facts as they are once the steps have happened."""
        filled = OrderState.FILLED
        ended = [
            EndedOrder(plan.trade, Role.AVERAGE if step.leg else Role.ENTRY, step.leg, 0, filled, step.lots)
            for step in self.steps
        ]
        return Standing(self.position, (), ended)

    def loss_at(self, ticks: int) -> int:
        """Money lost by closing everything there as a taker, the fees of all parts included."""
        lots = abs(self.position.lots)
        gained = self.instrument.notional_floor(self.direction * (ticks * lots - self.position.cost))
        return self.position.fees + self._fee(ticks, lots, is_maker=False) - gained

    def _fill(self, ticks: int, lots: int, *, is_maker: bool) -> int:
        fee = self._fee(ticks, lots, is_maker=is_maker)
        side = Side.of(self.direction)
        self.position = apply(
            self.position, side=side, ticks=ticks, lots=lots, fee=fee, instrument=self.instrument
        )
        return fee

    def _fee(self, ticks: int, lots: int, *, is_maker: bool) -> int:
        worth = self.instrument.notional_ceil(ticks * lots)
        return mul_div_ceil(worth, self.pricing.fee_ppm(is_maker=is_maker), PPM)

    def _step(self, plan: PlanState, leg: int, ticks: int, lots: int, fee: int) -> None:
        position, instrument, leverage = self.position, self.instrument, self.risk.leverage_ppm
        stop = protective_stop(self.params, plan, position)
        liquidation = liquidation_ticks(position, leverage, instrument)
        assert stop is not None
        assert liquidation is not None
        worth = instrument.notional_floor(ticks * lots)
        self.steps.append(
            Step(
                leg=leg, ticks=ticks, lots=lots, quote=instrument.notional_ceil(ticks * lots), fee=fee,
                too_small=lots < instrument.min_lots or worth < instrument.min_notional,
                position=position, worth=instrument.notional_ceil(position.cost),
                margin=initial_margin(position.cost, leverage, instrument),
                maintenance=maintenance_margin(position.cost, instrument),
                liquidation=liquidation, stop=stop,
            )
        )  # fmt: skip


def room_ppm(step: Step) -> int:
    """Distance from the stop to the liquidation in parts per million of the average price, rounded down."""
    return mul_div_floor(step.room * abs(step.position.lots), PPM, step.position.cost)
