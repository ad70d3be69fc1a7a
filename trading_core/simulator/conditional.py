"""Conditional orders: what is checked when they are left with the exchange, and when they go off."""

from __future__ import annotations

from trading_core.simulator.arrival import (
    check_admission,
    check_margin,
    check_order_stop,
    check_order_target,
    check_size,
    check_value,
    reducible,
)
from trading_core.simulator.book import RISES, Book
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import SimOrder, StandingOrder
from trading_core.simulator.price_limits import check_price
from trading_core.simulator.refusals import Refusal, SimRefused

FALLS = 2
MAX_CONDITIONAL = 10
"""Conditional orders of a symbol that wait (Bybit)."""


def check_conditional(ledger: Ledger, book: Book, order: SimOrder) -> int:
    """Return the lots that may be left with a trigger; raise SimRefused. It needs no margin yet."""
    check_admission(ledger, book, order)
    if sum(not o.rests and not o.is_partial for o in book.orders.values()) >= MAX_CONDITIONAL:
        raise SimRefused(Refusal.TOO_MANY_CONDITIONAL)
    trigger = order.trigger_ticks
    assert trigger is not None
    _check_trigger(ledger.watched(book, order.trigger_by), trigger, order.trigger_direction)
    lots = reducible(book, order.side, order.lots) if order.reduce_only else order.lots
    check_size(book, lots=order.lots, ticks=order.ticks)
    reference = trigger if order.ticks is None else order.ticks
    if order.ticks is not None:
        # It will be priced against the market that triggers it.
        check_price(ledger, book.instrument, order.side, order.ticks, mark=trigger, index=trigger)
    check_value(book, lots=lots, ticks=reference, reduce_only=order.reduce_only)
    if order.stop_ticks is not None:
        check_order_stop(book, order, reference)
    if order.target_ticks is not None:
        check_order_target(book, order, reference)
    return lots


def _check_trigger(market: int, trigger: int, direction: int) -> None:
    """Refuse a trigger the price has passed already, told with both (in ticks)."""
    if direction not in (RISES, FALLS) or trigger <= 0:
        raise SimRefused(Refusal.PARAMETER, "params error: triggerDirection invalid")
    if direction == RISES and trigger <= market:
        raise SimRefused(
            Refusal.NOT_RISING, f"expect Rising, but trigger_price[{trigger}] <= current[{market}]"
        )
    if direction == FALLS and trigger >= market:
        raise SimRefused(
            Refusal.NOT_FALLING, f"expect Falling, but trigger_price[{trigger}] >= current[{market}]"
        )


def check_retrigger(ledger: Ledger, book: Book, order: StandingOrder, amended: StandingOrder) -> int:
    """Return the lots an amended conditional order may have; raise SimRefused."""
    if amended == order:
        raise SimRefused(Refusal.PARAMETER, "The order remains unchanged as the parameters entered match")
    if order.ticks is None and amended.ticks is not None:
        raise SimRefused(Refusal.PARAMETER, "params error: a market order has no price")
    trigger = amended.trigger_ticks
    assert trigger is not None
    _check_trigger(ledger.watched(book, amended.trigger_by), trigger, amended.trigger_direction)
    check_size(book, lots=amended.lots, ticks=amended.ticks)
    lots = reducible(book, order.side, amended.lots) if order.reduce_only else amended.lots
    reference = trigger if amended.ticks is None else amended.ticks
    if amended.ticks is not None:
        check_price(ledger, book.instrument, order.side, amended.ticks, mark=trigger, index=trigger)
    check_value(book, lots=lots, ticks=reference, reduce_only=order.reduce_only)
    return lots


def affordable(ledger: Ledger, book: Book, order: StandingOrder) -> bool:
    """Whether the account has the margin for an order that was just triggered."""
    ticks = ledger.price(book) if order.ticks is None else order.ticks
    try:
        check_margin(ledger, book, order.side, lots=order.leaves, ticks=ticks, reduce_only=order.reduce_only)
    except SimRefused:
        return False
    return True
