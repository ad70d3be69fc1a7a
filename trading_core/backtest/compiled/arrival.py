"""What the exchange checks before it accepts a command: ``simulator.arrival`` over tables.

Each check returns why it refuses, or OK; the numbers of a refusal stand in TOLD_A and TOLD_B.
"""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import (
    PPM,
    available,
    exposure,
    margin_of,
    mul_div_ceil,
    mul_div_floor,
    notional_ceil,
    opening_lots,
    tier_of,
)
from trading_core.plan.jit import kernel


@kernel
def reducible(w: World, s: int, sign: int, lots: int) -> int:
    """Lots of a reduce-only order that the position can give; 0: none."""
    held = w.books[s, at.LOTS]
    if sign * held >= 0:
        return 0
    return int(min(lots, abs(held)))


@kernel
def check_size(w: World, s: int, lots: int, ticks: int) -> int:
    """Quantities and prices outside the contract's bounds."""
    if lots < w.contracts[s, at.MIN_LOTS]:
        return at.TOO_FEW
    most = w.contracts[s, at.MAX_MARKET] if ticks == at.NONE else w.contracts[s, at.MAX_LOTS]
    if lots > most:
        return at.TOO_MANY
    if ticks != at.NONE and ticks <= 0:
        return at.NO_PRICE
    return at.OK


@kernel
def check_limit(w: World, s: int, sign: int, ticks: int) -> int:
    """A price too far beyond the market, whose last price is mark and index too."""
    mark = w.books[s, at.PRICE]
    if sign * (ticks - mark) <= 0 or w.matching[at.PRICE_LIMITS] == 0:
        return at.OK
    x, y = w.contracts[s, at.LIMIT_X], w.contracts[s, at.LIMIT_Y]
    if sign > 0:
        limit = min(max(mark, mul_div_floor(mark, PPM + x, PPM)), mul_div_floor(mark, PPM + y, PPM))
    else:
        lowest = max(min(mark, mul_div_ceil(mark, PPM - x, PPM)), mul_div_ceil(mark, PPM - y, PPM))
        limit = max(1, lowest)
    w.account[at.TOLD_A], w.account[at.TOLD_B] = ticks, limit
    return at.BEYOND_LIMIT if sign * (ticks - limit) > 0 else at.OK


@kernel
def check_value(w: World, s: int, lots: int, ticks: int, reduces: int) -> int:
    """Orders worth less than the minimum; those that only close may be worth anything."""
    small = reduces == 0 and notional_ceil(w, s, ticks * lots) < w.contracts[s, at.MIN_NOTIONAL]
    return at.TOO_SMALL if small else at.OK


@kernel
def check_stop(w: World, sign: int, stop: int, reference: int) -> int:
    """A stop that isn't on the losing side of a price."""
    if stop > 0 and sign * (reference - stop) > 0:
        return at.OK
    w.account[at.TOLD_A], w.account[at.TOLD_B] = stop, reference
    return at.WRONG_STOP


@kernel
def limit_at(w: World, s: int, leverage: int) -> int:
    """The highest position value at that leverage, money units; 0 if no tier allows it."""
    highest = 0
    for tier in range(w.contracts[s, at.TIERS]):
        if w.tiers[s, tier, at.TIER_LEVERAGE] >= leverage:
            highest = max(highest, w.tiers[s, tier, at.TIER_LIMIT])
    return int(highest)


@kernel
def check_margin(w: World, s: int, sign: int, lots: int, ticks: int, reduces: int, without: int) -> int:
    """What the account can't afford, or the risk limit forbids, of what would be opened."""
    opening = 0 if reduces != 0 else opening_lots(w, s, sign, lots)
    if opening == 0:
        return at.OK
    value = exposure(w, s, sign, without) + notional_ceil(w, s, opening * ticks)
    last = w.contracts[s, at.TIERS] - 1
    if value > w.tiers[s, last, at.TIER_LIMIT]:
        return at.TOP_TIER
    if value > limit_at(w, s, w.books[s, at.LEVERAGE]):
        w.account[at.TOLD_A] = value
        return at.RISK_LIMIT
    if margin_of(w, s, sign, lots, ticks) > available(w, without):
        return at.NO_BALANCE
    return at.OK


@kernel
def check_order(w: World, s: int, row: int) -> int:
    """Whether an order is accepted; the lots that the exchange takes of it go into SIZE."""
    order = w.orders[row]
    sign, asked, ticks, reduces = order[at.SIGN], order[at.ASKED], order[at.TICKS], order[at.REDUCES]
    market = w.books[s, at.PRICE]
    lots = reducible(w, s, sign, asked) if reduces != 0 else asked
    if lots == 0 and reduces != 0:
        return at.NOTHING_TO_REDUCE
    refused = check_size(w, s, asked, ticks)
    if refused == at.OK and ticks != at.NONE:
        refused = check_limit(w, s, sign, ticks)
    reference = market if ticks == at.NONE else ticks
    if refused == at.OK:
        refused = check_value(w, s, lots, reference, reduces)
    if refused == at.OK and order[at.ATTACHED] != at.NONE:
        refused = check_stop(w, sign, order[at.ATTACHED], reference)
    if refused == at.OK:
        refused = check_margin(w, s, sign, lots, reference, reduces, at.NONE)
    if refused == at.OK:
        w.orders[row, at.SIZE] = lots
    return int(refused)


@kernel
def check_amendment(w: World, s: int, row: int, asked: int, ticks: int) -> int:
    """Whether an order may be amended; the whole quantity it gets then goes into TOLD_A."""
    order = w.orders[row]
    sign, reduces, filled = order[at.SIGN], order[at.REDUCES], order[at.FILLED]
    lots = asked
    if (lots == order[at.SIZE] and ticks == order[at.TICKS]) or lots <= filled:
        return at.REFUSED
    refused = check_size(w, s, lots, ticks)
    if refused == at.OK and ticks != order[at.TICKS]:
        refused = check_limit(w, s, sign, ticks)
    if refused == at.OK and reduces != 0:
        lots = filled + reducible(w, s, sign, lots - filled)
        if lots == filled:
            return at.REFUSED
    if refused == at.OK:
        refused = check_value(w, s, lots, ticks, reduces)
    if refused == at.OK:
        refused = check_margin(w, s, sign, lots - filled, ticks, reduces, row)
    w.account[at.TOLD_A] = lots
    return int(refused)


@kernel
def check_leverage(w: World, s: int, leverage: int) -> int:
    """Leverage above the tier of position and orders, below one, or what it is already."""
    if leverage < PPM:
        return at.REFUSED
    value = max(exposure(w, s, 1, at.NONE), exposure(w, s, -1, at.NONE))
    too_high = leverage > w.tiers[s, tier_of(w, s, value), at.TIER_LEVERAGE]
    return at.REFUSED if too_high or leverage == w.books[s, at.LEVERAGE] else at.OK
