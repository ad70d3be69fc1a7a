"""Entries over tables: the gates that a signal passes, in the engine's order, and what it is worth."""

from __future__ import annotations

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Tape
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import (
    PPM,
    mul_div_ceil,
    mul_div_floor,
    notional_ceil,
    notional_floor,
)
from trading_core.backtest.compiled.planning import first_limit, set_legs, wipe
from trading_core.plan.jit import inlined, kernel

LONG, SHORT, EXIT_LONG, EXIT_SHORT, AVERAGE_LONG, AVERAGE_SHORT = range(6)
"""Trees by their place in ``Tape.said``."""


@inlined
def is_true(t: Tape, s: int, minute: int, tree: int) -> bool:
    """Whether the rules were asked at the close of a minute, and a tree is true."""
    return bool(t.said[s, minute] & (on.YES << 2 * tree))


@inlined
def candle_at(t: Tape, s: int, row: int, minute: int) -> int:
    """One number of a candle."""
    return int(np.int64(t.candles[s, row, minute]))


@inlined
def close_at(t: Tape, s: int, minute: int) -> int:
    """The close of a minute, ticks."""
    return candle_at(t, s, on.CLOSE, minute)


@inlined
def drawn_at(t: Tape, row: int, s: int, minute: int) -> int:
    """One number drawn from the latest candles."""
    return int(np.int64(t.drawn[row, s, minute]))


@inlined
def signal(t: Tape, s: int, minute: int) -> int:
    """+1 or -1 if the rules ask for exactly one side, else 0."""
    return int(is_true(t, s, minute, LONG)) - int(is_true(t, s, minute, SHORT))


@inlined
def silence(t: Tape, s: int, minute: int) -> int:
    """The outcome of a flat symbol whose rules don't ask for exactly one side."""
    if is_true(t, s, minute, LONG):
        return on.CONFLICT
    unknown = on.UNKNOWN | on.UNKNOWN << 2 * SHORT
    return on.NO_SIGNAL if t.said[s, minute] & (on.ASKED | unknown) == on.ASKED else on.NOT_READY


@inlined
def gate_legs(b: Bot, t: Tape, s: int, minute: int) -> bool:
    """Let legs rest until the next close only if the averaging rules, where there are any, are true."""
    plan = b.plans[s]
    long = plan[on.DIRECTION] > 0
    if b.params[on.GATED_LONG if long else on.GATED_SHORT] == 0:
        return False
    gate = 1 if is_true(t, s, minute, AVERAGE_LONG if long else AVERAGE_SHORT) else 0
    moved = plan[on.GATE] != gate
    plan[on.GATE] = gate
    return bool(moved)


@kernel
def margin_for(w: World, b: Bot, s: int, tick_lots: int) -> int:
    """Margin of Σ ticks·lots at the bot's leverage, and the fees in and out."""
    worth = notional_ceil(w, s, tick_lots)
    fee = mul_div_ceil(worth, b.params[on.TAKER_FEE], PPM)
    return mul_div_ceil(worth, PPM, b.params[on.WANTED_LEVERAGE]) + 2 * fee


@kernel
def planned_tick_lots(w: World, b: Bot, s: int) -> int:
    """Σ ticks·lots a trade under way may come to, legs included."""
    plan = b.plans[s]
    if plan[on.PHASE] == on.FLAT:
        return 0
    price = plan[on.ENTRY_TICKS] if plan[on.ENTRY_TICKS] != 0 else plan[on.REFERENCE]
    cost, lots = plan[on.BASE_COST], plan[on.BASE_LOTS]
    if lots == 0:
        cost, lots = price * plan[on.ENTRY_LOTS], plan[on.ENTRY_LOTS]
    if plan[on.LEGS] == 0:
        set_legs(w, b, s, cost, lots, plan[on.DIRECTION])
    for k in range(b.params[on.RUNGS]):
        cost += b.legs[s, k, 0] * b.legs[s, k, 1]
    return int(cost)


@inlined
def refuse(w: World, code: int, a: int, b: int) -> int:
    """An outcome with its numbers."""
    w.account[at.TOLD_A], w.account[at.TOLD_B] = a, b
    return code


@kernel
def gates(w: World, b: Bot, s: int, close_ms: int, busy: int) -> int:
    """The gates before an entry is sized; ENTERED if it passes."""
    plan, frame = b.plans[s], b.params[on.TIMEFRAME]
    if w.contracts[s, at.TRADING] == 0:
        return on.NOT_TRADING
    if w.books[s, at.LOTS] != 0 or plan[on.OURS] != 0:
        return on.CLAIMED
    if plan[on.CLOSED] != 0:
        until = -(-plan[on.CLOSED] // frame) * frame + b.params[on.COOLDOWN] * frame
        if close_ms < until:
            return refuse(w, on.COOLING, until, 0)
    if busy >= b.params[on.MAX_OPEN]:
        return refuse(w, on.FULL, busy, 0)
    if b.params[on.WANTED_LEVERAGE] > w.contracts[s, at.MAX_LEVERAGE]:
        return on.OVERLEVERED
    return on.ENTERED


@kernel
def size(w: World, b: Bot, s: int, direction: int, ticks: int, equity: int, free: int, drawn: int) -> int:
    """Size an entry at a price: ENTERED with its lots in TOLD_A, or why there can be none."""
    room = b.params[on.MAX_QUOTE] - b.params[on.LEGS_QUOTE]
    if room <= 0:
        return on.OVEREXPOSED
    money = b.params[on.QUOTE]
    if b.params[on.BY_EQUITY] != 0:
        money = max(0, mul_div_floor(sizing_equity(b, equity), b.params[on.EQUITY_PPM], PPM))
    if b.params[on.BY_RISK] != 0:
        money = mul_div_floor(money, PPM, drawn if drawn != 0 else b.params[on.STOP_PPM])
    per_lot = w.contracts[s, at.NUM] * ticks
    lots = mul_div_floor(min(money, room), w.contracts[s, at.DEN], per_lot)
    set_legs(w, b, s, ticks, 1, direction)
    if is_small(w, s, ticks, lots):
        b.desk[on.FREE] = ticks
        return refuse(w, on.SMALL, 0, lots)
    all_lots, tick_lots = lots, ticks * lots
    for k in range(b.params[on.RUNGS]):
        if is_small(w, s, b.legs[s, k, 0], b.legs[s, k, 1]):
            b.desk[on.FREE] = b.legs[s, k, 0]
            return refuse(w, on.SMALL, k + 1, b.legs[s, k, 1])
        all_lots += b.legs[s, k, 1]
        tick_lots += b.legs[s, k, 0] * b.legs[s, k, 1]
    if all_lots > w.contracts[s, at.MAX_MARKET]:
        return refuse(w, on.LARGE, all_lots, 0)
    needed = margin_for(w, b, s, tick_lots)
    if needed > free:
        b.desk[on.FREE] = free
        return refuse(w, on.BROKE, needed, all_lots)
    return refuse(w, on.ENTERED, lots, ticks)


@kernel
def is_small(w: World, s: int, ticks: int, lots: int) -> bool:
    """Whether a part of a plan is below the exchange's minima."""
    worth = notional_floor(w, s, ticks * lots)
    return bool(lots < w.contracts[s, at.MIN_LOTS] or worth < w.contracts[s, at.MIN_NOTIONAL])


@kernel
def sizing_equity(b: Bot, equity: int) -> int:
    """Money units that count for sizing: gains since the start only as far as they are reinvested."""
    gained = equity - b.params[on.BALANCE]
    if gained <= 0:
        return equity
    return int(b.params[on.BALANCE] + mul_div_floor(gained, b.params[on.REINVEST], PPM))


@kernel
def drawn_stop(b: Bot, t: Tape, s: int, minute: int, direction: int) -> int:
    """The stop distance the market asks for, in ppm; 0: that of the parameters; NONE: too little is known."""
    if b.params[on.DRAWS] == 0:
        return 0
    if drawn_at(t, 0, s, minute) == at.NONE:
        return at.NONE
    close_ticks = close_at(t, s, minute)
    if b.params[on.DRAWS] == 1:
        wanted = mul_div_ceil(drawn_at(t, 0, s, minute), b.params[on.DRAWN_ATR], PPM)
    else:
        extreme = drawn_at(t, 1 if direction > 0 else 2, s, minute)
        wanted = max(0, -(-direction * (close_ticks - extreme) * PPM // close_ticks))
    return int(min(b.params[on.STOP_PPM], max(b.params[on.DRAWN_LEAST], wanted, 1)))


@kernel
def begin(
    w: World, b: Bot, s: int, direction: int, close_ticks: int, lots: int, close_ms: int, drawn: int
) -> None:
    """The plan of a new trade decided at a close."""
    plan = b.plans[s]
    wipe(w, b, s)
    plan[on.PHASE], plan[on.DIRECTION], plan[on.REFERENCE] = on.ENTERING, direction, close_ticks
    plan[on.ENTRY_TICKS], plan[on.ENTRY_LOTS] = first_limit(b, close_ticks, direction), lots
    plan[on.ENTRY_CLOSE], plan[on.STOP_DRAWN] = close_ms, drawn
    w.books[s, at.TRADE] += 1
    w.books[s, at.WHY] = 0
    b.places[s] = 0
