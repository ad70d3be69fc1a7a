"""Isolated margin: what a position and an order tie up, and where a position is taken over."""

from __future__ import annotations

from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil, mul_div_floor


def initial_margin(tick_lots: int, leverage_ppm: int, instrument: Instrument) -> int:
    """Money units tied up by Σ ticks·lots at that leverage, rounded up."""
    return mul_div_ceil(instrument.notional_ceil(tick_lots), PPM, leverage_ppm)


def maintenance_margin(tick_lots: int, instrument: Instrument) -> int:
    """Money units that must be left of a position worth Σ ticks·lots, rounded up."""
    return mul_div_ceil(instrument.notional_ceil(tick_lots), instrument.maintenance_ppm, PPM)


def liquidation_ticks(position: Position, leverage_ppm: int, instrument: Instrument) -> int | None:
    """Return the price that leaves only maintenance margin, rounded towards earlier; None when flat.

    Long: entry · (1 - 1/leverage + maintenance); short: mirrored (Bybit, isolated margin, entry value).
    """
    kept = PPM - mul_div_floor(PPM, PPM, leverage_ppm) + instrument.maintenance_ppm
    if position.lots > 0:
        return mul_div_ceil(position.cost, kept, PPM * position.lots)
    if position.lots < 0:
        return mul_div_floor(position.cost, 2 * PPM - kept, PPM * -position.lots)
    return None


def bankruptcy_ticks(position: Position, leverage_ppm: int) -> int:
    """Return the price at which the initial margin is gone, at least one tick; position not flat."""
    lost = mul_div_ceil(PPM, PPM, leverage_ppm)
    if position.lots > 0:
        return max(1, mul_div_floor(position.cost, PPM - lost, PPM * position.lots))
    return mul_div_ceil(position.cost, PPM + lost, PPM * -position.lots)


def opening_lots(*, lots: int, sign: int, position: Position) -> int:
    """The part of an order of that direction that would add to the position, not close it."""
    against = abs(position.lots) if position.lots * sign < 0 else 0
    return max(0, lots - against)
