"""Isolated margin in integers: the sums of ``trading_core.simulator.margin`` over tables."""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.layout import World
from trading_core.plan.jit import inlined, kernel

PPM = 1_000_000


@inlined
def mul_div_floor(a: int, b: int, c: int) -> int:
    """a·b/c rounded down, c positive; exact in 64 bits if b·c and the result are."""
    return (a // c) * b + (a % c) * b // c


@inlined
def mul_div_ceil(a: int, b: int, c: int) -> int:
    """a·b/c rounded up; as ``mul_div_floor``."""
    return -mul_div_floor(-a, b, c)


@inlined
def notional_floor(w: World, s: int, tick_lots: int) -> int:
    """Money of Σ ticks·lots, rounded down."""
    return mul_div_floor(tick_lots, w.contracts[s, at.NUM], w.contracts[s, at.DEN])


@inlined
def notional_ceil(w: World, s: int, tick_lots: int) -> int:
    """Money of Σ ticks·lots, rounded up."""
    return mul_div_ceil(tick_lots, w.contracts[s, at.NUM], w.contracts[s, at.DEN])


@kernel
def initial_margin(w: World, s: int, tick_lots: int) -> int:
    """Money units tied up by Σ ticks·lots at the leverage of the book."""
    return mul_div_ceil(notional_ceil(w, s, tick_lots), PPM, w.books[s, at.LEVERAGE])


@kernel
def tier_of(w: World, s: int, value: int) -> int:
    """The tier of a position worth that many money units; the last one beyond all limits."""
    last = w.contracts[s, at.TIERS] - 1
    for tier in range(last):
        if value <= w.tiers[s, tier, at.TIER_LIMIT]:
            return tier
    return int(last)


@kernel
def liquidation_ticks(w: World, s: int) -> int:
    """Where the position is taken over; NONE when flat."""
    lots, cost = w.books[s, at.LOTS], w.books[s, at.COST]
    if lots == 0:
        return at.NONE
    tier = tier_of(w, s, notional_ceil(w, s, cost))
    kept = PPM - PPM * PPM // w.books[s, at.LEVERAGE] + w.tiers[s, tier, at.TIER_MAINTENANCE]
    deduction = w.tiers[s, tier, at.TIER_DEDUCTION]
    deducted = PPM * mul_div_floor(deduction, w.contracts[s, at.DEN], w.contracts[s, at.NUM])
    if lots > 0:
        return int(-((deducted - cost * kept) // (PPM * lots)))
    return int((cost * (2 * PPM - kept) + deducted) // (PPM * -lots))


@kernel
def bankruptcy_ticks(w: World, s: int) -> int:
    """The price at which the initial margin is gone, at least one tick; the position is not flat."""
    lots, cost = w.books[s, at.LOTS], w.books[s, at.COST]
    lost = -(-PPM * PPM // w.books[s, at.LEVERAGE])
    if lots > 0:
        return int(max(1, cost * (PPM - lost) // (PPM * lots)))
    return int(-(-cost * (PPM + lost) // (PPM * -lots)))


@inlined
def opening_lots(w: World, s: int, sign: int, lots: int) -> int:
    """The part of an order of that direction that would add to the position."""
    held = w.books[s, at.LOTS]
    against = abs(held) if held * sign < 0 else 0
    return int(max(0, lots - against))


@kernel
def margin_of(w: World, s: int, sign: int, lots: int, ticks: int) -> int:
    """Money units an order that may open ties up: margin of what it would open, and its fee as a taker."""
    opening = opening_lots(w, s, sign, lots)
    if opening == 0:
        return 0
    fee = mul_div_ceil(notional_ceil(w, s, opening * ticks), w.matching[at.TAKER], PPM)
    return initial_margin(w, s, opening * ticks) + fee


@kernel
def exposure(w: World, s: int, sign: int, without: int) -> int:
    """Money units that position and open orders of one direction would be worth, but for one order."""
    tick_lots = w.books[s, at.COST] if w.books[s, at.LOTS] * sign > 0 else 0
    for place in range(w.books[s, at.STANDING]):
        row = w.standing[s, place]
        order = w.orders[row]
        if row != without and order[at.SIGN] == sign and order[at.REDUCES] == 0:
            leaves = order[at.SIZE] - order[at.FILLED]
            tick_lots += opening_lots(w, s, sign, leaves) * order[at.TICKS]
    return notional_ceil(w, s, tick_lots)


@kernel
def available(w: World, without: int) -> int:
    """Money units free for new orders, as if one order (NONE: none) didn't stand."""
    free = w.account[at.WALLET]
    for s in range(len(w.books)):
        if w.books[s, at.LOTS] != 0:
            free -= initial_margin(w, s, w.books[s, at.COST])
        for place in range(w.books[s, at.STANDING]):
            row = w.standing[s, place]
            order = w.orders[row]
            if row != without and order[at.REDUCES] == 0:
                leaves = order[at.SIZE] - order[at.FILLED]
                free -= margin_of(w, s, order[at.SIGN], leaves, order[at.TICKS])
    return int(free)
