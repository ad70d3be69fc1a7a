"""Margin beyond that of the leverage: added to an isolated position by its owner, or by itself before a liquidation."""

from __future__ import annotations

from trading_core.execution.margin import initial_margin
from trading_core.simulator.book import Book
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import position_changed
from trading_core.simulator.refusals import Refusal, SimRefused


def add_margin(ledger: Ledger, book: Book, units: int) -> list[Event]:
    """Put money units behind a position, or take some of them back; raise SimRefused, having changed nothing.

    What comes back is at most what was added, and never so much that the mark price would take the
    position over.
    """
    _require_isolated(ledger)
    if book.position.is_flat:
        raise SimRefused(Refusal.PARAMETER, "params error: position not exists")
    if not units:
        raise SimRefused(Refusal.MARGIN_UNCHANGED)
    if units > ledger.available():
        raise SimRefused(Refusal.NO_BALANCE_TO_ADD)
    before = book.added_margin
    if units < 0 and (before + units < 0 or not _stands(ledger, book, before + units)):
        book.added_margin = before
        raise SimRefused(Refusal.MARGIN_NEEDED)
    return _put(ledger, book, before + units)


def set_auto_margin(ledger: Ledger, book: Book, *, is_on: bool) -> list[Event]:
    """Let margin be added before the position would be liquidated, or stop that."""
    _require_isolated(ledger)
    book.auto_margin = is_on
    return [position_changed(ledger, book)]


def replenish(ledger: Ledger, book: Book) -> list[Event]:
    """Add the position's initial margin once more, or what is left of the balance; nothing if it is not to be.

    Called where the position would be liquidated. Each time leaves less balance, so it comes to an end.
    """
    if not book.auto_margin or ledger.is_cross:
        return []
    wanted = initial_margin(book.position.cost, book.leverage_ppm, book.instrument)
    units = min(wanted, ledger.available())
    return _put(ledger, book, book.added_margin + units) if units > 0 else []


def _require_isolated(ledger: Ledger) -> None:
    if ledger.is_cross:
        raise SimRefused(Refusal.PARAMETER, "params error: margin is added to isolated positions only")


def _stands(ledger: Ledger, book: Book, units: int) -> bool:
    """Whether the position would live on with so much added margin; leaves that margin in the book."""
    book.added_margin = units
    level, mark = book.liquidation(), ledger.mark(book)
    return level is None or (mark > level if book.position.lots > 0 else mark < level)


def _put(ledger: Ledger, book: Book, units: int) -> list[Event]:
    book.added_margin = units
    book.updated_ms = ledger.now_ms(book)
    ledger.settle(book)
    return [position_changed(ledger, book)]
