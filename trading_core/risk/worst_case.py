"""The worst case of a plan before it is dared: every leg filled, then the stop, priced as the venue would.

What is assumed: prices move through each level without jumping over it, so that a resting order fills at
its price (maker fee), and a market entry and the stop lose the matching model's slippage (taker fee).
Funding is not in it; a market that jumps over the stop loses more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trading_core.execution.margin import (
    bankruptcy_ticks,
    initial_margin,
    liquidation_ticks,
    maintenance_margin,
)
from trading_core.execution.order import Side
from trading_core.execution.position import Position, apply
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil, mul_div_floor
from trading_core.plan.desired import Standing, protective_stop
from trading_core.plan.distances import stop_distance
from trading_core.plan.kernel import is_inside
from trading_core.plan.params import PlanParams, RiskParams
from trading_core.plan.progress import begin, freeze
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


def worst_case(
    params: PlanParams,
    risk: RiskParams,
    instrument: Instrument,
    pricing: Pricing,
    *,
    direction: int,
    price: int,
    equity: int,
) -> WorstCase | Denial:
    """Walk a plan down its ladder to the stop (up, for a short); a Denial if not even an entry comes of it."""
    plan = begin(PlanState(), params, direction=direction, close_ticks=price, close_ms=0, equity=equity)
    at = plan.entry_ticks or price
    sized = size_entry(params, risk, instrument, plan, equity=equity)
    denial = sized if isinstance(sized, Denial) else None
    quote = asked_quote(params, equity, stop_distance(params, plan))
    lots = instrument.lots_for(quote, at) if isinstance(sized, Denial) else sized.lots
    if denial is not None and lots < 1:
        return denial
    ladder = _Ladder(params, risk, instrument, pricing, direction)
    ladder.walk(plan, price, lots)
    last = ladder.steps[-1]
    exit_ticks = _taken_at(last.stop, -direction, pricing)
    taken_over = bankruptcy_ticks(last.position, risk.leverage_ppm, instrument)
    resting = min(params.averaging.resting, params.averaging.legs) if params.averaging else 0
    return WorstCase(
        instrument=instrument, direction=direction, price=price, equity=equity,
        leverage_ppm=risk.leverage_ppm, denial=denial, steps=tuple(ladder.steps),
        behind_stop=ladder.behind_stop, exit_ticks=exit_ticks,
        loss=ladder.loss_at(exit_ticks), liquidation_loss=ladder.loss_at(taken_over),
        tied_up=margin_for(last.position.cost, risk.leverage_ppm, pricing.fee_ppm(is_maker=False), instrument),
        slots=max(1, resting + (params.take_profit is not None)),
    )  # fmt: skip


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

    def walk(self, plan: PlanState, price: int, lots: int) -> None:
        """Fill the entry of a plan decided at that price, then every leg the stop lets fill."""
        is_maker = plan.entry_ticks is not None
        at = plan.entry_ticks or _taken_at(price, self.direction, self.pricing)
        fee = self._fill(at, lots, is_maker=is_maker)
        plan = freeze(self.params, plan, Standing(self.position, (), ()), self.instrument)
        self._step(plan, 0, at, lots, fee)
        for number, leg in enumerate(plan.legs, 1):
            if not is_inside(leg.ticks, self.steps[-1].stop, self.direction):
                self.behind_stop = number
                return
            fee = self._fill(leg.ticks, leg.lots, is_maker=True)
            self._step(plan, number, leg.ticks, leg.lots, fee)

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
