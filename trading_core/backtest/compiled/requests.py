"""From what stands to what should stand, over tables: requests, and carrying them out in order."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot
from trading_core.backtest.compiled.commands import amend, cancel, place, set_leverage, set_stop
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.planning import desire, place_of, progress, protective_stop
from trading_core.plan.jit import inlined, kernel


@kernel
def tend(w: World, b: Bot, s: int) -> None:
    """Plan what the facts of a symbol ask for now."""
    b.desk[on.BATCHES] += 1
    bury(w, b, s)
    progress(w, b, s, b.desk[on.NOW])
    stand(w, b, s)


@kernel
def settle(w: World, b: Bot) -> None:
    """Carry everything out, and what follows from it, until nothing is left to ask."""
    while b.desk[on.QUEUED] > 0:
        first = 0
        for k in range(1, b.desk[on.QUEUED]):
            one, other = b.queue[k], b.queue[first]
            earlier = one[on.Q_NUMBER] < other[on.Q_NUMBER]
            if one[on.Q_PRIORITY] < other[on.Q_PRIORITY] or (
                one[on.Q_PRIORITY] == other[on.Q_PRIORITY] and earlier
            ):
                first = k
        kind, s, row = b.queue[first, on.Q_KIND], b.queue[first, on.Q_SYMBOL], b.queue[first, on.Q_ROW]
        lots, ticks = b.queue[first, on.Q_LOTS], b.queue[first, on.Q_TICKS]
        b.desk[on.QUEUED] -= 1
        for column in range(on.QUEUE_COLUMNS):
            b.queue[first, column] = b.queue[b.desk[on.QUEUED], column]
        carry_out(w, b, s, kind, row, lots, ticks)
        tend(w, b, s)


@kernel
def carry_out(w: World, b: Bot, s: int, kind: int, row: int, lots: int, ticks: int) -> None:
    """Send one request; what it did stands in the tables."""
    executed = w.account[at.EXECUTIONS]
    if kind == on.SET_STOP:
        b.plans[s, on.STOP_REQUESTS] -= 1
        set_stop(w, s, ticks)
    elif kind == on.SET_LEVERAGE:
        set_leverage(w, s, ticks)
    else:
        w.orders[row, at.REQUESTS] -= 1
        if kind == on.PLACE:
            place(w, s, row)
        elif kind == on.AMEND:
            amend(w, s, row, lots, ticks)
        else:
            cancel(w, s, row)
    if w.account[at.EXECUTIONS] > executed:
        b.desk[on.NOW] = w.books[s, at.TIME]


@inlined
def bury(w: World, b: Bot, s: int) -> None:
    """Count our orders in the places of their trade, and forget those that have ended otherwise."""
    kept, trade = 0, w.books[s, at.TRADE]
    for k in range(b.plans[s, on.OURS]):
        order = w.orders[b.ours[s, k]]
        b.places[s, place_of(order[at.ROLE], order[at.LEG]), on.LIVE_LOTS] = 0
    for k in range(b.plans[s, on.OURS]):
        row = b.ours[s, k]
        state = w.orders[row, at.STATE]
        count = b.places[s, place_of(w.orders[row, at.ROLE], w.orders[row, at.LEG])]
        if state in (at.PLANNED, at.ACCEPTED):
            b.ours[s, kept] = row
            kept += 1
            count[on.LIVE_LOTS] += w.orders[row, at.FILLED] if w.orders[row, at.OF_TRADE] == trade else 0
            continue
        count[on.DONE_LOTS] += w.orders[row, at.FILLED]
        count[on.REFUSALS] += state == at.REJECTED
        count[on.REVISIONS] = max(count[on.REVISIONS], w.orders[row, at.REVISION] + 1)
    b.plans[s, on.OURS] = kept


@kernel
def stand(w: World, b: Bot, s: int) -> int:
    """Ask for what leads from what stands to what the plan wants; how much was asked."""
    stop = protective_stop(w, b, s)
    count = desire(w, b, s, stop)
    before = b.desk[on.PLANNED]
    _cover(w, b, s, count)
    held_stop = stop if w.books[s, at.LOTS] != 0 else at.NONE
    if held_stop != at.NONE and b.plans[s, on.STOP_REQUESTS] == 0 and w.books[s, at.STOP] != held_stop:
        _move_stop(b, s, w.books[s, at.STOP], held_stop)
    for reduces in (1, 0):
        for k in range(count):
            if b.wanted[k, on.W_REDUCES] == reduces:
                _ask(w, b, s, k)
    return int(b.desk[on.PLANNED] - before)


@kernel
def _cover(w: World, b: Bot, s: int, count: int) -> None:
    """Find the order that stands for each wanted one; cancel those that stand for none."""
    for k in range(count):
        b.wanted[k, on.W_COVERED] = at.NONE
    for n in range(b.plans[s, on.OURS]):
        _match(w, b, s, b.ours[s, n], count)


@kernel
def _match(w: World, b: Bot, s: int, row: int, count: int) -> None:
    order = w.orders[row]
    if order[at.OF_TRADE] == w.books[s, at.TRADE]:
        for k in range(count):
            same = b.wanted[k, on.W_ROLE] == order[at.ROLE] and b.wanted[k, on.W_LEG] == order[at.LEG]
            if same and b.wanted[k, on.W_COVERED] == at.NONE:
                b.wanted[k, on.W_COVERED] = row
                return
    if order[at.REQUESTS] != 0 or order[at.FILLED] >= order[at.ASKED]:
        return
    if fresh(b, s, on.CANCEL, order[at.ROLE], order[at.LEG], order[at.REVISION], 0, at.NONE, at.NONE):
        order[at.REQUESTS] += 1
        enqueue(b, on.CANCEL_FIRST, on.CANCEL, s, row, 0, at.NONE)


@kernel
def _move_stop(b: Bot, s: int, before: int, stop: int) -> None:
    if fresh(b, s, on.SET_STOP, on.STOP_ROLE, 0, 0, 0, before, stop):
        b.plans[s, on.STOP_REQUESTS] += 1
        enqueue(b, on.PROTECT, on.SET_STOP, s, at.NONE, 0, stop)


@kernel
def _ask(w: World, b: Bot, s: int, k: int) -> None:
    """Place a wanted order, or amend the one that stands for it."""
    want, row = b.wanted[k], b.wanted[k, on.W_COVERED]
    priority = on.REDUCE if want[on.W_REDUCES] != 0 else on.OPEN_UP
    if row == at.NONE:
        _place(w, b, s, k, priority)
        return
    order = w.orders[row]
    filled = order[at.FILLED]
    if order[at.REQUESTS] != 0 or order[at.TICKS] == at.NONE or filled >= order[at.ASKED]:
        return
    if order[at.TICKS] == want[on.W_TICKS] and order[at.ASKED] - filled == want[on.W_LOTS]:
        return
    lots, ticks = filled + want[on.W_LOTS], want[on.W_TICKS]
    if fresh(b, s, on.AMEND, order[at.ROLE], order[at.LEG], order[at.REVISION], lots, ticks, at.NONE):
        order[at.REQUESTS] += 1
        enqueue(b, priority, on.AMEND, s, row, lots, ticks)


@kernel
def _place(w: World, b: Bot, s: int, k: int, priority: int) -> None:
    want = b.wanted[k]
    role, leg, lots, ticks = want[on.W_ROLE], want[on.W_LEG], want[on.W_LOTS], want[on.W_TICKS]
    if not fresh(b, s, on.PLACE, role, leg, at.NONE, lots, ticks, want[on.W_STOP]):
        return
    wanted = b.params[on.WANTED_LEVERAGE]
    if role == on.ENTRY and w.books[s, at.LEVERAGE] != wanted:
        enqueue(b, on.OPEN_UP, on.SET_LEVERAGE, s, at.NONE, 0, wanted)
    row = w.account[at.ORDERS]
    w.account[at.ORDERS] += 1
    order = w.orders[row]
    order[:] = 0
    order[at.SYMBOL], order[at.OF_TRADE], order[at.ROLE], order[at.LEG] = s, w.books[s, at.TRADE], role, leg
    order[at.REVISION] = b.places[s, place_of(role, leg), on.REVISIONS]
    order[at.SIGN], order[at.TICKS], order[at.ASKED] = want[on.W_SIGN], ticks, lots
    order[at.REDUCES], order[at.ATTACHED] = want[on.W_REDUCES], want[on.W_STOP]
    order[at.DECIDED], order[at.REQUESTS] = b.desk[on.NOW], 1
    order[at.FORCE], order[at.SLIPPAGE] = force_of(b, role, ticks), at.NONE
    order[at.BATCH], order[at.PRIORITY] = b.desk[on.BATCHES], priority
    _own(w, b, s, row)
    enqueue(b, priority, on.PLACE, s, row, 0, at.NONE)


@inlined
def force_of(b: Bot, role: int, ticks: int) -> int:
    """How long an order may stand."""
    if ticks == at.NONE:
        return at.IOC
    if role != on.ENTRY or b.params[on.ENTRY_KIND] == on.AT_LIMIT:
        return at.GTC
    return at.POST_ONLY if b.params[on.ENTRY_KIND] == on.ONLY_POSTED else at.IOC


@kernel
def _own(w: World, b: Bot, s: int, row: int) -> None:
    """Count an order among ours, ranked by role, leg and revision."""
    k = b.plans[s, on.OURS]
    if k == b.ours.shape[1]:
        b.desk[on.CRAMPED] = 1
        return
    b.plans[s, on.OURS] = k + 1
    role, leg = w.orders[row, at.ROLE], w.orders[row, at.LEG]
    while k > 0:
        other = w.orders[b.ours[s, k - 1]]
        if other[at.ROLE] < role or (other[at.ROLE] == role and other[at.LEG] <= leg):
            break
        b.ours[s, k] = b.ours[s, k - 1]
        k -= 1
    b.ours[s, k] = row


@inlined
def enqueue(b: Bot, priority: int, kind: int, s: int, row: int, lots: int, ticks: int) -> None:
    """Queue a request."""
    k = b.desk[on.QUEUED]
    if k == len(b.queue):
        b.desk[on.CRAMPED] = 1
        return
    b.desk[on.QUEUED], b.desk[on.PLANNED] = k + 1, b.desk[on.PLANNED] + 1
    one = b.queue[k]
    one[on.Q_PRIORITY], one[on.Q_NUMBER], one[on.Q_KIND] = priority, b.desk[on.PLANNED], kind
    one[on.Q_SYMBOL], one[on.Q_ROW], one[on.Q_LOTS], one[on.Q_TICKS] = s, row, lots, ticks


@kernel
def fresh(
    b: Bot, s: int, kind: int, role: int, leg: int, revision: int, lots: int, ticks: int, stop: int
) -> bool:
    """Whether a request was not made since the last close; it is from now on."""
    known = b.plans[s, on.ASKED_ROWS]
    for k in range(known):
        one = b.asked[s, k]
        if (
            one[0] == kind
            and one[1] == role
            and one[2] == leg
            and one[3] == revision
            and one[4] == lots
            and one[5] == ticks
            and one[6] == stop
        ):
            return False
    if known == b.asked.shape[1]:
        b.desk[on.CRAMPED] = 1
        return False
    one = b.asked[s, known]
    one[0], one[1], one[2], one[3], one[4], one[5], one[6] = kind, role, leg, revision, lots, ticks, stop
    b.plans[s, on.ASKED_ROWS] = known + 1
    return True
