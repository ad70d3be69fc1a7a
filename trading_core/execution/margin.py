"""Isolated margin: what a position and an order tie up, and where a position is taken over."""

from __future__ import annotations

from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import maintenance_of, tier_of
from trading_core.money import PPM, mul_div_ceil, mul_div_floor


def initial_margin(tick_lots: int, leverage_ppm: int, instrument: Instrument) -> int:
    """Money units tied up by Σ ticks·lots at that leverage, rounded up."""
    return mul_div_ceil(instrument.notional_ceil(tick_lots), PPM, leverage_ppm)


def maintenance_margin(tick_lots: int, instrument: Instrument) -> int:
    """Money units that must be left of a position worth Σ ticks·lots: the tier's rate less its deduction."""
    return maintenance_of(instrument.tiers, instrument.notional_ceil(tick_lots))


def liquidation_ticks(
    position: Position, leverage_ppm: int, instrument: Instrument, *, added: int = 0
) -> int | None:
    """Return the price that leaves only maintenance margin, rounded towards earlier; None when flat.

    Long: entry - (initial margin + ``added`` - maintenance margin) / size, with the rate and the deduction of the
    tier of the entry value; short: mirrored (Bybit, isolated margin).
    """
    if not position.lots:
        return None
    tier = tier_of(instrument.tiers, instrument.notional_ceil(position.cost))
    kept = PPM - mul_div_floor(PPM, PPM, leverage_ppm) + tier.maintenance_ppm
    more = tier.deduction + added
    deducted = PPM * instrument.tick_lots_floor(more) if more else 0
    if position.lots > 0:
        return mul_div_ceil(position.cost * kept - deducted, 1, PPM * position.lots)
    return mul_div_floor(position.cost * (2 * PPM - kept) + deducted, 1, PPM * -position.lots)


def bankruptcy_ticks(position: Position, leverage_ppm: int, instrument: Instrument, *, added: int = 0) -> int:
    """Return the price at which initial margin and ``added`` are gone, at least one tick; position not flat."""
    lost = mul_div_ceil(PPM, PPM, leverage_ppm)
    more = PPM * instrument.tick_lots_floor(added) if added else 0
    if position.lots > 0:
        return max(1, mul_div_floor(position.cost * (PPM - lost) - more, 1, PPM * position.lots))
    return mul_div_ceil(position.cost * (PPM + lost) + more, 1, PPM * -position.lots)


def opening_lots(*, lots: int, sign: int, position: Position) -> int:
    """The part of an order of that direction that would add to the position, not close it."""
    against = abs(position.lots) if position.lots * sign < 0 else 0
    return max(0, lots - against)
