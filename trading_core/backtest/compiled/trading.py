"""Matching over tables: what an arriving order meets, and what follows from a fill (``simulator.matching``).

What happened is written straight into the tables: an order's row is what the exchange and the bot's
journal know of it, one execution more is one row more.
"""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import (
    PPM,
    bankruptcy_ticks,
    liquidation_ticks,
    mul_div_ceil,
    mul_div_floor,
    notional_ceil,
    notional_floor,
)
from trading_core.plan.jit import inlined, kernel

NEVER_FALLS = -1
NEVER_RISES = 1 << 62
E8 = 10**8


@inlined
def slip_ticks(w: World, ticks: int) -> int:
    """Ticks lost by taking at that price."""
    return int(max(w.matching[at.SPREAD], mul_div_ceil(ticks, w.matching[at.SLIP], PPM)))


@kernel
def share_of(w: World, s: int) -> int:
    """The lots that may be taken of the candle that is played; NONE: as many as one wants."""
    if w.matching[at.SHARE] == at.NONE:
        return at.NONE
    traded = max(0, w.books[s, at.VOLUME])
    smallest = mul_div_ceil(
        w.contracts[s, at.MIN_NOTIONAL], w.contracts[s, at.DEN], w.contracts[s, at.NUM] * w.books[s, at.OPEN]
    )
    smallest = max(smallest, w.contracts[s, at.MIN_LOTS])
    return int(min(traded, max(traded * w.matching[at.SHARE] // PPM, smallest)))


@kernel
def room(w: World, s: int) -> int:
    """The lots of the share that are not taken yet."""
    share = share_of(w, s)
    return NEVER_RISES if share == at.NONE else int(share - w.books[s, at.TAKEN])


@inlined
def join(w: World, s: int, row: int) -> None:
    """Put an order on the book."""
    w.standing[s, w.books[s, at.STANDING]] = row
    w.books[s, at.STANDING] += 1


@inlined
def part(w: World, s: int, row: int) -> bool:
    """Take an order off the book; False if it isn't there."""
    count = w.books[s, at.STANDING]
    for place in range(count):
        if w.standing[s, place] == row:
            for after in range(place + 1, count):
                w.standing[s, after - 1] = w.standing[s, after]
            w.books[s, at.STANDING] = count - 1
            return True
    return False


@inlined
def stands(w: World, s: int, row: int) -> bool:
    """Whether an order is on the book."""
    found = False
    for place in range(w.books[s, at.STANDING]):
        found |= w.standing[s, place] == row
    return bool(found)


@kernel
def leave(w: World, s: int, row: int, reason: int) -> None:
    """Take an order off the book, and say why."""
    part(w, s, row)
    w.orders[row, at.STATE] = at.CANCELLED
    w.orders[row, at.REASON] = reason


@kernel
def settle(w: World, s: int) -> None:
    """Find anew between which prices nothing happens; call after every change."""
    falls, rises = NEVER_FALLS, NEVER_RISES
    lots = w.books[s, at.LOTS]
    if lots != 0:
        liquidation, stop = liquidation_ticks(w, s), w.books[s, at.STOP]
        w.books[s, at.TAKEN_OVER] = liquidation
        if lots > 0:
            falls = max(liquidation, stop)
        else:
            rises = liquidation if stop == at.NONE else min(liquidation, stop)
    for place in range(w.books[s, at.STANDING]):
        row = w.standing[s, place]
        if w.orders[row, at.SIGN] > 0:
            falls = max(falls, w.orders[row, at.TICKS] - 1)
        else:
            rises = min(rises, w.orders[row, at.TICKS] + 1)
    w.books[s, at.FALLS], w.books[s, at.RISES] = falls, rises


@kernel
def crossing_price(w: World, s: int, row: int) -> int:
    """The price an arriving order takes at; NONE if it doesn't cross the market."""
    market, sign, ticks = w.books[s, at.PRICE], w.orders[row, at.SIGN], w.orders[row, at.TICKS]
    if ticks == at.NONE:
        lost = slip_ticks(w, market)
        most = w.orders[row, at.SLIPPAGE]
        if most != at.NONE and most < lost:
            return at.NONE
        return int(max(1, market + sign * lost))
    if sign * (ticks - market) <= 0:
        return at.NONE
    best = market + sign * w.matching[at.SPREAD]
    return int(max(1, min(ticks, best) if sign > 0 else max(ticks, best)))


@kernel
def arrive(w: World, s: int, row: int) -> None:
    """Match an accepted order with the market as it stands; what is left of it rests or leaves."""
    taken_at, force = crossing_price(w, s, row), w.orders[row, at.FORCE]
    if taken_at != at.NONE and force == at.POST_ONLY:
        leave(w, s, row, at.WOULD_TAKE)
        settle(w, s)
        return
    left = 0 if taken_at == at.NONE else room(w, s)
    if taken_at != at.NONE and left > 0:
        execute(w, s, row, taken_at, 0, left)
    elif w.orders[row, at.TICKS] == at.NONE or force == at.IOC:
        leave(w, s, row, at.NO_MATCH)
        settle(w, s)
    else:
        join(w, s, row)
        settle(w, s)


@kernel
def execute(w: World, s: int, row: int, ticks: int, maker: int, most: int) -> None:
    """Fill an order at a price, as far as ``most`` and reduce-only allow, and all that follows."""
    order = w.orders[row]
    sign, reduces = order[at.SIGN], order[at.REDUCES]
    leaves = order[at.SIZE] - order[at.FILLED]
    lots = min(leaves, abs(w.books[s, at.LOTS])) if reduces != 0 else leaves
    lots = min(lots, most)
    before = w.books[s, at.LOTS]
    fill(w, s, row, sign, ticks, lots, maker)
    order[at.FILLED] += lots
    part(w, s, row)
    after = w.books[s, at.LOTS]
    if before * after <= 0:
        w.books[s, at.STOP] = at.NONE
    if order[at.ATTACHED] != at.NONE and after * sign > 0:
        w.books[s, at.STOP] = order[at.ATTACHED]
    may_rest = order[at.TICKS] != at.NONE and order[at.FORCE] != at.IOC
    if lots == leaves:
        order[at.STATE] = at.FILLED_UP
    elif reduces != 0 and after == 0:
        leave(w, s, row, at.BY_REDUCE_ONLY)
    elif not may_rest:
        leave(w, s, row, at.NO_MATCH)
    else:
        join(w, s, row)
    drop_useless_reducers(w, s)
    settle(w, s)


@kernel
def drop_useless_reducers(w: World, s: int) -> None:
    """Cancel reduce-only orders that have nothing left to reduce."""
    place = 0
    while place < w.books[s, at.STANDING]:
        row = w.standing[s, place]
        if w.orders[row, at.REDUCES] != 0 and w.orders[row, at.SIGN] * w.books[s, at.LOTS] >= 0:
            leave(w, s, row, at.BY_REDUCE_ONLY)
        else:
            place += 1


@kernel
def fill(w: World, s: int, row: int, sign: int, ticks: int, lots: int, maker: int) -> None:
    """Net a match into position and wallet, and write it down."""
    fee_ppm = w.matching[at.MAKER] if maker != 0 else w.matching[at.TAKER]
    fee = mul_div_ceil(notional_ceil(w, s, ticks * lots), fee_ppm, PPM)
    held = w.books[s, at.LOTS]
    closed = min(lots, abs(held)) if held * sign < 0 else 0
    gained = close(w, s, sign, ticks, closed) if closed else 0
    opened = lots - closed
    if held == 0 or (closed != 0 and opened != 0):
        w.books[s, at.COST] = w.books[s, at.REALISED] = w.books[s, at.FEES] = 0
    w.books[s, at.LOTS] += sign * opened
    w.books[s, at.COST] += ticks * opened
    w.books[s, at.FEES] += 0 if closed != 0 and opened != 0 else fee
    w.books[s, at.TAKEN] += lots
    w.account[at.WALLET] += gained - fee
    book_execution(w, s, row, sign, ticks, lots, fee, gained, maker, closed)


@kernel
def close(w: World, s: int, sign: int, ticks: int, closed: int) -> int:
    """Take lots off the position with their share of the cost; return the money gained."""
    held, cost = abs(w.books[s, at.LOTS]), w.books[s, at.COST]
    share = cost if closed == held else mul_div_floor(cost, closed, held)
    gained = notional_floor(w, s, -sign * (ticks * closed - share))
    w.books[s, at.LOTS] += sign * closed
    w.books[s, at.COST] = cost - share
    w.books[s, at.REALISED] += gained
    return gained


@kernel
def book_execution(
    w: World,
    s: int,
    row: int,
    sign: int,
    ticks: int,
    lots: int,
    fee: int,
    gained: int,
    maker: int,
    closed: int,
) -> None:
    """Write an execution down."""
    w.account[at.SEQUENCE] += 1
    entry = w.executions[w.account[at.EXECUTIONS]]
    w.account[at.EXECUTIONS] += 1
    entry[at.E_SYMBOL], entry[at.E_TIME], entry[at.E_ORDER] = s, w.books[s, at.TIME], row
    entry[at.E_SEQUENCE], entry[at.E_MARKET] = w.account[at.SEQUENCE], w.books[s, at.PRICE]
    entry[at.E_TRADE] = w.books[s, at.TRADE]
    entry[at.E_WHY] = w.books[s, at.TIGHTENED_BY if row == at.NONE else at.WHY]
    entry[at.E_SIGN], entry[at.E_TICKS], entry[at.E_LOTS] = sign, ticks, lots
    entry[at.E_CLOSED] = closed
    entry[at.E_FEE], entry[at.E_GAINED], entry[at.E_MAKER] = fee, gained, maker


@kernel
def close_out(w: World, s: int) -> None:
    """Close the position at the worse of stop and market, and slip: the protective stop was met."""
    market, level, held = w.books[s, at.PRICE], w.books[s, at.STOP], w.books[s, at.LOTS]
    if held > 0:
        worse = min(level, market)
        ticks = max(1, worse - slip_ticks(w, worse))
    else:
        worse = max(level, market)
        ticks = worse + slip_ticks(w, worse)
    end_position(w, s, ticks, at.NONE)


@kernel
def liquidate(w: World, s: int) -> None:
    """Cancel the symbol's orders and take the position over at its bankruptcy price."""
    while w.books[s, at.STANDING]:
        leave(w, s, w.standing[s, 0], at.BY_LIQUIDATION)
    end_position(w, s, bankruptcy_ticks(w, s), at.LIQUIDATED)


@kernel
def end_position(w: World, s: int, ticks: int, row: int) -> None:
    """Close all of a position with an order of the exchange's own."""
    held = w.books[s, at.LOTS]
    w.account[at.ARRIVAL] += 1
    fill(w, s, row, -1 if held > 0 else 1, ticks, abs(held), 0)
    w.books[s, at.STOP] = at.NONE
    drop_useless_reducers(w, s)
    settle(w, s)


@kernel
def fund(w: World, s: int, rate_e8: int, mark: int) -> None:
    """Settle funding of a position that is not flat, at a mark price: longs pay a positive rate."""
    held = w.books[s, at.LOTS]
    sign = 1 if held > 0 else -1
    paid = mul_div_ceil(notional_ceil(w, s, abs(held) * mark) * sign, rate_e8, E8)
    w.account[at.WALLET] -= paid
    w.books[s, at.FEES] += paid
    book_execution(w, s, at.FUNDED, sign, mark, held, paid, rate_e8, 0, 0)
