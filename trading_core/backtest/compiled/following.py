"""What a closed minute means to a trade under way, over tables: ``plan.follow``."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Tape
from trading_core.backtest.compiled.entering import candle_at, close_at
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.planning import close, target_at, target_distance
from trading_core.plan.jit import inlined, kernel
from trading_core.plan.kernel import below_ticks, break_even_ticks, is_inside, target_ticks, tighter


@kernel
def follow(w: World, b: Bot, t: Tape, s: int, minute: int) -> bool:
    """Let a plan take notice of a closed minute; whether what it wants may have changed."""
    plan = b.plans[s]
    if plan[on.PHASE] == on.FLAT or t.said[s, minute] & on.ABSENT:
        return False
    moved = _requote(b, s, close_at(t, s, minute))
    if w.books[s, at.LOTS] == 0 or plan[on.PHASE] not in (on.ENTERING, on.OPEN):
        return moved
    direction = plan[on.DIRECTION]
    best = candle_at(t, s, on.HIGH if direction > 0 else on.LOW, minute)
    plan[on.BEST] = tighter(plan[on.BEST], best, direction)
    moved |= _age(b, s, b.desk[on.NOW])
    tightened = plan[on.TIGHTENED]
    _trail(w, b, s)
    _break_even(w, b, s)
    if plan[on.TIGHTENED] != 0 and not is_inside(close_at(t, s, minute), plan[on.TIGHTENED], direction):
        close(w, b, s, w.books[s, at.TIGHTENED_BY])
        return True
    return bool(moved or plan[on.TIGHTENED] != tightened)


@inlined
def _requote(b: Bot, s: int, close_ticks: int) -> bool:
    """A post-only entry follows the market away from it, so often and so far as it may."""
    plan, direction = b.plans[s], b.plans[s, on.DIRECTION]
    if plan[on.PHASE] != on.ENTERING or plan[on.ENTRY_OVER] != 0 or b.params[on.ENTRY_KIND] != on.ONLY_POSTED:
        return False
    if plan[on.REQUOTES] >= b.params[on.REQUOTES_MAX]:
        return False
    ticks = below_ticks(close_ticks, 1, b.params[on.OFFSET], direction)
    farthest = target_ticks(plan[on.REFERENCE], 1, b.params[on.CHASE], direction)
    if direction * (ticks - farthest) > 0 or direction * (ticks - plan[on.ENTRY_TICKS]) <= 0:
        return False
    plan[on.ENTRY_TICKS] = ticks
    plan[on.REQUOTES] += 1
    return True


@inlined
def _age(b: Bot, s: int, now_ms: int) -> bool:
    """The target that belongs to the position's age."""
    if b.params[on.DECAYS] == 0:
        return False
    age, now = (now_ms - b.plans[s, on.OPENED]) // 60_000, at.NONE
    for k in range(b.params[on.DECAYS]):
        if b.decays[k, 0] <= age:
            now = b.decays[k, 1]
    moved = b.plans[s, on.TARGET_NOW] != now
    b.plans[s, on.TARGET_NOW] = now
    return bool(moved)


@inlined
def _tighten(w: World, b: Bot, s: int, level: int, reason: int) -> None:
    """Move the stop to a level that is nearer to the market."""
    if tighter(b.plans[s, on.TIGHTENED], level, b.plans[s, on.DIRECTION]) != b.plans[s, on.TIGHTENED]:
        b.plans[s, on.TIGHTENED] = level
        w.books[s, at.TIGHTENED_BY] = reason


@kernel
def acts_at(w: World, b: Bot, s: int, falls: int, rises: int) -> tuple[int, int]:
    """The bounds of a position, drawn in to where a plan that has seen the last minute would move.

    Once a stop or target trails, each new best price moves it; before, the price at which it begins to.
    """
    plan, direction = b.plans[s], b.plans[s, on.DIRECTION]
    cost, lots, best = w.books[s, at.COST], abs(w.books[s, at.LOTS]), plan[on.BEST]
    acts, moves = 0, best + direction
    if b.params[on.TRAIL_START] != at.NONE:
        starts = target_ticks(cost, lots, b.params[on.TRAIL_START], direction)
        acts = moves if direction * (best - starts) >= 0 else starts
    if b.params[on.TARGET_TRAIL] != at.NONE:
        starts = target_at(w, b, s, target_distance(b, s))
        starts = moves if direction * (best - starts) >= 0 else starts
        acts = starts if acts == 0 or direction * (acts - starts) > 0 else acts
    if b.params[on.EVEN_TRIGGER] != at.NONE:
        starts = target_ticks(cost, lots, b.params[on.EVEN_TRIGGER], direction)
        starts = moves if direction * (best - starts) >= 0 else starts
        acts = starts if acts == 0 or direction * (acts - starts) > 0 else acts
    if direction > 0:
        falls = max(falls, plan[on.TIGHTENED])
        return falls, rises if acts == 0 else min(rises, acts)
    rises = rises if plan[on.TIGHTENED] == 0 else min(rises, plan[on.TIGHTENED])
    return falls if acts == 0 else max(falls, acts), rises


@inlined
def _trail(w: World, b: Bot, s: int) -> None:
    """Where the trailing stop and the trailing target have come to, once they are active."""
    plan, direction = b.plans[s], b.plans[s, on.DIRECTION]
    if b.params[on.TRAIL_START] != at.NONE:
        cost, lots = w.books[s, at.COST], abs(w.books[s, at.LOTS])
        starts = target_ticks(cost, lots, b.params[on.TRAIL_START], direction)
        if direction * (plan[on.BEST] - starts) >= 0:
            level = below_ticks(plan[on.BEST], 1, b.params[on.TRAIL_DISTANCE], direction)
            _tighten(w, b, s, level, at.BY_TRAILING)
    if b.params[on.TARGET_TRAIL] != at.NONE:
        starts = target_at(w, b, s, target_distance(b, s))
        if direction * (plan[on.BEST] - starts) >= 0:
            level = below_ticks(plan[on.BEST], 1, b.params[on.TARGET_TRAIL], direction)
            _tighten(w, b, s, level, at.BY_TRAILING)


@inlined
def _break_even(w: World, b: Bot, s: int) -> None:
    """Where nothing is lost, once the price has gone far enough."""
    if b.params[on.EVEN_TRIGGER] == at.NONE:
        return
    plan, direction = b.plans[s], b.plans[s, on.DIRECTION]
    cost, lots = w.books[s, at.COST], abs(w.books[s, at.LOTS])
    if direction * (plan[on.BEST] - target_ticks(cost, lots, b.params[on.EVEN_TRIGGER], direction)) < 0:
        return
    num, den = w.contracts[s, at.NUM], w.contracts[s, at.DEN]
    fee = b.params[on.TAKER_FEE]
    level = break_even_ticks(cost, lots, w.books[s, at.FEES], num, den, fee, direction)
    _tighten(w, b, s, target_ticks(level, 1, b.params[on.EVEN_OFFSET], direction), at.BY_BREAK_EVEN)
