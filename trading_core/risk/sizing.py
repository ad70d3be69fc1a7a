"""Sizing: how many lots an entry gets, or the numbers that forbid it."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.market.instrument import Instrument
from trading_core.money import PPM, amount, mul_div_floor, plain
from trading_core.plan.distances import stop_distance
from trading_core.plan.params import PlanParams, RiskParams, SizeMode, legs_quote
from trading_core.plan.progress import leg_orders
from trading_core.plan.progress import sized as sized_plan
from trading_core.plan.state import Leg, PlanState
from trading_core.risk.denial import Denial, DenialCode


@dataclass(frozen=True, slots=True)
class Sized:
    """An entry with the legs it may be followed by, all at the price of the decision."""

    lots: int
    ticks: int
    legs: tuple[Leg, ...]

    @property
    def tick_lots(self) -> int:
        """Σ ticks·lots of entry and legs."""
        return self.ticks * self.lots + sum(leg.ticks * leg.lots for leg in self.legs)

    @property
    def all_lots(self) -> int:
        """Lots of entry and legs together."""
        return self.lots + sum(leg.lots for leg in self.legs)


def asked_quote(params: PlanParams, equity: int, stop_ppm: int) -> int:
    """Money units the plan asks an entry to be worth; ``stop_ppm`` is the distance of its stop."""
    if params.size.mode is SizeMode.QUOTE:
        return params.size.quote
    share = max(0, mul_div_floor(equity, params.size.equity_ppm, PPM))
    return share if params.size.mode is SizeMode.EQUITY_PCT else mul_div_floor(share, PPM, stop_ppm)


def sizing_equity(params: PlanParams, equity: int, start: int) -> int:
    """Money units that count as equity for sizing: gains since the start only as far as they are reinvested."""
    gained = equity - start
    return equity if gained <= 0 else start + mul_div_floor(gained, params.size.reinvest_ppm, PPM)


def size_entry(
    params: PlanParams, risk: RiskParams, instrument: Instrument, drawn: PlanState, *, equity: int
) -> Sized | Denial:
    """Return the lots of an entry whose distances are drawn, or why there can be none.

    The cap on a position counts the legs: what they may take is taken from the entry. Sized by its risk,
    an entry loses at its stop no more than asked, fees and slippage apart.
    """
    ticks = drawn.entry_ticks or drawn.reference_ticks
    legs_worth = legs_quote(params.averaging)
    room = risk.max_position_quote - legs_worth
    if room <= 0:
        return Denial(
            DenialCode.MAX_EXPOSURE,
            {
                "legs": plain(amount(legs_worth)),
                "limit": plain(amount(risk.max_position_quote)),
                "coin": instrument.settle_coin,
            },
        )
    quote = min(asked_quote(params, equity, stop_distance(params, drawn)), room)
    lots = instrument.lots_for(quote, ticks)
    drawn = sized_plan(drawn, lots=lots, quote=instrument.notional_floor(ticks * lots))
    sized = Sized(lots, ticks, leg_orders(params, drawn, ticks, 1, instrument))
    return _too_small(sized, instrument) or _too_large(sized, instrument) or sized


def _too_small(sized: Sized, instrument: Instrument) -> Denial | None:
    """Refuse a plan of which any part is below the exchange's minima."""
    parts = [("the entry", sized.ticks, sized.lots)]
    parts += [(f"leg {k}", leg.ticks, leg.lots) for k, leg in enumerate(sized.legs, 1)]
    for what, ticks, lots in parts:
        worth = instrument.notional_floor(ticks * lots)
        if lots < instrument.min_lots or worth < instrument.min_notional:
            numbers: dict[str, str | int] = {
                "what": what,
                "lots": lots,
                "quote": plain(amount(worth)),
                "min_lots": instrument.min_lots,
                "min_quote": plain(amount(instrument.min_notional)),
                "coin": instrument.settle_coin,
            }
            return Denial(DenialCode.TOO_SMALL, numbers)
    return None


def _too_large(sized: Sized, instrument: Instrument) -> Denial | None:
    """Refuse a position that one market order could not close."""
    if sized.all_lots <= instrument.max_market_lots:
        return None
    numbers: dict[str, str | int] = {"lots": sized.all_lots, "max_lots": instrument.max_market_lots}
    return Denial(DenialCode.TOO_LARGE, numbers)
