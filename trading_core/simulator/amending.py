"""What an amendment makes of an open order."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from trading_core.simulator.arrival import check_amendment, check_stop, check_target
from trading_core.simulator.book import Book
from trading_core.simulator.conditional import check_retrigger
from trading_core.simulator.events import Amended, Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import arrive
from trading_core.simulator.orders import Attached, StandingOrder, TriggerBy
from trading_core.simulator.protection import UNSET, Unset
from trading_core.simulator.refusals import Refusal, SimRefused


class Amendment(NamedTuple):
    """What of an order is to be another; what isn't given stays."""

    lots: int | None = None
    """The whole quantity, what is executed included."""
    ticks: int | None = None
    trigger_ticks: int | None = None
    trigger_by: TriggerBy | None = None
    stop: int | Unset | None = UNSET
    """Attached stop; None takes it away. The target likewise."""
    target: int | Unset | None = UNSET
    attached: Attached | None = None

    @property
    def moves(self) -> bool:
        """Whether it changes more than what is attached."""
        return any(part is not None for part in self[:4])


def amend_order(ledger: Ledger, book: Book, order: StandingOrder, change: Amendment) -> list[Event]:
    """Carry an amendment out; raise SimRefused, having changed nothing.

    A new price, quantity or trigger queues the order anew; another stop or target does not.
    """
    protected = _protected(book, order, change)
    if not change.moves and protected != order:
        amended = replace(protected, updated_ms=ledger.now_ms(book))
        book.orders[order.number] = amended
        ledger.settle(book)
        return [Amended(amended)]
    if order.rests:
        return _amend_resting(ledger, book, order, protected, change)
    return _amend_waiting(ledger, book, order, protected, change)


def _protected(book: Book, order: StandingOrder, change: Amendment) -> StandingOrder:
    """The order with its new stop and target."""
    if change.attached is None and isinstance(change.stop, Unset) and isinstance(change.target, Unset):
        return order
    if order.filled:
        raise SimRefused(Refusal.PARTLY_FILLED)
    if order.reduce_only:
        raise SimRefused(
            Refusal.PARAMETER, "params error: reduce-only orders can't carry takeProfit or stopLoss"
        )
    stop = order.stop_ticks if isinstance(change.stop, Unset) else change.stop
    target = order.target_ticks if isinstance(change.target, Unset) else change.target
    prices = (change.ticks, order.ticks, change.trigger_ticks, order.trigger_ticks)
    reference = next(price for price in prices if price is not None)
    if stop is not None and stop != order.stop_ticks:
        check_stop(book, order.side, stop, reference)
    if target is not None and target != order.target_ticks:
        check_target(book, order.side, target, reference)
    attached = order.attached if change.attached is None else change.attached
    return replace(order, stop_ticks=stop, target_ticks=target, attached=attached)


def _amend_resting(
    ledger: Ledger, book: Book, order: StandingOrder, protected: StandingOrder, change: Amendment
) -> list[Event]:
    if change.trigger_ticks is not None or change.trigger_by is not None:
        raise SimRefused(Refusal.PARAMETER, "params error: the order has no trigger")
    ticks = order.ticks if change.ticks is None else change.ticks
    assert ticks is not None
    asked = order.lots if change.lots is None else change.lots
    lots = check_amendment(ledger, book, order, lots=asked, ticks=ticks)
    amended = replace(
        protected, lots=lots, ticks=ticks, arrival=ledger.next_arrival(), updated_ms=ledger.now_ms(book)
    )  # fmt: skip
    book.orders.pop(order.number)
    events = arrive(ledger, book, amended)
    ledger.settle(book)
    return [Amended(amended), *events]


def _amend_waiting(
    ledger: Ledger, book: Book, order: StandingOrder, protected: StandingOrder, change: Amendment
) -> list[Event]:
    amended = replace(
        protected,
        lots=order.lots if change.lots is None else change.lots,
        ticks=order.ticks if change.ticks is None else change.ticks,
        trigger_ticks=order.trigger_ticks if change.trigger_ticks is None else change.trigger_ticks,
        trigger_by=order.trigger_by if change.trigger_by is None else change.trigger_by,
    )
    amended = replace(amended, lots=check_retrigger(ledger, book, order, amended))
    amended = replace(amended, arrival=ledger.next_arrival(), updated_ms=ledger.now_ms(book))
    book.orders.pop(order.number)
    book.orders[order.number] = amended
    ledger.settle(book)
    return [Amended(amended)]
