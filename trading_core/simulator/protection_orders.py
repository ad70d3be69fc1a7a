"""A position's stop, target and trailing stop as the orders that Bybit shows them as.

The matching knows them as prices on the position. Whoever shows orders calls ``refresh`` after each
change: it gives them numbers, follows the position's size, and says what to tell. A run that
shows nothing never makes them.
"""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.book import RISES, Book
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import (
    CancelReason,
    StandingOrder,
    Status,
    TriggerBy,
)

FALLS = 2
STOP, TARGET, TRAILING = "StopLoss", "TakeProfit", "TrailingStop"
PRICES = {STOP: "stop", TARGET: "target"}
"""The trigger prices that can be amended, as ``set_protection`` calls them."""
_PAIR = (STOP, TARGET)


def refresh(ledger: Ledger, book: Book) -> list[Event]:
    """Bring the protection orders of a symbol in line with its position; return what changed.

    Stop and target that are set together are a pair: each carries the other's number in ``oco``
    until one of them is changed alone.
    """
    wanted, orders = _prices(book), book.protection_orders
    if not wanted and not orders:
        return []
    gone = _remove(ledger, book, wanted)
    changed = {n for n, ticks in wanted.items() if n not in orders or orders[n].trigger_ticks != ticks}
    added = [name for name in wanted if name not in orders]
    for name in added:
        orders[name] = _new(ledger, book, name, wanted[name])
    before = dict(orders)
    _bind(orders, changed)
    for name, ticks in wanted.items():
        orders[name] = replace(
            orders[name], lots=abs(book.position.lots), trigger_ticks=ticks, trigger_by=_by(book, name)
        )
        if name not in added and orders[name] != before[name]:
            orders[name] = replace(orders[name], updated_ms=ledger.now_ms(book))
    amended = [Amended(orders[name]) for name in wanted if name not in added and orders[name] != before[name]]
    return [*gone, *(Accepted(orders[name]) for name in added), *amended]


def _remove(ledger: Ledger, book: Book, wanted: dict[str, int]) -> list[Event]:
    """Take away what the position has no more, or what belonged to another one."""
    orders, lots = book.protection_orders, book.position.lots
    is_over = not lots or any(order.side is Side.of(lots) for order in orders.values())
    reason = CancelReason.TPSL_CLEARED if is_over else CancelReason.BY_USER
    gone = [orders.pop(name) for name in list(orders) if is_over or name not in wanted]
    now_ms = ledger.now_ms(book)
    return [
        Cancelled(replace(order, status=Status.DEACTIVATED, reason=reason, updated_ms=now_ms))
        for order in gone
    ]


def _prices(book: Book) -> dict[str, int]:
    """The trigger price of each order that the position has; a trailing stop shows where it is activated."""
    if not book.position.lots:
        return {}
    prices = {}
    if book.stop_ticks is not None:
        prices[STOP] = book.stop_ticks
    if book.target_ticks is not None:
        prices[TARGET] = book.target_ticks
    trailing = book.trailing
    if trailing is not None:
        known = book.protection_orders.get(TRAILING)
        shown = trailing.active if known is None or trailing.active is not None else known.trigger_ticks
        prices[TRAILING] = shown if shown is not None else trailing.best or 0
    return prices


def _new(ledger: Ledger, book: Book, name: str, ticks: int) -> StandingOrder:
    now_ms, lots = ledger.now_ms(book), book.position.lots
    loses = name != TARGET
    return StandingOrder(
        number=ledger.next_number(), symbol=book.instrument.symbol, link="", side=Side.of(-lots),
        lots=abs(lots), ticks=None, reduce_only=True, time_in_force=TimeInForce.IOC, stop_ticks=None,
        close_on_trigger=True, arrival=ledger.next_arrival(), created_ms=now_ms, updated_ms=now_ms,
        price_on_created=ledger.price(book), status=Status.UNTRIGGERED, stop_order_type=name, index=book.index,
        create_type=f"CreateBy{name}", trigger_ticks=ticks,
        trigger_direction=FALLS if (lots > 0) is loses else RISES, trigger_by=_by(book, name),
    )  # fmt: skip


def _by(book: Book, name: str) -> TriggerBy:
    """The price that a protection order looks at."""
    return {STOP: book.stop_by, TARGET: book.target_by}.get(name, TriggerBy.LAST)


def _bind(orders: dict[str, StandingOrder], changed: set[str]) -> None:
    """Pair stop and target that came together; part them when one changes, or goes, alone."""
    if changed.issuperset(_PAIR):
        for name, other in (_PAIR, _PAIR[::-1]):
            orders[name] = replace(orders[name], oco=orders[other].number)
    elif changed.intersection(_PAIR) or not orders.keys() >= set(_PAIR):
        for name in _PAIR:
            if name in orders and orders[name].oco:
                orders[name] = replace(orders[name], oco=0)


def named(book: Book, number: int) -> str | None:
    """The ``stop_order_type`` of the protection order of that number."""
    return next((name for name, o in book.protection_orders.items() if number and o.number == number), None)


def cancelled(book: Book, number: int) -> list[str]:
    """The names of the protection that goes with an order of that number: its own and its pair's."""
    name = named(book, number)
    if name is None:
        return []
    pair = named(book, book.protection_orders[name].oco)
    return [name] if pair is None else [name, pair]
