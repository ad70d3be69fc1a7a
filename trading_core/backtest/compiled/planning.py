"""The plan over tables: how it moves on, and what it wants to stand."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import PPM
from trading_core.plan.jit import inlined, kernel
from trading_core.plan.kernel import below_ticks, is_inside, lots_of, stop_ticks, target_ticks, tighter

LEG_REFUSALS_MAX = 3


@kernel
def entry_open(w: World, b: Bot, s: int) -> bool:
    """Whether the trade's entry may still execute."""
    for place in range(b.plans[s, on.OURS]):
        row = b.ours[s, place]
        ours = w.orders[row, at.OF_TRADE] == w.books[s, at.TRADE] and w.orders[row, at.ROLE] == on.ENTRY
        if ours and w.orders[row, at.FILLED] < w.orders[row, at.ASKED]:
            return True
    return False


@kernel
def entry_seen(w: World, b: Bot, s: int) -> bool:
    """Whether the trade's entry was ever made."""
    if b.places[s, on.ENTRY_PLACE, on.REVISIONS] > 0:
        return True
    for place in range(b.plans[s, on.OURS]):
        row = b.ours[s, place]
        if w.orders[row, at.OF_TRADE] == w.books[s, at.TRADE] and w.orders[row, at.ROLE] == on.ENTRY:
            return True
    return False


@inlined
def filled(b: Bot, s: int, role: int, leg: int) -> int:
    """Lots executed by all revisions of an order, as of the last count (``requests.bury``)."""
    count = b.places[s, place_of(role, leg)]
    return int(count[on.DONE_LOTS] + count[on.LIVE_LOTS])


@inlined
def place_of(role: int, leg: int) -> int:
    """Where the orders of a role and leg are counted."""
    if role == on.ENTRY:
        return on.ENTRY_PLACE
    if role == on.EXIT:
        return on.EXIT_PLACE
    return (on.TARGET_PLACE if role == on.TAKE_PROFIT else on.LEG_PLACE) + leg


@kernel
def progress(w: World, b: Bot, s: int, now_ms: int) -> bool:
    """Let the plan follow the facts; whether it moved."""
    plan, held = b.plans[s], w.books[s, at.LOTS] != 0
    phase, opened, closed = plan[on.PHASE], plan[on.OPENED], plan[on.CLOSED]
    if phase == on.ENTERING:
        _entering(w, b, s, now_ms)
    if plan[on.PHASE] == on.OPEN and not held:
        plan[on.PHASE] = on.CLOSING
    if plan[on.PHASE] == on.CLOSING and not held:
        if plan[on.CLOSED] == 0:
            plan[on.CLOSED] = now_ms
        if plan[on.OURS] == 0:
            _flat(w, b, s)
    return bool(plan[on.PHASE] != phase or plan[on.OPENED] != opened or plan[on.CLOSED] != closed)


@kernel
def _entering(w: World, b: Bot, s: int, now_ms: int) -> None:
    plan, held = b.plans[s], w.books[s, at.LOTS] != 0
    if held and plan[on.OPENED] == 0:
        plan[on.OPENED] = now_ms
    if not held and plan[on.OPENED] != 0:
        plan[on.PHASE], plan[on.ENTRY_OVER] = on.CLOSING, 1
        return
    if entry_open(w, b, s) or not entry_seen(w, b, s) or may_follow(w, b, s):
        return
    if held:
        freeze(w, b, s)
    elif plan[on.OURS] == 0:
        _flat(w, b, s)


@kernel
def may_follow(w: World, b: Bot, s: int) -> bool:
    """Whether an entry that ended unfilled waits for the market's next price."""
    plan = b.plans[s]
    if b.params[on.ENTRY_KIND] != on.ONLY_POSTED or plan[on.ENTRY_OVER] != 0:
        return False
    missing = plan[on.ENTRY_LOTS] - filled(b, s, on.ENTRY, 0)
    return bool(missing > 0 and plan[on.REQUOTES] < b.params[on.REQUOTES_MAX])


@kernel
def freeze(w: World, b: Bot, s: int) -> None:
    """Fix base and leg prices once the entry has ended."""
    plan = b.plans[s]
    plan[on.PHASE] = on.OPEN
    plan[on.BASE_COST], plan[on.BASE_LOTS] = w.books[s, at.COST], abs(w.books[s, at.LOTS])
    plan[on.LEGS] = b.params[on.RUNGS]
    set_legs(w, b, s, plan[on.BASE_COST], plan[on.BASE_LOTS], plan[on.DIRECTION])


@kernel
def set_legs(w: World, b: Bot, s: int, cost: int, lots: int, direction: int) -> None:
    """Prices and quantities of the legs for an entry at cost/lots ticks."""
    num, den = w.contracts[s, at.NUM], w.contracts[s, at.DEN]
    for k in range(b.params[on.RUNGS]):
        ticks = below_ticks(cost, lots, b.rungs[k, 0], direction)
        b.legs[s, k, 0], b.legs[s, k, 1] = ticks, lots_of(b.rungs[k, 1], ticks, num, den)


@kernel
def wipe(w: World, b: Bot, s: int) -> None:
    """A plan that remembers nothing."""
    plan = b.plans[s]
    plan[: on.OURS] = 0
    plan[on.GATE], plan[on.TARGET_NOW], plan[on.ASKED_ROWS] = 1, at.NONE, 0
    w.books[s, at.TIGHTENED_BY] = at.BY_MARKET


@kernel
def _flat(w: World, b: Bot, s: int) -> None:
    plan = b.plans[s]
    direction, opened, closed = plan[on.DIRECTION], plan[on.OPENED], plan[on.CLOSED]
    wipe(w, b, s)
    plan[on.DIRECTION], plan[on.OPENED], plan[on.CLOSED] = direction, opened, closed


@kernel
def close(w: World, b: Bot, s: int, reason: int) -> None:
    """Decide to close."""
    b.plans[s, on.PHASE], b.plans[s, on.ENTRY_OVER] = on.CLOSING, 1
    w.books[s, at.WHY] = reason


@kernel
def first_limit(b: Bot, close_ticks: int, direction: int) -> int:
    """The limit an entry begins with; 0: at market."""
    if b.params[on.ENTRY_KIND] != on.AT_MARKET:
        return int(below_ticks(close_ticks, 1, b.params[on.OFFSET], direction))
    if b.params[on.ENTRY_SLIPPAGE] == at.NONE:
        return 0
    return int(max(1, close_ticks + direction * (close_ticks * b.params[on.ENTRY_SLIPPAGE] // PPM)))


@kernel
def protective_stop(w: World, b: Bot, s: int) -> int:
    """The stop that belongs to the plan, held position or not; NONE when flat."""
    plan = b.plans[s]
    if plan[on.PHASE] == on.FLAT:
        return at.NONE
    cost, lots = first_limit(b, plan[on.REFERENCE], plan[on.DIRECTION]), 1
    if cost == 0:
        cost = plan[on.REFERENCE]
    if plan[on.BASE_LOTS] != 0:
        cost, lots = plan[on.BASE_COST], plan[on.BASE_LOTS]
        if b.params[on.STOP_MOVES] != 0 and w.books[s, at.LOTS] != 0:
            cost, lots = w.books[s, at.COST], abs(w.books[s, at.LOTS])
    distance = plan[on.STOP_DRAWN] if plan[on.STOP_DRAWN] != 0 else b.params[on.STOP_PPM]
    stop = stop_ticks(cost, lots, distance, plan[on.DIRECTION])
    return int(tighter(stop, plan[on.TIGHTENED], plan[on.DIRECTION]))


@kernel
def desire(w: World, b: Bot, s: int, stop: int) -> int:
    """Write down which orders should stand beside the protective stop; return how many."""
    plan, held = b.plans[s], w.books[s, at.LOTS]
    if plan[on.PHASE] == on.CLOSING:
        if held == 0:
            return 0
        lots = min(abs(held), w.contracts[s, at.MAX_MARKET])
        want(b, 0, on.EXIT, 0, -1 if held > 0 else 1, lots, at.NONE, 1, at.NONE)
        return 1
    count = 0
    if plan[on.PHASE] == on.ENTERING and plan[on.ENTRY_OVER] == 0:
        count = _want_entry(w, b, s, stop)
    if held != 0 and b.params[on.TARGET_PPM] != at.NONE:
        count = _want_targets(w, b, s, count)
    if plan[on.PHASE] == on.OPEN and held != 0 and plan[on.GATE] != 0 and w.contracts[s, at.TRADING] != 0:
        count = _want_legs(w, b, s, stop, count)
    return count


@inlined
def want(
    b: Bot, k: int, role: int, leg: int, sign: int, lots: int, ticks: int, reduces: int, stop: int
) -> None:
    """Write down one order that should stand."""
    row = b.wanted[k]
    row[on.W_ROLE], row[on.W_LEG], row[on.W_SIGN], row[on.W_LOTS] = role, leg, sign, lots
    row[on.W_TICKS], row[on.W_REDUCES], row[on.W_STOP] = ticks, reduces, stop


@kernel
def _want_entry(w: World, b: Bot, s: int, stop: int) -> int:
    plan = b.plans[s]
    is_over = entry_seen(w, b, s) and not entry_open(w, b, s)
    if is_over and b.places[s, on.ENTRY_PLACE, on.REVISIONS] > plan[on.REQUOTES]:
        return 0
    lots = plan[on.ENTRY_LOTS] - filled(b, s, on.ENTRY, 0)
    ticks = plan[on.ENTRY_TICKS] if plan[on.ENTRY_TICKS] != 0 else at.NONE
    want(b, 0, on.ENTRY, 0, plan[on.DIRECTION], lots, ticks, 0, stop)
    return 1


@inlined
def target_distance(b: Bot, s: int) -> int:
    """Parts per million between the base and the last target."""
    now = b.plans[s, on.TARGET_NOW]
    return int(b.params[on.TARGET_PPM] if now == at.NONE else now)


@inlined
def target_at(w: World, b: Bot, s: int, ppm: int) -> int:
    """The price of a target."""
    plan = b.plans[s]
    cost, lots = w.books[s, at.COST], abs(w.books[s, at.LOTS])
    if b.params[on.TARGET_MOVES] == 0 and plan[on.BASE_LOTS] != 0:
        cost, lots = plan[on.BASE_COST], plan[on.BASE_LOTS]
    return int(target_ticks(cost, lots, ppm, plan[on.DIRECTION]))


@kernel
def _want_targets(w: World, b: Bot, s: int, first: int) -> int:
    """One for each step that isn't taken yet, and one for what they leave; dust joins the last of them."""
    rest, least, count = abs(w.books[s, at.LOTS]), w.contracts[s, at.MIN_LOTS], first
    bought = rest
    for k in range(b.params[on.STEPS] + 1):
        bought += filled(b, s, on.TAKE_PROFIT, k)
    for k in range(b.params[on.STEPS]):
        lots = bought * b.steps[k, 1] // PPM - filled(b, s, on.TAKE_PROFIT, k + 1)
        lots = min(lots, rest)
        if lots >= least:
            _want_target(w, b, s, count, k + 1, lots, target_at(w, b, s, b.steps[k, 0]))
            rest -= lots
            count += 1
    if b.params[on.TARGET_TRAIL] != at.NONE:
        return count
    if rest >= least or count == first:
        _want_target(w, b, s, count, 0, rest, target_at(w, b, s, target_distance(b, s)))
        return count + 1
    last = b.wanted[count - 1]
    last[on.W_LOTS] = min(last[on.W_WHOLE] + rest, w.contracts[s, at.MAX_LOTS])
    return count


@kernel
def _want_target(w: World, b: Bot, s: int, count: int, leg: int, lots: int, ticks: int) -> None:
    sign = -1 if w.books[s, at.LOTS] > 0 else 1
    want(b, count, on.TAKE_PROFIT, leg, sign, min(lots, w.contracts[s, at.MAX_LOTS]), ticks, 1, at.NONE)
    b.wanted[count, on.W_WHOLE] = lots


@kernel
def _want_legs(w: World, b: Bot, s: int, stop: int, count: int) -> int:
    plan, resting = b.plans[s], 0
    for k in range(plan[on.LEGS]):
        ticks = b.legs[s, k, 0]
        if resting == b.params[on.RESTING] or not is_inside(ticks, stop, plan[on.DIRECTION]):
            break
        lots = b.legs[s, k, 1] - filled(b, s, on.AVERAGE, k + 1)
        given_up = b.places[s, place_of(on.AVERAGE, k + 1), on.REFUSALS] >= LEG_REFUSALS_MAX
        if lots < w.contracts[s, at.MIN_LOTS] or given_up:
            continue
        want(b, count + resting, on.AVERAGE, k + 1, plan[on.DIRECTION], lots, ticks, 0, stop)
        resting += 1
    return count + resting
