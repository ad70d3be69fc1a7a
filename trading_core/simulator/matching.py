"""Matching: what an arriving order meets, what a trigger does, and what follows from a fill."""

from __future__ import annotations

from dataclasses import replace

from trading_core.execution.margin import bankruptcy_ticks
from trading_core.execution.order import Side, TimeInForce
from trading_core.execution.position import Position, apply
from trading_core.money import PPM, mul_div_ceil
from trading_core.simulator.book import Book
from trading_core.simulator.conditional import affordable
from trading_core.simulator.events import Amended, Cancelled, Event, Executed, PositionChanged, WalletChanged
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import (
    PARTIAL_STOP,
    CancelReason,
    StandingOrder,
    Status,
)
from trading_core.simulator.partial import attach
from trading_core.simulator.triggers import Kind, Trigger

_E8_PER_PPM = 100
_CLOSING = {Kind.STOP: "StopLoss", Kind.TRAILING: "TrailingStop", Kind.TARGET: "TakeProfit"}
"""Bybit's names of the orders that close a position for its protection."""


def arrive(ledger: Ledger, book: Book, order: StandingOrder) -> list[Event]:
    """Match an accepted order with the market as it stands; what is left of it rests or leaves."""
    market = ledger.price(book)
    taken_at = crossing_price(order, market, ledger)
    if taken_at is not None and order.time_in_force is TimeInForce.POST_ONLY:
        return [leave(ledger, book, order, CancelReason.POST_ONLY)]
    room = 0 if taken_at is None else _room(ledger, book, order)
    if order.time_in_force is TimeInForce.FOK and room < _fillable(book, order):
        return [leave(ledger, book, order, CancelReason.NOT_WHOLE)]
    if taken_at is not None and room > 0:
        return execute(ledger, book, order, ticks=taken_at, is_maker=False, most=room)
    if not _may_rest(order):
        return [leave(ledger, book, order, CancelReason.NO_MATCH)]
    book.orders[order.number] = order
    ledger.settle(book)
    return []


def _may_rest(order: StandingOrder) -> bool:
    return order.ticks is not None and order.time_in_force in (TimeInForce.GTC, TimeInForce.POST_ONLY)


def _fillable(book: Book, order: StandingOrder) -> int:
    """Lots that could be filled at most: what is left of it, or of the position it reduces."""
    return min(order.leaves, abs(book.position.lots)) if order.reduce_only else order.leaves


def _room(ledger: Ledger, book: Book, order: StandingOrder) -> int:
    """Lots that the candle's volume leaves for an order that takes.

    One that closes a position on a trigger is not bounded: a stop cut off by a quiet minute would
    leave the position to the market.
    """
    share = ledger.share(book)
    is_stop = order.trigger_ticks is not None and (order.reduce_only or order.close_on_trigger)
    return order.leaves if share is None or is_stop else book.room(share)


def crossing_price(order: StandingOrder, market: int, ledger: Ledger) -> int | None:
    """The price an arriving order takes at; None if it doesn't cross the market."""
    sign = order.side.sign
    if order.ticks is None:
        if order.slippage_ticks is not None and order.slippage_ticks < ledger.params.slip_ticks(market):
            return None
        return max(1, market + sign * ledger.params.slip_ticks(market))
    if sign * (order.ticks - market) <= 0:
        return None
    best = market + sign * ledger.params.spread_ticks
    return max(1, min(order.ticks, best) if sign > 0 else max(order.ticks, best))


def fire(ledger: Ledger, book: Book, trigger: Trigger) -> list[Event]:
    """Do what the trigger does at the market price of the walk."""
    if trigger.kind in _CLOSING:
        return _close_out(ledger, book, trigger)
    if trigger.kind is Kind.LIQUIDATION:
        return _liquidate(ledger, book)
    order = trigger.order
    assert order is not None
    if trigger.kind is Kind.CONDITIONAL:
        return _set_off(ledger, book, order)
    assert order.ticks is not None
    share = ledger.share(book)
    room = None if share is None else book.room(share)
    return execute(ledger, book, order, ticks=order.ticks, is_maker=True, most=room)


def _set_off(ledger: Ledger, book: Book, order: StandingOrder) -> list[Event]:
    """Send a triggered conditional order to the market; what it can't pay for is cancelled."""
    now_ms = ledger.now_ms(book)
    triggered = replace(
        order, status=Status.TRIGGERED, arrival=ledger.next_arrival(), updated_ms=now_ms,
        price_on_created=ledger.price(book),
    )  # fmt: skip
    book.orders.pop(order.number)
    ledger.settle(book)
    events: list[Event] = [Amended(triggered)]
    pair = book.orders.get(order.oco)
    if pair is not None:
        is_stop = order.stop_order_type == PARTIAL_STOP
        reason = CancelReason.TARGET_BY_STOP if is_stop else CancelReason.STOP_BY_TARGET
        events.append(leave(ledger, book, pair, reason))
    if order.close_on_trigger and not affordable(ledger, book, triggered):
        others = [o for o in book.orders.values() if o.rests]
        events += [leave(ledger, book, other, CancelReason.NO_MARGIN) for other in others]
    if not affordable(ledger, book, triggered):
        return [*events, leave(ledger, book, triggered, CancelReason.NO_MARGIN)]
    sent = replace(triggered, status=Status.NEW)
    arrived = arrive(ledger, book, sent)
    return [*events, *(arrived or [Amended(sent)])]


def _close_out(ledger: Ledger, book: Book, trigger: Trigger) -> list[Event]:
    """Close the position at the worse of trigger and market (a target: at the market), and slip.

    The first of stop, trailing stop and target to be met closes the whole position, and the others
    go with it.
    """
    market = ledger.price(book)
    is_elsewhere = trigger.kind is Kind.STOP and not book.looks_at_last(book.stop_by)
    level = market if trigger.kind is Kind.TARGET or is_elsewhere else trigger.level
    if book.position.lots > 0:
        worse = min(level, market)
        ticks = max(1, worse - ledger.params.slip_ticks(worse))
    else:
        worse = max(level, market)
        ticks = worse + ledger.params.slip_ticks(worse)
    name = _CLOSING[trigger.kind]
    order = own_order(ledger, book, stop_order_type=name, create_type=f"CreateBy{name}")
    shown = book.protection_orders.pop(name, None)
    if shown is not None:
        order = replace(
            shown, status=Status.NEW, lots=order.lots, price_on_created=market, updated_ms=order.updated_ms
        )
    return execute(ledger, book, order, ticks=ticks, is_maker=False)


def _liquidate(ledger: Ledger, book: Book) -> list[Event]:
    """Cancel the symbol's orders and take the position over at its bankruptcy price."""
    events: list[Event] = [
        leave(ledger, book, order, CancelReason.BY_LIQUIDATION) for order in list(book.orders.values())
    ]
    ticks = bankruptcy_ticks(book.position, book.leverage_ppm, book.instrument, added=book.added_margin)
    order = own_order(ledger, book, stop_order_type="", create_type="CreateByLiq")
    return events + execute(ledger, book, order, ticks=ticks, is_maker=False, exec_type="BustTrade")


def own_order(ledger: Ledger, book: Book, *, stop_order_type: str, create_type: str) -> StandingOrder:
    """The exchange's own market order that closes the whole position."""
    now_ms = ledger.now_ms(book)
    return StandingOrder(
        number=ledger.next_number(),
        symbol=book.instrument.symbol,
        link="",
        side=Side.of(-book.position.lots),
        lots=abs(book.position.lots),
        ticks=None,
        reduce_only=True,
        time_in_force=TimeInForce.IOC,
        stop_ticks=None,
        close_on_trigger=True,
        arrival=ledger.next_arrival(),
        created_ms=now_ms,
        updated_ms=now_ms,
        price_on_created=ledger.price(book),
        stop_order_type=stop_order_type,
        create_type=create_type,
        index=book.index,
    )


def execute(
    ledger: Ledger,
    book: Book,
    order: StandingOrder,
    *,
    ticks: int,
    is_maker: bool,
    exec_type: str = "Trade",
    most: int | None = None,
) -> list[Event]:
    """Fill an order at a price and tell all that follows.

    It is filled as far as ``most`` and reduce-only allow. What is left of it stays in the market if
    it may rest and still has something to do; else it is cancelled.
    """
    before = book.position
    lots = _fillable(book, order)
    if most is not None and most < lots:
        lots = most
    now_ms = ledger.now_ms(book)
    fee_ppm = ledger.params.fee_ppm(is_maker=is_maker)
    fee = mul_div_ceil(book.instrument.notional_ceil(ticks * lots), fee_ppm, PPM)
    after, gained, closed = _net(book, order.side, ticks=ticks, lots=lots, fee=fee)
    filled = order.changed(
        filled=order.filled + lots,
        tick_lots=order.tick_lots + ticks * lots,
        fee=order.fee + fee,
        status=Status.FILLED if lots == order.leaves else Status.PARTIALLY_FILLED,
        updated_ms=now_ms,
    )
    _take_over(book, filled, before=before, after=after, now_ms=now_ms)
    book.total_realised += gained - fee
    ledger.wallet += gained - fee
    executed = Executed(
        sequence=ledger.next_sequence(), exec_type=exec_type, order=filled, symbol=filled.symbol,
        side=filled.side, ticks=ticks, lots=lots, fee=fee, rate_e8=fee_ppm * _E8_PER_PPM,
        is_maker=is_maker, stop_order_type=filled.stop_order_type, closed_lots=closed,
        gained=gained, time_ms=now_ms, mark_ticks=ledger.mark(book),
        index=book.index,
    )  # fmt: skip
    events: list[Event] = [executed]
    if filled.attached.partial and lots > closed:
        events += attach(ledger, book, filled, lots - closed)
    share = ledger.share(book)
    if share is not None:
        book.take(share, lots)
    if filled.is_open and filled.reduce_only and not after.lots:
        events.append(leave(ledger, book, filled, CancelReason.BY_REDUCE_ONLY))
    elif filled.is_open and not _may_rest(filled):
        events.append(leave(ledger, book, filled, CancelReason.NO_MATCH))
    elif filled.is_open:
        book.orders[filled.number] = filled
    events += _drop_useless_reducers(ledger, book)
    ledger.settle(book)
    return [*events, position_changed(ledger, book), WalletChanged(ledger.wallet, now_ms)]


def _net(book: Book, side: Side, *, ticks: int, lots: int, fee: int) -> tuple[Position, int, int]:
    """(position after, money gained, lots closed); a fill through zero is netted in two halves."""
    before, instrument = book.position, book.instrument
    against = before.lots * side.sign < 0
    closed = min(lots, abs(before.lots)) if against else 0
    if not closed:
        return apply(before, side=side, ticks=ticks, lots=lots, fee=fee, instrument=instrument), 0, 0
    after = apply(before, side=side, ticks=ticks, lots=closed, fee=fee, instrument=instrument)
    gained = after.realised - before.realised
    if lots > closed:
        after = apply(after, side=side, ticks=ticks, lots=lots - closed, fee=0, instrument=instrument)
    return after, gained, closed


def _take_over(book: Book, order: StandingOrder, *, before: Position, after: Position, now_ms: int) -> None:
    """Give the book its new position, and the stop that belongs to it."""
    book.position = after
    book.margins.clear()
    book.updated_ms = now_ms
    book.orders.pop(order.number, None)
    same_direction = before.lots * after.lots > 0
    if abs(after.lots) < abs(before.lots):
        book.added_margin = book.added_margin * abs(after.lots) // abs(before.lots)
    if not same_direction:
        book.added_margin = 0
        book.clear_protection()
        if after.lots:
            book.opened_ms = now_ms
    if order.attached.partial:
        return
    if order.stop_ticks is not None and after.lots * order.side.sign > 0:
        book.stop_ticks, book.stop_by = order.stop_ticks, order.attached.stop_by
    if order.target_ticks is not None and after.lots * order.side.sign > 0:
        book.target_ticks, book.target_by = order.target_ticks, order.attached.target_by


def _drop_useless_reducers(ledger: Ledger, book: Book) -> list[Event]:
    """Cancel reduce-only orders that have nothing left to reduce."""
    lots = book.position.lots
    useless = [o for o in book.orders.values() if o.reduce_only and o.side.sign * lots >= 0]
    reasons = {True: CancelReason.TPSL_CLEARED, False: CancelReason.BY_REDUCE_ONLY}
    return [leave(ledger, book, order, reasons[order.is_partial]) for order in useless]


def cancel(ledger: Ledger, book: Book, order: StandingOrder, reason: CancelReason) -> list[Event]:
    """Take an open order off the book, and its pair, on its owner's wish, or for his absence."""
    pair = book.orders.get(order.oco)
    gone = [order] if pair is None else [order, pair]
    return [leave(ledger, book, one, reason) for one in gone]


def leave(ledger: Ledger, book: Book, order: StandingOrder, reason: CancelReason) -> Cancelled:
    """Take an order off the book, and say why."""
    book.orders.pop(order.number, None)
    book.margins.pop(order.number, None)
    ledger.settle(book)
    now_ms = ledger.now_ms(book)
    status = Status.DEACTIVATED if order.status is Status.UNTRIGGERED else Status.CANCELLED
    return Cancelled(order.changed(status=status, reason=reason, updated_ms=now_ms))


def position_changed(ledger: Ledger, book: Book) -> PositionChanged:
    """The position of a book as it stands."""
    return PositionChanged(
        book.instrument.symbol, book.position, book.stop_ticks, book.leverage_ppm,
        ledger.now_ms(book), ledger.sequence, target_ticks=book.target_ticks,
        trailing_ticks=None if book.trailing is None else book.trailing.distance,
        active_ticks=None if book.trailing is None else book.trailing.active, index=book.index,
    )  # fmt: skip
