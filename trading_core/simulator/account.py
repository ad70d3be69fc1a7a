"""A simulated exchange account: commands in, events out; integers only, no clock, resumable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import mul_div_ceil
from trading_core.simulator.arrival import check_amendment, check_leverage, check_order
from trading_core.simulator.book import Book
from trading_core.simulator.conditional import check_conditional, check_retrigger
from trading_core.simulator.events import Accepted, Amended, Event, Executed, WalletChanged
from trading_core.simulator.ledger import Ledger, Quotes
from trading_core.simulator.matching import arrive, cancel, fire, position_changed
from trading_core.simulator.orders import CancelReason, SimOrder, StandingOrder, Status
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.protection import UNSET, Unset, follow, protect
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.triggers import next_trigger
from trading_core.simulator.walk import CandleTicks, Walk, path

_E8 = 10**8


class SimAccount:
    """One account in one-way mode with isolated margin.

    Every command either returns what happened, in order, or raises ``SimRefused`` and changes
    nothing. The market price comes from ``quotes`` (shared with whoever drives the market) or,
    while a candle is walked, from the walk.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams | None = None,
        wallet: int,
    ) -> None:
        self.ledger = Ledger(instruments, quotes=quotes, params=params or MatchingParams(), wallet=wallet)

    # What it has

    @property
    def wallet(self) -> int:
        """Balance in money units, without unrealised profit."""
        return self.ledger.wallet

    @property
    def equity(self) -> int:
        """Wallet and unrealised profit, money units."""
        return self.ledger.equity()

    @property
    def available(self) -> int:
        """Money units free for new orders."""
        return self.ledger.available()

    @property
    def active(self) -> list[str]:
        """Symbols with an open order or a position, sorted."""
        return sorted(self.ledger.active)

    @property
    def positions(self) -> dict[str, Position]:
        """Positions that are not flat."""
        books = self.ledger.books
        return {s: books[s].position for s in self.active if not books[s].position.is_flat}

    def position(self, symbol: str) -> Position:
        """The position of a symbol, flat if there is none."""
        return self.ledger.book(symbol).position

    def stop(self, symbol: str) -> int | None:
        """The protective stop of a symbol's position, ticks."""
        return self.ledger.book(symbol).stop_ticks

    def open_orders(self, symbol: str | None = None) -> list[StandingOrder]:
        """Open orders in order of arrival, of one symbol or of all."""
        symbols = self.active if symbol is None else [symbol]
        orders = (o for s in symbols for o in self.ledger.book(s).orders.values())
        return sorted(orders, key=lambda order: order.arrival)

    def find(self, symbol: str, *, link: str = "", number: int = 0) -> StandingOrder:
        """An open order by number or link; raise SimRefused(110001) if it is gone."""
        orders = self.ledger.book(symbol).orders
        wanted = (o for o in orders.values() if link and o.link == link)
        found = orders.get(number) if number else next(wanted, None)
        if found is None:
            raise SimRefused(Refusal.ORDER_GONE)
        return found

    # Commands

    def place(self, order: SimOrder) -> list[Event]:
        """Place an order; the first event is its acceptance."""
        book = self.ledger.book(order.symbol)
        if order.trigger_ticks is None:
            lots = check_order(self.ledger, book, order)
        else:
            lots = check_conditional(self.ledger, book, order)
        standing = self._number(book, order, lots)
        if order.link:
            self.ledger.links.add(order.link)
        if order.trigger_ticks is not None:
            book.orders[standing.number] = standing
            self.ledger.settle(book)
            return [Accepted(standing)]
        return [Accepted(standing), *arrive(self.ledger, book, standing)]

    def _number(self, book: Book, order: SimOrder, lots: int) -> StandingOrder:
        now_ms = self.ledger.now_ms(book)
        return StandingOrder(
            number=self.ledger.next_number(), symbol=order.symbol, link=order.link, side=order.side,
            lots=lots, ticks=order.ticks, reduce_only=order.reduce_only,
            time_in_force=order.time_in_force, stop_ticks=order.stop_ticks,
            close_on_trigger=order.close_on_trigger, arrival=self.ledger.next_arrival(),
            created_ms=now_ms, updated_ms=now_ms, price_on_created=self.ledger.price(book),
            status=Status.NEW if order.trigger_ticks is None else Status.UNTRIGGERED,
            stop_order_type="" if order.trigger_ticks is None else "Stop",
            trigger_ticks=order.trigger_ticks, trigger_direction=order.trigger_direction,
            trigger_by=order.trigger_by, target_ticks=order.target_ticks,
            slippage_ticks=order.slippage_ticks,
        )  # fmt: skip

    def amend(
        self,
        symbol: str,
        *,
        link: str = "",
        number: int = 0,
        lots: int | None = None,
        ticks: int | None = None,
        trigger_ticks: int | None = None,
    ) -> list[Event]:
        """Change quantity (the whole of it), price or trigger of an open order; it queues anew."""
        book = self.ledger.book(symbol)
        order = self.find(symbol, link=link, number=number)
        if not order.rests:
            return self._amend_conditional(book, order, lots=lots, ticks=ticks, trigger_ticks=trigger_ticks)
        if trigger_ticks is not None:
            raise SimRefused(Refusal.PARAMETER, "params error: the order has no trigger")
        new_ticks = order.ticks if ticks is None else ticks
        assert new_ticks is not None
        new_lots = check_amendment(
            self.ledger, book, order, lots=order.lots if lots is None else lots, ticks=new_ticks
        )
        amended = replace(
            order, lots=new_lots, ticks=new_ticks, arrival=self.ledger.next_arrival(),
            updated_ms=self.ledger.now_ms(book),
        )  # fmt: skip
        book.orders.pop(order.number)
        events = arrive(self.ledger, book, amended)
        self.ledger.settle(book)
        return [Amended(amended), *events]

    def _amend_conditional(
        self,
        book: Book,
        order: StandingOrder,
        *,
        lots: int | None,
        ticks: int | None,
        trigger_ticks: int | None,
    ) -> list[Event]:
        amended = replace(
            order,
            lots=order.lots if lots is None else lots,
            ticks=order.ticks if ticks is None else ticks,
            trigger_ticks=order.trigger_ticks if trigger_ticks is None else trigger_ticks,
        )
        amended = replace(amended, lots=check_retrigger(self.ledger, book, order, amended))
        amended = replace(
            amended, arrival=self.ledger.next_arrival(), updated_ms=self.ledger.now_ms(book)
        )  # fmt: skip
        book.orders.pop(order.number)
        book.orders[order.number] = amended
        self.ledger.settle(book)
        return [Amended(amended)]

    def cancel(
        self, symbol: str, *, link: str = "", number: int = 0, reason: CancelReason = CancelReason.BY_USER
    ) -> list[Event]:
        """Cancel an open order; SimRefused(110001) if it is gone."""
        order = self.find(symbol, link=link, number=number)
        return cancel(self.ledger, self.ledger.book(symbol), order, reason)

    def set_stop(self, symbol: str, ticks: int | None) -> list[Event]:
        """Set the position's protective stop, or clear it with None."""
        return self.set_protection(symbol, stop=ticks)

    def set_protection(
        self,
        symbol: str,
        *,
        stop: int | Unset | None = UNSET,
        target: int | Unset | None = UNSET,
        trailing: int | Unset | None = UNSET,
        active: int | None = None,
    ) -> list[Event]:
        """Set or clear (None) stop, target and trailing stop of the position; what isn't given stays.

        ``trailing`` is a distance in ticks, ``active`` the price from which it follows (None: at once).
        """
        book = self.ledger.book(symbol)
        protect(book, self.ledger.price(book), stop=stop, target=target, trailing=trailing, active=active)
        book.updated_ms = self.ledger.now_ms(book)
        self.ledger.settle(book)
        return [position_changed(self.ledger, book)]

    def set_leverage(self, symbol: str, leverage_ppm: int) -> list[Event]:
        """Set the leverage of a symbol (parts per million: 2x = 2 000 000)."""
        book = self.ledger.book(symbol)
        self.ledger.price(book)  # refuses a symbol that has no market yet
        check_leverage(book, leverage_ppm)
        before, book.leverage_ppm = book.leverage_ppm, leverage_ppm
        book.margins.clear()
        if leverage_ppm < before and self.available < 0:
            book.leverage_ppm = before
            book.margins.clear()
            raise SimRefused(Refusal.NO_BALANCE)
        self.ledger.settle(book)
        return [position_changed(self.ledger, book)]

    # The market moves

    def can_trigger(self, symbol: str, low: int, high: int) -> bool:
        """Whether a price in [low, high] would set anything off; False for untouched candles."""
        book = self.ledger.books.get(symbol)
        if book is None:
            return False
        falls, rises = book.bounds()
        return low <= falls or high >= rises

    def start_walk(self, symbol: str, candle: CandleTicks, *, volume: float, close_ms: int) -> Walk:
        """Begin the path of a candle: the price stands at its open, and its stamp is its close."""
        book = self.ledger.book(symbol)
        sides = {order.side for order in book.orders.values() if order.rests}
        points = path(
            candle,
            lots=book.position.lots,
            resting_buys=Side.BUY in sides,
            resting_sells=Side.SELL in sides,
        )
        book.walk = Walk(points, price=candle.open, time_ms=close_ms, traded=volume > 0)
        return book.walk

    def walk(self, symbol: str) -> Walk | None:
        """The walk a symbol is on."""
        book = self.ledger.books.get(symbol)
        return None if book is None else book.walk

    def advance(self, symbol: str) -> list[Event]:
        """Walk to the next thing that happens and return it; at the end: nothing, and ``done``."""
        book = self.ledger.book(symbol)
        walk = book.walk
        if walk is None or walk.done:
            return []
        while walk.next_point < len(walk.points):
            target = walk.points[walk.next_point]
            if walk.traded:
                follow(book, walk.price)
            found = next_trigger(book, price=walk.price, target=target) if walk.traded else None
            if found is not None:
                walk.price = found[0]
                return fire(self.ledger, book, found[1])
            walk.price = target
            walk.next_point += 1
        if walk.traded:
            follow(book, walk.price)
        walk.done = True
        return []

    def end_walk(self, symbol: str) -> None:
        """Leave the path: from here the shared quote counts again."""
        book = self.ledger.books.get(symbol)
        if book is not None:
            book.walk = None

    def move(self, symbol: str, to_ticks: int, *, time_ms: int, volume: float) -> list[Event]:
        """Move the price from the quote to another (mode ``ticks``) and return all that happens.

        The caller moves the shared quote once every account has been moved.
        """
        book = self.ledger.books.get(symbol)
        if book is None or book.is_idle:
            return []
        book.walk = Walk((to_ticks,), price=self.ledger.quotes[symbol][0], time_ms=time_ms, traded=volume > 0)
        events: list[Event] = []
        while not book.walk.done:
            events += self.advance(symbol)
        book.walk = None
        return events

    def funding(self, symbol: str, *, rate_e8: int, mark_ticks: int, time_ms: int) -> list[Event]:
        """Settle funding: longs pay a positive rate (10⁻⁸ of the value at mark), shorts receive it."""
        book = self.ledger.book(symbol)
        position = book.position
        if position.side is None:
            return []
        value = book.instrument.notional_ceil(abs(position.lots) * mark_ticks)
        paid = mul_div_ceil(value * position.side.sign, rate_e8, _E8)
        self.ledger.wallet -= paid
        book.total_realised -= paid
        book.position = replace(position, fees=position.fees + paid)
        book.updated_ms = time_ms
        executed = Executed(
            sequence=self.ledger.next_sequence(), exec_type="Funding", order=None, symbol=symbol,
            side=position.side.opposite, ticks=mark_ticks, lots=abs(position.lots), fee=paid,
            rate_e8=rate_e8, is_maker=False, stop_order_type="", closed_lots=0, gained=0, time_ms=time_ms,
        )  # fmt: skip
        changed = replace(position_changed(self.ledger, book), time_ms=time_ms)
        return [executed, changed, WalletChanged(self.ledger.wallet, time_ms)]

    # Sleep and wake

    def as_record(self) -> dict[str, Any]:
        """Plain values of the whole account; instruments, quotes and params are not part of it."""
        return self.ledger.as_record()

    @classmethod
    def from_record(
        cls,
        record: dict[str, Any],
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams | None = None,
    ) -> Self:
        """The account written by ``as_record``, in the middle of a walk if that is where it was."""
        account = cls(instruments, quotes=quotes, params=params, wallet=0)
        account.ledger = Ledger.from_record(record, instruments, quotes=quotes, params=account.ledger.params)
        return account
