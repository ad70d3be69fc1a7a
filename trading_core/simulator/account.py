"""A simulated exchange account: commands in, events out; integers only, no clock, resumable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.simulator.added_margin import replenish
from trading_core.simulator.amending import Amendment, amend_order
from trading_core.simulator.arrival import check_order
from trading_core.simulator.book import Book, book_key
from trading_core.simulator.conditional import check_conditional
from trading_core.simulator.cross import refresh, sums, take_over
from trading_core.simulator.events import Accepted, Event
from trading_core.simulator.funding import settle_funding
from trading_core.simulator.ledger import Ledger, Marks, Quotes
from trading_core.simulator.leverage import set_leverage
from trading_core.simulator.marks import met_by
from trading_core.simulator.matching import arrive, cancel, fire, position_changed
from trading_core.simulator.orders import (
    WHOLE,
    Attached,
    CancelReason,
    SimOrder,
    StandingOrder,
    Status,
    TriggerBy,
)
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.partial import add_partial, check_room
from trading_core.simulator.position_mode import fitted
from trading_core.simulator.protection import UNSET, Unset, follow, protect
from trading_core.simulator.protection_orders import PRICES, STOP, TARGET, TRAILING, cancelled, named
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.triggers import Kind, Trigger, next_trigger
from trading_core.simulator.volume import share_of
from trading_core.simulator.walk import CandleTicks, MarkSpan, Share, Walk, path


class SimAccount:
    """One account, with isolated or cross margin, each symbol in one-way or hedge mode.

    A position is named by its symbol, in hedge mode by ``book_key``.

    Every command either returns what happened, in order, or raises ``SimRefused`` and changes
    nothing. The market price comes from ``quotes`` (shared with whoever drives the market) or,
    while a candle is walked, from the walk. Mark and index come from ``marks``, shared likewise;
    without them the last price is both.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams | None = None,
        wallet: int,
        marks: Marks | None = None,
    ) -> None:
        matching = params or MatchingParams()
        self.ledger = Ledger(instruments, quotes=quotes, params=matching, wallet=wallet, marks=marks)

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
        """Symbols (in hedge mode: ``book_key``) with an open order or a position, sorted."""
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
        order = fitted(self.ledger, order)
        book = self.ledger.book(book_key(order.symbol, order.index))
        if order.attached.partial:
            check_room(book)
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
            slippage_ticks=order.slippage_ticks, index=order.index, attached=order.attached,
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
        trigger_by: TriggerBy | None = None,
        stop: int | Unset | None = UNSET,
        target: int | Unset | None = UNSET,
        attached: Attached | None = None,
    ) -> list[Event]:
        """Change an open order (see ``Amendment``), or the trigger of a protection order."""
        book = self.ledger.book(symbol)
        change = Amendment(lots, ticks, trigger_ticks, trigger_by, stop, target, attached)
        protection = named(book, number)
        if protection in PRICES and change == Amendment(trigger_ticks=trigger_ticks):
            price = {PRICES[protection]: trigger_ticks}
            return self.set_protection(symbol, **price, stop_by=book.stop_by, target_by=book.target_by)
        if protection is not None:
            raise SimRefused(Refusal.PARAMETER, "params error: only the trigger price can be amended")
        return amend_order(self.ledger, book, self.find(symbol, link=link, number=number), change)

    def cancel(
        self, symbol: str, *, link: str = "", number: int = 0, reason: CancelReason = CancelReason.BY_USER
    ) -> list[Event]:
        """Cancel an open order; SimRefused(110001) if it is gone.

        Cancelling a protection order clears what it stands for, and its pair's.
        """
        protection = cancelled(self.ledger.book(symbol), number)
        if protection:
            return self._clear(self.ledger.book(symbol), protection)
        order = self.find(symbol, link=link, number=number)
        return cancel(self.ledger, self.ledger.book(symbol), order, reason)

    def _clear(self, book: Book, protection: list[str]) -> list[Event]:
        if STOP in protection:
            book.stop_ticks = None
        if TARGET in protection:
            book.target_ticks = None
        if TRAILING in protection:
            book.trailing = None
        book.updated_ms = self.ledger.now_ms(book)
        self.ledger.settle(book)
        return [position_changed(self.ledger, book)]

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
        stop_by: TriggerBy = TriggerBy.LAST,
        target_by: TriggerBy = TriggerBy.LAST,
    ) -> list[Event]:
        """Set or clear (None) stop, target and trailing stop of the position; what isn't given stays.

        ``trailing`` is a distance in ticks, ``active`` the price from which it follows (None: at once).
        ``stop_by`` and ``target_by`` are the prices that a given stop and target look at.
        """
        book = self.ledger.book(symbol)
        protect(
            self.ledger, book, stop=stop, target=target, trailing=trailing, active=active,
            stop_by=stop_by, target_by=target_by,
        )  # fmt: skip
        book.updated_ms = self.ledger.now_ms(book)
        self.ledger.settle(book)
        return [position_changed(self.ledger, book)]

    def set_partial(
        self,
        symbol: str,
        *,
        lots: int,
        stop: int | None = None,
        target: int | None = None,
        attached: Attached = WHOLE,
    ) -> list[Event]:
        """Give a part of the position a stop, a target or both, beside those it has."""
        book = self.ledger.book(symbol)
        events = add_partial(self.ledger, book, lots=lots, stop=stop, target=target, attached=attached)
        self.ledger.settle(book)
        return events

    def set_leverage(self, symbol: str, leverage_ppm: int) -> list[Event]:
        """Set the leverage of a position (parts per million: 2x = 2 000 000)."""
        return set_leverage(self.ledger, self.ledger.book(symbol), leverage_ppm)

    def set_cross_margin(self, *, is_cross: bool) -> None:
        """Switch between isolated and cross margin; refused while there is a position or an open order."""
        if self.ledger.active:
            raise SimRefused(Refusal.MARGIN_MODE)
        self.ledger.is_cross = is_cross
        for book in self.ledger.books.values():
            book.is_cross = is_cross

    # The market moves

    def can_trigger(self, symbol: str, low: int, high: int) -> bool:
        """Whether a price in [low, high] would set anything off; False for untouched candles."""
        for book in self.ledger.books_of(symbol):
            refresh(self.ledger, book)
            falls, rises = book.bounds()
            if low <= falls or high >= rises:
                return True
        return False

    def start_walk(
        self, symbol: str, candle: CandleTicks, *, volume: float, close_ms: int, mark: MarkSpan | None = None
    ) -> Walk:
        """Begin the path of a candle: the price stands at its open, and its stamp is its close."""
        book = self.ledger.book(symbol)
        sides = {order.side for order in book.orders.values() if order.rests}
        points = path(
            candle,
            lots=book.position.lots,
            resting_buys=Side.BUY in sides,
            resting_sells=Side.SELL in sides,
        )
        share, share_ppm = None, self.ledger.params.volume_share_ppm
        if share_ppm is not None:
            lots = share_of(volume, book.instrument, ticks=candle.open, share_ppm=share_ppm)
            share = Share(close_ms, lots)
        book.walk = Walk(
            points, price=candle.open, time_ms=close_ms, traded=volume > 0, share=share, mark=mark
        )
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
        refresh(self.ledger, book)
        resting = walk.share is None or book.room(walk.share) > 0
        while walk.traded and walk.next_point < len(walk.points):
            target = walk.points[walk.next_point]
            if book.trailing is not None:
                follow(book, walk.price)
            found = next_trigger(book, price=walk.price, target=target, resting=resting)
            if found is not None:
                walk.price = found[0]
                return self.meet(book, found[1])
            walk.price = target
            walk.next_point += 1
        if book.trailing is not None and walk.traded:
            follow(book, walk.price)
        walk.price, walk.next_point, walk.done = walk.points[-1], len(walk.points), True
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
        events: list[Event] = []
        for book in self.ledger.books_of(symbol):
            if book.is_idle:
                continue
            share = self.ledger.share(book)
            price = self.ledger.quotes[symbol][0]
            book.walk = Walk((to_ticks,), price=price, time_ms=time_ms, traded=volume > 0, share=share)
            while not book.walk.done:
                events += self.advance(book.key)
            book.walk = None
        return events

    def met_by_mark(self, symbol: str, mark: int, index: int) -> bool:
        """Whether mark and index price, ticks, would set anything off."""
        books = [book for book in self.ledger.books_of(symbol) if not book.is_idle]
        if books and self.ledger.is_cross and sums(self.ledger, symbol, mark).is_over:
            return True
        return any(met_by(book, mark=mark, index=index) for book in books)

    def follow_mark(self, symbol: str) -> list[Event]:
        """Do what mark and index price set off as they stand now; the caller has moved them."""
        events: list[Event] = []
        for book in self.ledger.books_of(symbol):
            if self.ledger.is_cross and sums(self.ledger).is_over:
                events += take_over(self.ledger, book)
            prices = {"mark": self.ledger.mark(book), "index": self.ledger.watched(book, TriggerBy.INDEX)}
            while (trigger := met_by(book, **prices)) is not None:
                events += self.meet(book, trigger)
        return events

    def meet(self, book: Book, trigger: Trigger) -> list[Event]:
        """Do what a trigger does; with cross margin a liquidation takes the whole account."""
        if trigger.kind is Kind.LIQUIDATION and self.ledger.is_cross:
            return take_over(self.ledger, book)
        if trigger.kind is Kind.LIQUIDATION and (added := replenish(self.ledger, book)):
            return added
        return fire(self.ledger, book, trigger)

    def funding(self, symbol: str, *, rate_e8: int, mark_ticks: int, time_ms: int) -> list[Event]:
        """Settle funding of the symbol's positions at that mark price."""
        return [
            event
            for book in self.ledger.books_of(symbol)
            for event in settle_funding(
                self.ledger, book, rate_e8=rate_e8, mark_ticks=mark_ticks, time_ms=time_ms
            )
        ]

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
        marks: Marks | None = None,
    ) -> Self:
        """The account written by ``as_record``, in the middle of a walk if that is where it was."""
        account = cls(instruments, quotes=quotes, params=params, wallet=0, marks=marks)
        account.ledger = Ledger.from_record(
            record, instruments, quotes=quotes, params=account.ledger.params, marks=marks
        )
        return account
