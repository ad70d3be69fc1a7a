"""Stop, target and trailing stop of a position: setting them, and letting the last one follow."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from trading_core.simulator.arrival import check_stop, check_target
from trading_core.simulator.book import Book
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import TriggerBy
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.trailing import Trailing


class Unset(Enum):
    """Marks what a command leaves as it is (None clears)."""

    UNSET = "unset"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET


def protect(
    ledger: Ledger,
    book: Book,
    *,
    stop: int | Unset | None,
    target: int | Unset | None,
    trailing: int | Unset | None,
    active: int | None,
    stop_by: TriggerBy,
    target_by: TriggerBy,
) -> None:
    """Give the position its protection; raise SimRefused, having changed nothing.

    ``stop_by`` and ``target_by`` are the prices that a given stop and target look at.
    """
    side = book.position.side
    if side is None:
        raise SimRefused(Refusal.PARAMETER, "can not set tp/sl/ts for zero position")
    new_stop = book.stop_ticks if isinstance(stop, Unset) else stop
    new_target = book.target_ticks if isinstance(target, Unset) else target
    new_trailing = book.trailing
    if not isinstance(trailing, Unset):
        new_trailing = _trailing(book, ledger.price(book), trailing, active)
    new_stop_by = book.stop_by if isinstance(stop, Unset) or stop is None else stop_by
    new_target_by = book.target_by if isinstance(target, Unset) or target is None else target_by
    is_new_stop = (new_stop, new_stop_by) != (book.stop_ticks, book.stop_by)
    is_new_target = (new_target, new_target_by) != (book.target_ticks, book.target_by)
    if not is_new_stop and not is_new_target and new_trailing == book.trailing:
        raise SimRefused(Refusal.STOP_UNCHANGED)
    if new_stop is not None and is_new_stop:
        check_stop(book, side, new_stop, ledger.watched(book, new_stop_by), new_stop_by)
    if new_target is not None and is_new_target:
        check_target(book, side, new_target, ledger.watched(book, new_target_by), new_target_by)
    book.stop_ticks, book.target_ticks, book.trailing = new_stop, new_target, new_trailing
    book.stop_by, book.target_by = new_stop_by, new_target_by


def _trailing(book: Book, market: int, distance: int | None, active: int | None) -> Trailing | None:
    if distance is None:
        return None
    if distance <= 0 or (book.position.lots > 0 and distance >= market):
        raise SimRefused(Refusal.PARAMETER, "params error: trailingStop invalid")
    if active is None:
        same = (
            book.trailing is not None
            and book.trailing.distance == distance
            and book.trailing.best is not None
        )
        return book.trailing if same else Trailing(distance, active=None, best=market)
    if (active - market) * (1 if book.position.lots > 0 else -1) <= 0:
        raise SimRefused(
            Refusal.PARAMETER, "params error: activePrice is on the wrong side of the last price"
        )
    return Trailing(distance, active=active, best=None)


def follow(book: Book, price: int) -> None:
    """Let the trailing stop take notice of the market price."""
    if book.trailing is not None and book.trailing.follow(price, long=book.position.lots > 0):
        book.touch()
