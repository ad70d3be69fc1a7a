"""One-way and hedge mode: one position of a symbol, or a long and a short one beside each other.

``index`` is Bybit's positionIdx: 0 in one-way mode, 1 the long and 2 the short side in hedge mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trading_core.execution.order import Side
from trading_core.simulator.book import LONG, ONE_WAY, SHORT, Book, book_key
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import SimOrder
from trading_core.simulator.refusals import Refusal, SimRefused


def indexes(ledger: Ledger, symbol: str) -> tuple[int, ...]:
    """The indexes of a symbol's positions in the mode it is in."""
    return (LONG, SHORT) if ledger.is_hedged(symbol) else (ONE_WAY,)


def opening_index(ledger: Ledger, symbol: str, side: Side) -> int:
    """The index an order of that side opens."""
    if not ledger.is_hedged(symbol):
        return ONE_WAY
    return LONG if side is Side.BUY else SHORT


def check_index(ledger: Ledger, symbol: str, index: int) -> None:
    """Refuse an index that the mode of the symbol does not have."""
    if index not in indexes(ledger, symbol):
        raise SimRefused(Refusal.PARAMETER, "position idx not match position mode")


def fitted(ledger: Ledger, order: SimOrder) -> SimOrder:
    """The order as its mode takes it: in hedge mode the other side of a position only reduces it."""
    check_index(ledger, order.symbol, order.index)
    return replace(order, reduce_only=True) if only_reduces(order.index, order.side) else order


def only_reduces(index: int, side: Side) -> bool:
    """Whether an order of that side can't open the position of that index."""
    return (index, side) in ((LONG, Side.SELL), (SHORT, Side.BUY))


def switch(ledger: Ledger, symbol: str, *, is_hedged: bool) -> None:
    """Change the mode of a symbol; refused if it is the one it has, and while anything stands on it."""
    if ledger.is_hedged(symbol) is is_hedged:
        raise SimRefused(Refusal.MODE_UNCHANGED)
    books = ledger.books_of(symbol)
    if any(not book.position.is_flat for book in books):
        raise SimRefused(Refusal.MODE_POSITION)
    if any(book.orders for book in books):
        raise SimRefused(Refusal.MODE_ORDERS)
    _set(ledger, symbol, is_hedged=is_hedged)


def switch_all(ledger: Ledger, symbols: Iterable[str], *, is_hedged: bool) -> None:
    """Change the mode of every symbol of a coin that nothing stands on, and of those to be listed."""
    for symbol in symbols:
        if all(book.is_idle for book in ledger.books_of(symbol)):
            _set(ledger, symbol, is_hedged=is_hedged)
            del ledger.modes[symbol]
        else:
            ledger.modes[symbol] = ledger.is_hedged(symbol)
    ledger.hedges_by_default = is_hedged


def _set(ledger: Ledger, symbol: str, *, is_hedged: bool) -> None:
    """Set the mode; the new positions take the leverage of the old ones over."""
    before = ledger.book(book_key(symbol, indexes(ledger, symbol)[0]))
    ledger.modes[symbol] = is_hedged
    for index in indexes(ledger, symbol):
        _inherit(ledger.book(book_key(symbol, index)), before)


def _inherit(book: Book, before: Book) -> None:
    book.leverage_ppm = before.leverage_ppm
