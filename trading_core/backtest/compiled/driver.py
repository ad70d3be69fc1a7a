"""The loop of a compiled run: candle after candle, touching only the minutes in which something can happen."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.deciding import decide, is_opposed, unrealised
from trading_core.backtest.compiled.entering import (
    AVERAGE_LONG,
    AVERAGE_SHORT,
    EXIT_LONG,
    EXIT_SHORT,
    candle_at,
    close_at,
    is_true,
    signal,
    silence,
)
from trading_core.backtest.compiled.following import follow
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.passing import calm_until, pass_by
from trading_core.backtest.compiled.requests import settle, tend
from trading_core.backtest.compiled.trading import fund
from trading_core.backtest.compiled.walk import advance, stand
from trading_core.plan.jit import inlined, kernel, lent

MINUTE_MS = 60_000
ROOM = 256
"""Rows that a minute may write of each kind, at most; with less room left the run pauses."""


def play(w: World, b: Bot, t: Tape, o: Outcome, minute: int, until: int) -> int:
    """Play minutes [minute, until); return the first one not played: earlier if the tables are nearly full."""
    return play_on(lent(w), lent(b), lent(t), lent(o), minute, until)


@kernel
def play_on(w: World, b: Bot, t: Tape, o: Outcome, minute: int, until: int) -> int:
    """The same with tables that are lent."""
    frame = b.params[on.TIMEFRAME]
    while minute < until and has_room(w, b):
        if b.desk[on.CALM] != 0 and b.desk[on.QUEUED] == 0:
            calm = calm_until(w, b, t, minute, until)
            if calm > minute:
                pass_by(w, b, t, o, minute, calm)
                minute = calm
                continue
        close_ms = t.times[minute] + MINUTE_MS
        if b.desk[on.QUEUED] != 0 or is_touched(w, t, minute):
            live(w, b, t, minute, close_ms)
        b.desk[on.NOW] = close_ms
        while b.desk[on.FUNDED] < len(t.dues) and t.dues[b.desk[on.FUNDED], 0] <= minute:
            settle_funding(w, b, t, minute, close_ms)
        if close_ms % frame == 0:
            close(w, b, t, o, minute, close_ms)
        elif b.params[on.FOLLOWS] != 0:
            watch(w, b, t, minute)
        minute += 1
    return minute


@inlined
def has_room(w: World, b: Bot) -> bool:
    """Whether a minute more can be written down."""
    return bool(
        w.account[at.ORDERS] + ROOM < len(w.orders)
        and w.account[at.EXECUTIONS] + ROOM < len(w.executions)
        and b.desk[on.NOTES] + ROOM < len(b.notes)
        and b.desk[on.CRAMPED] == 0
    )


@inlined
def is_touched(w: World, t: Tape, minute: int) -> bool:
    """Whether a candle of the minute meets an order, a stop or a liquidation."""
    for s in range(len(w.books)):
        falls, rises = w.books[s, at.FALLS], w.books[s, at.RISES]
        meets = t.candles[s, on.LOW, minute] <= falls or t.candles[s, on.HIGH, minute] >= rises
        if meets and t.candles[s, on.TRADED, minute] != at.NONE:
            return True
    return False


@kernel
def live(w: World, b: Bot, t: Tape, minute: int, close_ms: int) -> None:
    """Carry out at the open what was asked for, then walk the candles and answer each event."""
    for s in range(len(w.books)):
        opens, traded = candle_at(t, s, on.OPEN_TICKS, minute), candle_at(t, s, on.TRADED, minute)
        stand(w, s, opens, traded, b.desk[on.NOW])
    settle(w, b)
    look(w, b, t, minute)
    b.desk[on.CALM] = 0
    b.desk[on.NOW] = close_ms
    for s in range(len(w.books)):
        if t.candles[s, on.TRADED, minute] == at.NONE:
            continue
        high, low = candle_at(t, s, on.HIGH, minute), candle_at(t, s, on.LOW, minute)
        end = close_at(t, s, minute)
        while advance(w, s, high, low, end, close_ms):
            tend(w, b, s)
            settle(w, b)


@kernel
def look(w: World, b: Bot, t: Tape, minute: int) -> None:
    """Count the candles about to be walked that reach something, and those that do on both sides."""
    for s in range(len(w.books)):
        if t.marks.shape[2] != 0:
            w.books[s, at.MARK_LOW], w.books[s, at.MARK_HIGH] = t.marks[s, 0, minute], t.marks[s, 1, minute]
        candle = t.candles[s, :, minute]
        if candle[on.TRADED] != at.NONE:
            below, above = (
                candle[on.LOW] <= w.books[s, at.FALLS],
                candle[on.HIGH] >= w.books[s, at.RISES],
            )
            b.desk[on.TOUCHED] += below or above
            b.desk[on.AMBIGUOUS] += below and above


@kernel
def settle_funding(w: World, b: Bot, t: Tape, minute: int, close_ms: int) -> None:
    """Settle the next payment; what the plan makes of it is carried out at the next open."""
    row = b.desk[on.FUNDED]
    b.desk[on.FUNDED] = row + 1
    due, s, rate, mark = t.dues[row, 0], t.dues[row, 1], t.dues[row, 2], t.dues[row, 3]
    if due != minute or w.books[s, at.LOTS] == 0:
        return
    stand(w, s, close_at(t, s, minute), at.NONE, close_ms)
    fund(w, s, rate, mark if mark != at.NONE else close_at(t, s, minute))
    b.desk[on.CALM] = 0
    tend(w, b, s)


@kernel
def watch(w: World, b: Bot, t: Tape, minute: int) -> None:
    """Show trades under way a minute that closed between two closes of the bot."""
    for s in range(len(w.books)):
        if follow(w, b, t, s, minute):
            tend(w, b, s)


@inlined
def close(w: World, b: Bot, t: Tape, o: Outcome, minute: int, close_ms: int) -> None:
    """Decide a close, or write down that it is like the one before."""
    gained = unrealised(w, t, minute)
    o.wallets[minute], o.gains[minute] = w.account[at.WALLET], gained
    if b.desk[on.CALM] != 0 and repeats(w, b, t, minute, close_ms):
        for s in range(len(w.books)):
            flat = b.plans[s, on.PHASE] == on.FLAT
            o.codes[s, minute] = silence(t, s, minute) if flat else on.IN_POSITION
        return
    decide(w, b, t, o, minute, close_ms, w.account[at.WALLET] + gained)


@inlined
def repeats(w: World, b: Bot, t: Tape, minute: int, close_ms: int) -> bool:
    """Whether nothing that a decision looks at has changed since a close that changed nothing."""
    for s in range(len(w.books)):
        plan = b.plans[s]
        if plan[on.PHASE] == on.FLAT:
            if signal(t, s, minute) != 0 or silence(t, s, minute) == on.CONFLICT:
                return False
            continue
        if b.params[on.FOLLOWS] != 0 and follow(w, b, t, s, minute):
            return False
        if is_opposed(b, t, s, minute):
            return False
        long = plan[on.DIRECTION] > 0
        if is_true(t, s, minute, EXIT_LONG if long else EXIT_SHORT):
            return False
        limit = b.params[on.TIME_STOP]
        if limit != at.NONE and close_ms - plan[on.OPENED] >= limit * MINUTE_MS:
            return False
        if b.params[on.GATED_LONG if long else on.GATED_SHORT] != 0:
            said = is_true(t, s, minute, AVERAGE_LONG if long else AVERAGE_SHORT)
            if plan[on.GATE] != (1 if said else 0):
                return False
    return True
