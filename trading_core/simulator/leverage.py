"""Setting leverage: of a position, or of both sides of a symbol in hedge mode."""

from __future__ import annotations

from collections.abc import Mapping

from trading_core.simulator.arrival import check_leverage
from trading_core.simulator.book import LONG, SHORT, Book, book_key
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import position_changed
from trading_core.simulator.refusals import Refusal, SimRefused


def set_leverage(ledger: Ledger, book: Book, leverage_ppm: int) -> list[Event]:
    """Change the leverage of a position; raise SimRefused, having changed nothing."""
    ledger.price(book)  # refuses a symbol that has no market yet
    check_leverage(ledger, book, leverage_ppm)
    before = book.leverage_ppm
    _put(ledger, {book.key: leverage_ppm})
    if leverage_ppm < before and ledger.available() < 0:
        _put(ledger, {book.key: before})
        raise SimRefused(Refusal.NO_BALANCE)
    return [position_changed(ledger, book)]


def set_leverages(ledger: Ledger, symbol: str, long_ppm: int, short_ppm: int) -> list[Event]:
    """Change the leverage of both sides; 110043 if neither does change, and all or nothing."""
    wanted = {book_key(symbol, LONG): long_ppm, book_key(symbol, SHORT): short_ppm}
    before = {key: ledger.book(key).leverage_ppm for key in wanted}
    changed = [key for key in wanted if wanted[key] != before[key]]
    if not changed:
        raise SimRefused(Refusal.LEVERAGE_UNCHANGED)
    events: list[Event] = []
    try:
        for key in changed:
            events += set_leverage(ledger, ledger.book(key), wanted[key])
    except SimRefused:
        _put(ledger, before)
        raise
    return events


def _put(ledger: Ledger, wanted: Mapping[str, int]) -> None:
    for key, leverage_ppm in wanted.items():
        book = ledger.book(key)
        book.leverage_ppm = leverage_ppm
        book.margins.clear()
        ledger.settle(book)
