"""Limits of a bot: each returns the numbers that refuse an entry, or None."""

from __future__ import annotations

from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.money import PPM, amount, mul_div_ceil, plain
from trading_core.plan.params import PlanParams, RiskParams
from trading_core.plan.progress import leg_orders
from trading_core.plan.state import Phase, PlanState
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.sizing import Sized


def cooldown_until(plan: PlanState, risk: RiskParams, timeframe: Timeframe) -> int:
    """The first close (ms) at which an entry is allowed again; 0 if there was no position.

    Counted in candles of the bot from the first close at or after the end of the last position.
    """
    if not plan.closed_ms:
        return 0
    first_close = -(-plan.closed_ms // timeframe.ms) * timeframe.ms
    return first_close + risk.cooldown_candles * timeframe.ms


def check_cooldown(
    plan: PlanState, risk: RiskParams, timeframe: Timeframe, *, close_ms: int
) -> Denial | None:
    """Refuse while the cooldown lasts."""
    until = cooldown_until(plan, risk, timeframe)
    if close_ms >= until:
        return None
    return Denial(DenialCode.COOLDOWN, {"until_ms": until, "candles": (until - close_ms) // timeframe.ms})


def check_positions(busy: int, risk: RiskParams) -> Denial | None:
    """Refuse when as many trades are under way as the bot may have."""
    if busy < risk.max_open_positions:
        return None
    return Denial(DenialCode.MAX_POSITIONS, {"open": busy, "limit": risk.max_open_positions})


def check_leverage(risk: RiskParams, instrument: Instrument) -> Denial | None:
    """Refuse a leverage the instrument doesn't offer."""
    if risk.leverage_ppm <= instrument.max_leverage * PPM:
        return None
    return Denial(
        DenialCode.LEVERAGE_LIMIT,
        {"leverage_ppm": risk.leverage_ppm, "limit": plain(instrument.max_leverage)},
    )


def margin_for(tick_lots: int, leverage_ppm: int, taker_ppm: int, instrument: Instrument) -> int:
    """Money units a position of Σ ticks·lots ties up: initial margin, and the fees in and out."""
    worth = instrument.notional_ceil(tick_lots)
    return mul_div_ceil(worth, PPM, leverage_ppm) + 2 * mul_div_ceil(worth, taker_ppm, PPM)


def planned_tick_lots(plan: PlanState, params: PlanParams, instrument: Instrument) -> int:
    """Σ ticks·lots a trade under way may come to, legs included."""
    if plan.phase is Phase.FLAT:
        return 0
    price = plan.entry_ticks or plan.reference_ticks
    cost, lots = (
        (plan.base_cost, plan.base_lots) if plan.base_lots else (price * plan.entry_lots, plan.entry_lots)
    )
    legs = plan.legs or leg_orders(params, plan, cost, lots, instrument)
    return cost + sum(leg.ticks * leg.lots for leg in legs)


def check_margin(sized: Sized, *, needed: int, available: int, instrument: Instrument) -> Denial | None:
    """Refuse a plan whose entry and legs the account can't carry."""
    if needed <= available:
        return None
    return Denial(
        DenialCode.NO_MARGIN,
        {
            "needed": plain(amount(needed)),
            "available": plain(amount(available)),
            "lots": sized.all_lots,
            "coin": instrument.settle_coin,
        },
    )
