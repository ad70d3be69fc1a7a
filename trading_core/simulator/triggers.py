"""What a moving price meets next on an account's book."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from trading_core.execution.order import Side
from trading_core.simulator.book import RISES, Book
from trading_core.simulator.orders import StandingOrder, Status


class Kind(IntEnum):
    """What is met; the value ranks things met at the same price."""

    STOP = 0
    LIQUIDATION = 1
    TRAILING = 2
    TARGET = 3
    CONDITIONAL = 4
    REDUCE = 5
    ENTRY = 6


class Trigger(NamedTuple):
    """A price level at which something happens."""

    kind: Kind
    falls: bool
    """True: met when the price is at or below the level; False: at or above."""
    level: int
    order: StandingOrder | None = None

    def met_at(self, price: int, target: int) -> int | None:
        """The first price between here and the target that meets the level; None if none does."""
        if self.falls:
            if price <= self.level:
                return price
            return self.level if target <= self.level else None
        if price >= self.level:
            return price
        return self.level if target >= self.level else None


def triggers(book: Book) -> Iterator[Trigger]:
    """Everything on the book that the last price can set off.

    A resting order needs the price to trade through it by a tick: a touch is not a fill.
    """
    long = book.position.lots > 0
    if book.stop_ticks is not None and book.looks_at_last(book.stop_by):
        yield Trigger(Kind.STOP, long, book.stop_ticks)
    liquidation = None if book.marked else book.liquidation()
    if liquidation is not None and book.was_marked_at(liquidation):
        yield Trigger(Kind.LIQUIDATION, long, liquidation)
    if book.trailing is not None:
        level = book.trailing.level(long=long)
        if level is not None:
            yield Trigger(Kind.TRAILING, long, level)
    if book.target_ticks is not None and book.looks_at_last(book.target_by):
        yield Trigger(Kind.TARGET, not long, book.target_ticks)
    for order in book.orders.values():
        if order.status is Status.UNTRIGGERED:
            if book.looks_at_last(order.trigger_by):
                yield waiting(order)
            continue
        assert order.ticks is not None
        buys = order.side is Side.BUY
        kind = Kind.REDUCE if order.reduce_only else Kind.ENTRY
        yield Trigger(kind, buys, order.ticks + (-1 if buys else 1), order)


def waiting(order: StandingOrder) -> Trigger:
    """What sets a conditional order off."""
    assert order.trigger_ticks is not None
    return Trigger(Kind.CONDITIONAL, order.trigger_direction != RISES, order.trigger_ticks, order)


def next_trigger(book: Book, *, price: int, target: int, resting: bool) -> tuple[int, Trigger] | None:
    """The first thing met on the way to the target, and the price at which it is met.

    Without ``resting``, orders in the market are passed by: there is no volume left for them.
    """
    falls, rises = book.bounds()
    low, high = (price, target) if price < target else (target, price)
    if falls < low and high < rises:
        return None
    best: tuple[tuple[int, ...], int, Trigger] | None = None
    for trigger in triggers(book):
        met = trigger.met_at(price, target)
        if met is None or (not resting and trigger.kind >= Kind.REDUCE):
            continue
        rank = _rank(trigger, abs(met - price))
        if best is None or rank < best[0]:
            best = (rank, met, trigger)
    return None if best is None else best[1:]


def _rank(trigger: Trigger, distance: int) -> tuple[int, ...]:
    order = trigger.order
    if order is None:
        return (distance, trigger.kind, 0, 0)
    better = -trigger.level if trigger.falls else trigger.level
    return (distance, trigger.kind, better, order.arrival)
