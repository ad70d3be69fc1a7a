"""Stretches in which nothing can happen, passed by without playing their minutes: ``backtest.calm`` over tables.

Deciding is a pure function: after a close that changed nothing, a bot says the same again until a price
reaches an order or a stop, a tree that it looks at turns true, a payment is due, or a clock runs out.
Whoever is in doubt plays: a minute too many costs time, never a result.
"""

from __future__ import annotations

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape, Ticks, Words
from trading_core.backtest.compiled.entering import (
    AVERAGE_LONG,
    AVERAGE_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    LONG,
    SHORT,
    is_true,
)
from trading_core.backtest.compiled.following import acts_at
from trading_core.backtest.compiled.layout import Ints, World
from trading_core.backtest.compiled.margin import notional_floor
from trading_core.plan.jit import inlined, kernel
from trading_core.plan.kernel import tighter

MINUTE_MS = 60_000
STRETCH = 128
"""Minutes looked at first in one symbol of several: another may end the calm sooner."""
BLOCK = 64
"""Minutes looked at together."""
TICKS_MAX = (1 << 31) - 1


@kernel
def calm_until(w: World, b: Bot, t: Tape, minute: int, until: int) -> int:
    """The first minute in [minute, until) that has to be played, after a calm close; ``until`` if none has."""
    stop = until if len(w.books) == 1 else min(until, minute + STRETCH)
    for s in range(len(w.books)):
        if stop == minute:
            return minute
        stop = _still_until(w, b, t, s, minute, stop)
    row = b.desk[on.FUNDED]
    while row < len(t.dues) and t.dues[row, 0] < stop:
        if w.books[t.dues[row, 1], at.LOTS] != 0:
            return int(t.dues[row, 0])
        row += 1
    return stop


@kernel
def _still_until(w: World, b: Bot, t: Tape, s: int, minute: int, stop: int) -> int:
    """The same of one symbol."""
    plan, flags = b.plans[s], (on.YES << 2 * LONG) | (on.YES << 2 * SHORT)
    falls, rises = w.books[s, at.FALLS], w.books[s, at.RISES]
    if plan[on.PHASE] == on.FLAT:
        if w.books[s, at.STANDING] == 0:
            return _unasked_until(t.said[s], flags, minute, stop)
    elif plan[on.PHASE] != on.OPEN or w.books[s, at.LOTS] == 0:
        return minute
    else:
        flags, stop = _exit_flags(b, s), _in_time_until(b, t, s, minute, stop)
        if b.params[on.GATED_LONG if plan[on.DIRECTION] > 0 else on.GATED_SHORT] != 0:
            stop = _gated_until(b, t, s, minute, stop)
        if b.params[on.FOLLOWS] != 0:
            if plan[on.BEST] == 0:
                return minute
            flags |= on.ABSENT
            falls, rises = acts_at(w, b, s, falls, rises)
    return _untouched_until(t.candles[s], t.said[s], falls, rises, flags, minute, stop)


@inlined
def _exit_flags(b: Bot, s: int) -> int:
    """The trees that may end a trade."""
    long, flags = b.plans[s, on.DIRECTION] > 0, 0
    if b.params[on.ON_RULE] != 0:
        flags |= on.YES << 2 * (EXIT_LONG if long else EXIT_SHORT)
    if b.params[on.ON_OPPOSITE] != 0:
        flags |= on.YES << 2 * (SHORT if long else LONG)
    return flags


@kernel
def _unasked_until(said: Words, flags: int, minute: int, stop: int) -> int:
    """The first minute at which one of these trees is true."""
    for start in range(minute, stop, BLOCK):
        block, found = said[start : min(start + BLOCK, stop)], 0
        for k in range(len(block)):
            found |= block[k]
        if found & flags:
            for k in range(len(block)):
                if block[k] & flags:
                    return start + k
    return stop


@kernel
def _untouched_until(
    candles: Ticks, said: Words, falls: int, rises: int, flags: int, minute: int, stop: int
) -> int:
    """The first minute that reaches one of two prices, or at which one of these trees is true."""
    low, high = np.int32(max(falls, -1)), np.int32(min(rises, TICKS_MAX))
    for start in range(minute, stop, BLOCK):
        end = min(start + BLOCK, stop)
        lows, highs, block = candles[on.LOW, start:end], candles[on.HIGH, start:end], said[start:end]
        touched, found = False, 0
        for k in range(len(lows)):
            touched |= (lows[k] <= low) | (highs[k] >= high)
            found |= block[k]
        if touched or found & flags:
            for k in range(len(lows)):
                if lows[k] <= low or highs[k] >= high or block[k] & flags:
                    return start + k
    return stop


@kernel
def _in_time_until(b: Bot, t: Tape, s: int, minute: int, stop: int) -> int:
    """The first minute whose close a time stop or an older target waits for."""
    opened, due = b.plans[s, on.OPENED], at.NONE
    if b.params[on.TIME_STOP] != at.NONE:
        due = opened + b.params[on.TIME_STOP] * MINUTE_MS
    for k in range(b.params[on.DECAYS]):
        turns = opened + b.decays[k, 0] * MINUTE_MS
        if turns > b.desk[on.NOW] and (due == at.NONE or turns < due):
            due = turns
    if due == at.NONE or t.times[stop - 1] + MINUTE_MS < due:
        return stop
    # Minutes that are missing only bring it nearer.
    first, last = minute, min(stop - 1, minute + max(0, due - MINUTE_MS - t.times[minute]) // MINUTE_MS)
    if last == minute or t.times[last - 1] + MINUTE_MS < due:
        return int(last)
    while first < last:
        middle = (first + last) // 2
        if t.times[middle] + MINUTE_MS < due:
            first = middle + 1
        else:
            last = middle
    return first


@kernel
def _gated_until(b: Bot, t: Tape, s: int, minute: int, stop: int) -> int:
    """The first close at which the averaging rules say something else."""
    tree = AVERAGE_LONG if b.plans[s, on.DIRECTION] > 0 else AVERAGE_SHORT
    open_now, frame = b.plans[s, on.GATE] != 0, b.params[on.TIMEFRAME]
    for m in range(minute, stop):
        if is_true(t, s, m, tree) != open_now and (t.times[m] + MINUTE_MS) % frame == 0:
            return m
    return stop


@kernel
def pass_by(w: World, b: Bot, t: Tape, o: Outcome, minute: int, stop: int) -> None:
    """Write down the closes of minutes [minute, stop), in which nothing happens."""
    b.desk[on.NOW] = t.times[stop - 1] + MINUTE_MS
    while b.desk[on.FUNDED] < len(t.dues) and t.dues[b.desk[on.FUNDED], 0] < stop:
        b.desk[on.FUNDED] += 1
    o.wallets[minute:stop] = w.account[at.WALLET]
    gains = o.gains[minute:stop]
    gains[:] = 0
    for s in range(len(w.books)):
        if b.plans[s, on.PHASE] == on.FLAT:
            _keep_silent(t.said[s, minute:stop], o.codes[s, minute:stop])
        else:
            o.codes[s, minute:stop] = on.IN_POSITION
        if w.books[s, at.LOTS] != 0:
            _gain(w, s, t.candles[s, on.CLOSE, minute:stop], gains)
            if b.params[on.FOLLOWS] != 0:
                _see(b, s, t.candles[s, :, minute:stop])


@kernel
def _keep_silent(said: Words, codes: on.Truths) -> None:
    """What closes without a signal come to."""
    unknown = on.UNKNOWN | on.UNKNOWN << 2 * SHORT
    for k in range(len(said)):
        codes[k] = on.NO_SIGNAL if said[k] & (on.ASKED | unknown) == on.ASKED else on.NOT_READY


@kernel
def _gain(w: World, s: int, closes: Ticks, gains: Ints) -> None:
    """Add what a position would gain at these closes."""
    lots, cost = w.books[s, at.LOTS], w.books[s, at.COST]
    sign, held = (1 if lots > 0 else -1), abs(lots)
    if w.contracts[s, at.DEN] == 1:
        each = sign * w.contracts[s, at.NUM]
        for k in range(len(closes)):
            gains[k] += each * (closes[k] * held - cost)
    else:
        for k in range(len(closes)):
            gains[k] += notional_floor(w, s, sign * (closes[k] * held - cost))


@kernel
def _see(b: Bot, s: int, candles: Ticks) -> None:
    """Let a plan that follows the market remember its best price."""
    direction, best = b.plans[s, on.DIRECTION], candles[on.HIGH, 0]
    if direction > 0:
        highs = candles[on.HIGH]
        for k in range(len(highs)):
            best = max(best, highs[k])
    else:
        lows, best = candles[on.LOW], candles[on.LOW, 0]
        for k in range(len(lows)):
            best = min(best, lows[k])
    b.plans[s, on.BEST] = tighter(b.plans[s, on.BEST], best, direction)
