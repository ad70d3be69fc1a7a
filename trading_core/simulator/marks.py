"""What mark and index price set off, where they move by themselves: liquidation, protection, conditional orders."""

from __future__ import annotations

from collections.abc import Iterator

from trading_core.simulator.book import Book
from trading_core.simulator.orders import Status, TriggerBy
from trading_core.simulator.triggers import Kind, Trigger, waiting


def marked_triggers(book: Book) -> Iterator[tuple[TriggerBy, Trigger]]:
    """Everything on the book that looks at mark or index, most urgent first, with the price it looks at."""
    level, long = book.liquidation(), book.position.lots > 0
    if book.stop_ticks is not None and book.stop_by is not TriggerBy.LAST:
        yield book.stop_by, Trigger(Kind.STOP, long, book.stop_ticks)
    if level is not None:
        yield TriggerBy.MARK, Trigger(Kind.LIQUIDATION, long, level)
    if book.target_ticks is not None and book.target_by is not TriggerBy.LAST:
        yield book.target_by, Trigger(Kind.TARGET, not long, book.target_ticks)
    for order in book.orders.values():
        if order.status is Status.UNTRIGGERED and order.trigger_by is not TriggerBy.LAST:
            yield order.trigger_by, waiting(order)


def met_by(book: Book, *, mark: int, index: int) -> Trigger | None:
    """The first thing that these prices (ticks) set off; None if nothing does."""
    prices = {TriggerBy.MARK: mark, TriggerBy.INDEX: index}
    found = (t for by, t in marked_triggers(book) if t.met_at(prices[by], prices[by]) is not None)
    return next(found, None)
