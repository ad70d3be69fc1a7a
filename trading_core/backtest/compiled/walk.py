"""A candle walked over tables: worse for the position first, one event at a time (``simulator.walk``)."""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.trading import close_out, execute, liquidate, room
from trading_core.plan.jit import inlined, kernel


@inlined
def stand(w: World, s: int, open_ticks: int, volume: int, now_ms: int) -> None:
    """Stand at the open of a candle, nothing of it taken yet."""
    w.books[s, at.PRICE] = w.books[s, at.OPEN] = open_ticks
    w.books[s, at.VOLUME], w.books[s, at.TIME] = volume, now_ms
    w.books[s, at.TAKEN] = w.books[s, at.WALKING] = 0


@kernel
def set_out(w: World, s: int, high: int, low: int, close: int, close_ms: int) -> None:
    """Begin the path of the candle."""
    lots, buys, sells = w.books[s, at.LOTS], False, False
    for place in range(w.books[s, at.STANDING]):
        if w.orders[w.standing[s, place], at.SIGN] > 0:
            buys = True
        else:
            sells = True
    if lots != 0:
        low_first = lots > 0
    elif buys != sells:
        low_first = sells
    else:
        low_first = close >= w.books[s, at.OPEN]
    w.books[s, at.PATH] = w.books[s, at.OPEN]
    w.books[s, at.PATH + 1] = low if low_first else high
    w.books[s, at.PATH + 2] = high if low_first else low
    w.books[s, at.PATH + 3] = close
    w.books[s, at.POINT] = w.books[s, at.DONE] = 0
    w.books[s, at.WALKING], w.books[s, at.TIME] = 1, close_ms


@kernel
def advance(w: World, s: int, high: int, low: int, close: int, close_ms: int) -> bool:
    """Walk to the next thing that happens in a candle that traded; False at its end."""
    if w.books[s, at.WALKING] == 0:
        if w.books[s, at.FALLS] < low and high < w.books[s, at.RISES]:
            return False
        set_out(w, s, high, low, close, close_ms)
    elif w.books[s, at.DONE] != 0:
        return False
    resting = room(w, s) > 0
    while w.books[s, at.POINT] < 4:  # noqa: PLR2004 - the points of a candle
        target = w.books[s, at.PATH + w.books[s, at.POINT]]
        if meet_next(w, s, target, resting):
            return True
        w.books[s, at.PRICE] = target
        w.books[s, at.POINT] += 1
    w.books[s, at.DONE] = 1
    return False


@inlined
def met_at(level: int, falls: bool, price: int, target: int) -> int:  # noqa: FBT001
    """The first price between here and the target that meets a level; NONE if none does."""
    if falls:
        if price <= level:
            return price
        return level if target <= level else at.NONE
    if price >= level:
        return price
    return level if target >= level else at.NONE


@kernel
def meet_next(w: World, s: int, target: int, resting: bool) -> bool:  # noqa: FBT001
    """Do the first thing met on the way to the target, if there is one."""
    price = w.books[s, at.PRICE]
    if w.books[s, at.FALLS] < min(price, target) and max(price, target) < w.books[s, at.RISES]:
        return False
    kind, met, row = first_met(w, s, price, target, resting)
    if kind == at.NONE:
        return False
    w.books[s, at.PRICE] = met
    if kind == at.MEETS_STOP:
        close_out(w, s)
    elif kind == at.MEETS_LIQUIDATION:
        liquidate(w, s)
    else:
        execute(w, s, row, w.orders[row, at.TICKS], 1, room(w, s))
    return True


@kernel
def first_met(w: World, s: int, price: int, target: int, resting: bool) -> tuple[int, int, int]:  # noqa: FBT001
    """(kind, price, row) of the first thing met; kind NONE if nothing is.

    Nearest first; at one price the most urgent, then the better priced order, then the earlier one.
    """
    kind, met, row = position_met(w, s, price, target)
    if not resting:
        return kind, met, row
    better, rank = 0, 0
    for place in range(w.books[s, at.STANDING]):
        candidate = w.standing[s, place]
        buys = w.orders[candidate, at.SIGN] > 0
        level = w.orders[candidate, at.TICKS] + (-1 if buys else 1)
        found = met_at(level, buys, price, target)
        if found == at.NONE:
            continue
        its_kind = at.MEETS_REDUCER if w.orders[candidate, at.REDUCES] != 0 else at.MEETS_ENTRY
        its_better, its_rank = -level if buys else level, w.orders[candidate, at.RANK]
        one = (abs(found - price), its_kind, its_better, its_rank)
        if kind == at.NONE or one < (abs(met - price), kind, better, rank):
            kind, met, row, better, rank = its_kind, found, candidate, its_better, its_rank
    return kind, met, row


@kernel
def position_met(w: World, s: int, price: int, target: int) -> tuple[int, int, int]:
    """What the position's stop or liquidation meets first; the stop, where both do."""
    lots, stop = w.books[s, at.LOTS], w.books[s, at.STOP]
    if lots == 0:
        return at.NONE, at.NONE, at.NONE
    kind, met = at.NONE, at.NONE
    if stop != at.NONE:
        met = met_at(stop, lots > 0, price, target)
        kind = at.NONE if met == at.NONE else at.MEETS_STOP
    level = w.books[s, at.TAKEN_OVER]
    taken_over = met_at(level, lots > 0, price, target)
    marked = w.books[s, at.MARK_LOW] <= level <= w.books[s, at.MARK_HIGH]
    if taken_over != at.NONE and marked and (kind == at.NONE or abs(taken_over - price) < abs(met - price)):
        kind, met = at.MEETS_LIQUIDATION, taken_over
    return kind, met, at.NONE
