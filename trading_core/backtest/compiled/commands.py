"""Commands to the compiled account: each returns OK or why it was refused, having changed nothing."""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.arrival import check_amendment, check_leverage, check_order, check_stop
from trading_core.backtest.compiled.layout import World
from trading_core.backtest.compiled.margin import available
from trading_core.backtest.compiled.trading import arrive, leave, part, settle, stands
from trading_core.plan.jit import kernel


@kernel
def place(w: World, s: int, row: int) -> int:
    """Send an order that is written down; what becomes of it stands in its row."""
    refused = check_order(w, s, row)
    if refused != at.OK:
        w.orders[row, at.STATE] = at.REJECTED
        w.orders[row, at.REASON] = refused
        w.orders[row, at.REASON_A], w.orders[row, at.REASON_B] = w.account[at.TOLD_A], w.account[at.TOLD_B]
        return refused
    w.account[at.ARRIVAL] += 1
    w.orders[row, at.RANK] = w.account[at.ARRIVAL]
    w.orders[row, at.STATE] = at.ACCEPTED
    arrive(w, s, row)
    return at.OK


@kernel
def amend(w: World, s: int, row: int, lots: int, ticks: int) -> int:
    """Give an open order another whole quantity and price: it queues anew."""
    if not stands(w, s, row):
        return at.REFUSED
    refused = check_amendment(w, s, row, lots, ticks)
    if refused != at.OK:
        return refused
    w.account[at.ARRIVAL] += 1
    order = w.orders[row]
    order[at.SIZE] = order[at.ASKED] = w.account[at.TOLD_A]
    order[at.TICKS], order[at.RANK] = ticks, w.account[at.ARRIVAL]
    part(w, s, row)
    arrive(w, s, row)
    return at.OK


@kernel
def cancel(w: World, s: int, row: int) -> int:
    """Take an open order off the book."""
    if not stands(w, s, row):
        return at.REFUSED
    leave(w, s, row, at.BY_USER)
    settle(w, s)
    return at.OK


@kernel
def set_stop(w: World, s: int, ticks: int) -> int:
    """Move the position's protective stop."""
    held = w.books[s, at.LOTS]
    if held == 0 or ticks == w.books[s, at.STOP]:
        return at.REFUSED
    refused = check_stop(w, 1 if held > 0 else -1, ticks, w.books[s, at.PRICE])
    if refused == at.OK:
        w.books[s, at.STOP] = ticks
        settle(w, s)
    return refused


@kernel
def set_leverage(w: World, s: int, leverage: int) -> int:
    """Change the leverage of a book."""
    refused = check_leverage(w, s, leverage)
    if refused != at.OK:
        return refused
    before = w.books[s, at.LEVERAGE]
    w.books[s, at.LEVERAGE] = leverage
    if leverage < before and available(w, at.NONE) < 0:
        w.books[s, at.LEVERAGE] = before
        return at.REFUSED
    settle(w, s)
    return at.OK
