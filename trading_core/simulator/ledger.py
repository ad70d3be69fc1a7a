"""The state of a simulated account: wallet, books, numbering, and what it can still afford."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from trading_core.market.instrument import Instrument
from trading_core.money import mul_div_ceil
from trading_core.simulator.book import Book
from trading_core.simulator.margin import initial_margin, opening_lots
from trading_core.simulator.orders import StandingOrder, Status
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import Refusal, SimRefused

Quotes = dict[str, tuple[int, int]]
"""Standing market price of each symbol: (ticks, time_ms). Shared by all accounts of a market."""


class Ledger:
    """State and sums of one account; it decides nothing."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams,
        wallet: int,
    ) -> None:
        self.instruments = instruments
        self.quotes = quotes
        self.params = params
        self.wallet = wallet
        self.books: dict[str, Book] = {}
        self.active: set[str] = set()
        """Symbols with an open order or a position."""
        self.links: set[str] = set()
        """Every client order id ever accepted."""
        self.sequence = 0
        self.last_number = 0
        self.last_arrival = 0

    def book(self, symbol: str) -> Book:
        """The book of a symbol; raise SimRefused(10001) for a symbol that isn't listed."""
        book = self.books.get(symbol)
        if book is None:
            instrument = self.instruments.get(symbol)
            if instrument is None:
                raise SimRefused(Refusal.PARAMETER, "params error: symbol invalid")
            book = self.books[symbol] = Book(instrument)
        return book

    def price(self, book: Book) -> int:
        """Market price as this account sees it, ticks; SimRefused(10001) before the first price."""
        if book.walk is not None:
            return book.walk.price
        return self._quote(book)[0]

    def now_ms(self, book: Book) -> int:
        """Market clock as this account sees it."""
        if book.walk is not None:
            return book.walk.time_ms
        return self._quote(book)[1]

    def _quote(self, book: Book) -> tuple[int, int]:
        quote = self.quotes.get(book.instrument.symbol)
        if quote is None:
            raise SimRefused(Refusal.PARAMETER, "params error: symbol is not trading")
        return quote

    def settle(self, book: Book) -> None:
        """Bring what is derived of a book up to date; call after every change."""
        book.touch()
        if book.is_idle:
            self.active.discard(book.instrument.symbol)
        else:
            self.active.add(book.instrument.symbol)

    def position_margin(self, book: Book) -> int:
        """Initial margin of the position, money units."""
        return initial_margin(book.position.cost, book.leverage_ppm, book.instrument)

    def margin_of(self, book: Book, *, sign: int, lots: int, ticks: int, reduce_only: bool) -> int:
        """Money units an order ties up: margin of what it would open, and its fee as a taker."""
        if reduce_only:
            return 0
        opening = opening_lots(lots=lots, sign=sign, position=book.position)
        if not opening:
            return 0
        margin = initial_margin(opening * ticks, book.leverage_ppm, book.instrument)
        notional = book.instrument.notional_ceil(opening * ticks)
        return margin + mul_div_ceil(notional, self.params.taker_ppm, 10**6)

    def order_margin(self, book: Book) -> int:
        """Money units tied up by the open orders of a symbol."""
        return sum(self._margin_of_open(book, order) for order in book.orders.values())

    def _margin_of_open(self, book: Book, order: StandingOrder) -> int:
        known = book.margins.get(order.number)
        if known is not None and known[0] is order:
            return known[1]
        if order.status is Status.UNTRIGGERED:
            return 0  # a conditional order takes no margin before it is triggered, and is a new one then
        margin = self.margin_of(
            book,
            sign=order.side.sign,
            lots=order.leaves,
            ticks=order.ticks or 0,
            reduce_only=order.reduce_only,
        )
        book.margins[order.number] = (order, margin)
        return margin

    def available(self) -> int:
        """Money units free for new orders: wallet minus margins (isolated: profit doesn't count)."""
        books = [self.books[symbol] for symbol in self.active]
        return self.wallet - sum(self.position_margin(b) + self.order_margin(b) for b in books)

    def equity(self) -> int:
        """Wallet and unrealised profit at the market price, money units."""
        unrealised = 0
        for symbol in self.active:
            book = self.books[symbol]
            if not book.position.is_flat:
                unrealised += book.position.unrealised(self.price(book), book.instrument)
        return self.wallet + unrealised

    def next_sequence(self) -> int:
        """The number of the next execution."""
        self.sequence += 1
        return self.sequence

    def next_number(self) -> int:
        """The number of the next order."""
        self.last_number += 1
        return self.last_number

    def next_arrival(self) -> int:
        """The rank of the next order, or amendment, to arrive."""
        self.last_arrival += 1
        return self.last_arrival

    def as_record(self) -> dict[str, Any]:
        """Plain values: everything but instruments, quotes and params."""
        return {
            "wallet": self.wallet,
            "sequence": self.sequence,
            "last_number": self.last_number,
            "last_arrival": self.last_arrival,
            "links": sorted(self.links),
            "books": {s: b.as_record() for s, b in sorted(self.books.items()) if not b.is_fresh},
        }

    @classmethod
    def from_record(
        cls,
        record: dict[str, Any],
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams,
    ) -> Self:
        """The account written by ``as_record``, in the middle of a walk if that is where it was."""
        ledger = cls(instruments, quotes=quotes, params=params, wallet=record["wallet"])
        ledger.sequence = record["sequence"]
        ledger.last_number = record["last_number"]
        ledger.last_arrival = record["last_arrival"]
        ledger.links = set(record["links"])
        for symbol, book in record["books"].items():
            ledger.books[symbol] = Book.from_record(book, instruments[symbol])
            ledger.settle(ledger.books[symbol])
        return ledger
