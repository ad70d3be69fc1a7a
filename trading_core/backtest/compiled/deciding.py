"""A close decided over tables, as ``engine.cycle`` decides it: exits, then entries, then requests."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.entering import (
    EXIT_LONG,
    EXIT_SHORT,
    LONG,
    SHORT,
    begin,
    close_at,
    drawn_stop,
    gate_legs,
    gates,
    is_true,
    margin_for,
    planned_tick_lots,
    refuse,
    signal,
    silence,
    size,
)
from trading_core.backtest.compiled.following import follow
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import PPM, notional_floor
from trading_core.backtest.compiled.planning import close, filled, first_limit, progress
from trading_core.backtest.compiled.requests import bury, stand
from trading_core.plan.jit import inlined, kernel


@inlined
def unrealised(w: World, t: Tape, minute: int) -> int:
    """What the open positions would gain at the closes of a minute."""
    gained = 0
    for s in range(len(w.books)):
        lots, ticks = w.books[s, at.LOTS], close_at(t, s, minute)
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
        if b.params[on.FOLLOWS] != 0 and follow(w, b, t, s, minute):
            moved = True
            progress(w, b, s, close_ms)
        b.plans[s, on.ASKED_ROWS] = 0
        o.codes[s, minute] = on.CODES
        if b.plans[s, on.PHASE] != on.FLAT:
            gate = b.plans[s, on.GATE]
            code = keep(w, b, t, s, minute, close_ms)
            moved |= b.plans[s, on.GATE] != gate
            note(w, b, o, s, minute, code, b.plans[s, on.DIRECTION])
            moved |= progress(w, b, s, close_ms)
        if b.plans[s, on.PHASE] != on.FLAT:
            busy += 1
            committed += margin_for(w, b, s, planned_tick_lots(w, b, s))
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
    """Write an outcome down, with its numbers; a position that stays as it was has its numbers already."""
    o.codes[s, minute] = code
    if code == on.IN_POSITION and b.plans[s, on.NOTED] != 0:
        last = b.notes[b.plans[s, on.NOTED] - 1]
        if last[on.N_CODE] == code and last[on.N_A] == w.account[at.TOLD_A]:
            return
    row = b.notes[b.desk[on.NOTES]]
    b.desk[on.NOTES] += 1
    b.plans[s, on.NOTED] = b.desk[on.NOTES]
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
        said = is_true(t, s, minute, tree)
        if b.params[on.ON_RULE] != 0 and said and gains_enough(w, b, s, close_at(t, s, minute)):
            close(w, b, s, at.BY_RULE)
            return refuse(w, on.EXIT_RULE, held, 0)
        if is_opposed(b, t, s, minute):
            close(w, b, s, at.BY_OPPOSITE)
            return refuse(w, on.EXIT_OPPOSITE, held, 0)
        minutes = (close_ms - plan[on.OPENED]) // 60_000
        if b.params[on.TIME_STOP] != at.NONE and minutes >= b.params[on.TIME_STOP]:
            close(w, b, s, at.BY_TIME)
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
    return int(filled(b, s, on.ENTRY, 0) - b.places[s, on.ENTRY_PLACE, on.DONE_LOTS])


@inlined
def gains_enough(w: World, b: Bot, s: int, close_ticks: int) -> bool:
    """Whether the price is far enough beyond the average for an exit by rule."""
    cost, lots = w.books[s, at.COST], abs(w.books[s, at.LOTS])
    gained = b.plans[s, on.DIRECTION] * (close_ticks * lots - cost)
    least = b.params[on.MIN_PROFIT]
    return bool(least == at.NONE or gained * PPM >= least * cost)


@inlined
def is_opposed(b: Bot, t: Tape, s: int, minute: int) -> bool:
    """Whether the rules ask for the other side, and an exit is wanted then."""
    if b.params[on.ON_OPPOSITE] == 0:
        return False
    ours = LONG if b.plans[s, on.DIRECTION] > 0 else SHORT
    return is_true(t, s, minute, 1 - ours) and not is_true(t, s, minute, ours)


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
    close_ticks, drawn = close_at(t, s, minute), drawn_stop(b, t, s, minute, direction)
    code = on.TOO_NEW if drawn == at.NONE else gates(w, b, s, close_ms, busy)
    if code == on.ENTERED:
        ticks = first_limit(b, close_ticks, direction)
        code = size(w, b, s, direction, ticks if ticks != 0 else close_ticks, equity, free, drawn)
    note(w, b, o, s, minute, code, direction)
    if code != on.ENTERED:
        return False
    begin(w, b, s, direction, close_ticks, w.account[at.TOLD_A], close_ms, drawn)
    gate_legs(b, t, s, minute)
    return True
