"""Stops and targets of a part of a position: conditional orders of their own, in pairs."""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.arrival import check_stop, check_target
from trading_core.simulator.book import RISES, Book
from trading_core.simulator.events import Accepted, Amended, Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import (
    PARTIAL_STOP,
    PARTIAL_TARGET,
    Attached,
    StandingOrder,
    Status,
)
from trading_core.simulator.refusals import Refusal, SimRefused

FALLS = 2
MAX_PARTIAL = 20
"""Partial stops and targets of a symbol, a pair counted once (Bybit)."""


def check_room(book: Book) -> None:
    """Refuse the pair, or the lone stop or target, that would be one too many."""
    waiting = [order for order in book.orders.values() if order.is_partial]
    if sum(1 for order in waiting if order.number > order.oco) >= MAX_PARTIAL:
        raise SimRefused(Refusal.TOO_MANY_PARTIAL)


def add_partial(
    ledger: Ledger, book: Book, *, lots: int, stop: int | None, target: int | None, attached: Attached
) -> list[Event]:
    """Protect that many lots of the position; raise SimRefused, having changed nothing."""
    side = book.position.side
    if side is None:
        raise SimRefused(Refusal.PARAMETER, "can not set tp/sl/ts for zero position")
    if not 0 < lots <= abs(book.position.lots):
        raise SimRefused(Refusal.POSITION_TOO_SMALL)
    check_room(book)
    if stop is not None:
        check_stop(book, side, stop, ledger.watched(book, attached.stop_by), attached.stop_by)
    if target is not None:
        check_target(book, side, target, ledger.watched(book, attached.target_by), attached.target_by)
    return _add(ledger, book, side, lots=lots, stop=stop, target=target, attached=attached, parent=0)


def attach(ledger: Ledger, book: Book, order: StandingOrder, lots: int) -> list[Event]:
    """Protect what an order just opened: its pair grows with its fills, as long as it waits."""
    own = [o for o in book.orders.values() if o.parent == order.number and o.status is Status.UNTRIGGERED]
    if not own:
        return _add(
            ledger, book, order.side, lots=lots, stop=order.stop_ticks, target=order.target_ticks,
            attached=order.attached, parent=order.number,
        )  # fmt: skip
    for child in own:
        grown = replace(child, lots=child.lots + lots, updated_ms=ledger.now_ms(book))
        book.orders[child.number] = grown
    return [Amended(book.orders[child.number]) for child in own]


def _add(
    ledger: Ledger,
    book: Book,
    side: Side,
    *,
    lots: int,
    stop: int | None,
    target: int | None,
    attached: Attached,
    parent: int,
) -> list[Event]:
    made = []
    if stop is not None:
        falls = FALLS if side is Side.BUY else RISES
        made.append((PARTIAL_STOP, stop, falls, attached.stop_limit, attached.stop_by))
    if target is not None:
        rises = RISES if side is Side.BUY else FALLS
        made.append((PARTIAL_TARGET, target, rises, attached.target_limit, attached.target_by))
    now_ms, price = ledger.now_ms(book), ledger.price(book)
    children = [
        StandingOrder(
            number=ledger.next_number(), symbol=book.instrument.symbol, link="", side=side.opposite,
            lots=lots, ticks=limit, reduce_only=True,
            time_in_force=TimeInForce.IOC if limit is None else TimeInForce.GTC, stop_ticks=None,
            close_on_trigger=True, arrival=ledger.next_arrival(), created_ms=now_ms, updated_ms=now_ms,
            price_on_created=price, status=Status.UNTRIGGERED, stop_order_type=kind,
            create_type=f"CreateBy{kind}", trigger_ticks=ticks, trigger_direction=direction,
            trigger_by=by, parent=parent, index=book.index,
        )
        for kind, ticks, direction, limit, by in made
    ]  # fmt: skip
    if len(children) > 1:
        one, other = children
        children = [replace(one, oco=other.number), replace(other, oco=one.number)]
    book.orders.update({child.number: child for child in children})
    return [Accepted(child) for child in children]
