"""A close decided over tables, as ``engine.cycle`` decides it: exits, then entries, then requests."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.entering import (
    EXIT_LONG,
    EXIT_SHORT,
    begin,
    entry_ticks,
    gate_legs,
    gates,
    margin_for,
    planned_tick_lots,
    refuse,
    signal,
    silence,
    size,
)
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import notional_floor
from trading_core.backtest.compiled.planning import filled, progress
from trading_core.backtest.compiled.requests import bury, stand
from trading_core.plan.jit import inlined, kernel

BY_RULE, BY_TIME = 1, 2
"""Exit reasons of a closing that the bot decided."""


@inlined
def unrealised(w: World, t: Tape, minute: int) -> int:
    """What the open positions would gain at the closes of a minute."""
    gained = 0
    for s in range(len(w.books)):
        lots, ticks = w.books[s, at.LOTS], t.closes[s, minute]
        if lots != 0 and ticks != 0:
            sign = 1 if lots > 0 else -1
            gained += notional_floor(w, s, sign * (ticks * abs(lots) - w.books[s, at.COST]))
    return gained


@kernel
def decide(w: World, b: Bot, t: Tape, o: Outcome, minute: int, close_ms: int, equity: int) -> None:
    """Decide a close over all symbols; what it asks for is queued."""
    planned, moved = b.desk[on.PLANNED], False
    b.desk[on.BATCHES] += 1
    busy, committed = 0, 0
    for s in range(len(w.books)):
        bury(w, b, s)
        moved |= progress(w, b, s, close_ms)
        b.plans[s, on.ASKED_ROWS] = 0
        if b.plans[s, on.PHASE] != on.FLAT:
            gate = b.plans[s, on.GATE]
            code = keep(w, b, t, s, minute, close_ms)
            moved |= b.plans[s, on.GATE] != gate
            note(w, b, o, s, minute, code, b.plans[s, on.DIRECTION])
            busy += 1
            committed += margin_for(w, b, s, planned_tick_lots(w, b, s))
        else:
            o.codes[s, minute] = on.CODES
    for s in range(len(w.books)):
        if o.codes[s, minute] == on.CODES:
            free = min(w.account[at.WALLET], equity) - committed
            if consider(w, b, t, o, s, minute, close_ms, equity, free, busy):
                busy += 1
                committed += margin_for(w, b, s, planned_tick_lots(w, b, s))
    still = True
    for s in range(len(w.books)):
        code = o.codes[s, minute]
        still &= code in (on.NO_SIGNAL, on.NOT_READY, on.IN_POSITION)
        if b.plans[s, on.PHASE] != on.FLAT or b.plans[s, on.OURS] != 0:
            stand(w, b, s)
    b.desk[on.CALM] = 1 if still and not moved and b.desk[on.PLANNED] == planned else 0


@inlined
def note(w: World, b: Bot, o: Outcome, s: int, minute: int, code: int, side: int) -> None:
    """Write an outcome down, with its numbers."""
    o.codes[s, minute] = code
    row = b.notes[b.desk[on.NOTES]]
    b.desk[on.NOTES] += 1
    row[on.N_MINUTE], row[on.N_SYMBOL], row[on.N_CODE], row[on.N_SIDE] = minute, s, code, side
    row[on.N_A], row[on.N_B], row[on.N_C] = w.account[at.TOLD_A], w.account[at.TOLD_B], b.desk[on.FREE]


@kernel
def keep(w: World, b: Bot, t: Tape, s: int, minute: int, close_ms: int) -> int:
    """A trade under way: exit by rule or time, else time-out of the entry, else nothing."""
    plan, held = b.plans[s], w.books[s, at.LOTS]
    if plan[on.PHASE] == on.CLOSING:
        return refuse(w, on.IS_CLOSING, w.books[s, at.WHY], 0)
    if held != 0:
        tree = EXIT_LONG if plan[on.DIRECTION] > 0 else EXIT_SHORT
        if b.params[on.ON_RULE] != 0 and t.asked[s, minute] != 0 and t.trees[tree, s, minute] == 1:
            _close(w, b, s, BY_RULE)
            return refuse(w, on.EXIT_RULE, held, 0)
        minutes = (close_ms - plan[on.OPENED]) // 60_000
        if b.params[on.TIME_STOP] != at.NONE and minutes >= b.params[on.TIME_STOP]:
            _close(w, b, s, BY_TIME)
            return refuse(w, on.EXIT_TIME, held, minutes)
    gate_legs(b, t, s, minute)
    if plan[on.PHASE] != on.ENTERING:
        return refuse(w, on.IN_POSITION, held, 0)
    waited = (close_ms - plan[on.ENTRY_CLOSE]) // b.params[on.TIMEFRAME]
    done = filled_of_open(w, b, s)
    if b.params[on.TIMEOUT] != 0 and waited >= b.params[on.TIMEOUT]:
        plan[on.ENTRY_OVER] = 1
        return refuse(w, on.ENTRY_TIMEOUT, done, plan[on.ENTRY_LOTS])
    return refuse(w, on.ENTRY_WORKING, done, plan[on.ENTRY_LOTS])


@kernel
def filled_of_open(w: World, b: Bot, s: int) -> int:
    """Lots filled of the entry that still stands."""
    return int(filled(w, b, s, on.ENTRY, 0) - b.places[s, on.ENTRY_PLACE, on.DONE_LOTS])


@kernel
def _close(w: World, b: Bot, s: int, reason: int) -> None:
    b.plans[s, on.PHASE], b.plans[s, on.ENTRY_OVER] = on.CLOSING, 1
    w.books[s, at.WHY] = reason


@kernel
def consider(
    w: World,
    b: Bot,
    t: Tape,
    o: Outcome,
    s: int,
    minute: int,
    close_ms: int,
    equity: int,
    free: int,
    busy: int,
) -> bool:
    """Enter a symbol without a trade if its rules ask for it and nothing refuses; whether it did."""
    direction = signal(t, s, minute)
    if direction == 0:
        o.codes[s, minute] = silence(t, s, minute)
        return False
    code, close_ticks = gates(w, b, s, close_ms, busy), t.closes[s, minute]
    if code == on.ENTERED:
        ticks = entry_ticks(b, close_ticks, direction)
        code = size(w, b, s, direction, ticks if ticks != 0 else close_ticks, equity, free)
    note(w, b, o, s, minute, code, direction)
    if code != on.ENTERED:
        return False
    begin(w, b, s, direction, close_ticks, w.account[at.TOLD_A], close_ms)
    gate_legs(b, t, s, minute)
    return True
