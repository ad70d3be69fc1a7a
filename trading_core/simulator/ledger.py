"""The state of a simulated account: wallet, books, numbering, and what it can still afford."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from trading_core.execution.margin import initial_margin, maintenance_margin, opening_lots
from trading_core.market.instrument import Instrument
from trading_core.money import mul_div_ceil
from trading_core.simulator.book import LONG, SHORT, Book, book_key, parts_of
from trading_core.simulator.orders import StandingOrder, Status, TriggerBy
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.volume import Volumes
from trading_core.simulator.walk import Share

Quotes = dict[str, tuple[int, int]]
"""Standing market price of each symbol: (ticks, time_ms). Shared by all accounts of a market."""

Marks = dict[str, tuple[int, int]]
"""Mark and index price of each symbol, ticks. Shared like the quotes."""


class Ledger:
    """State and sums of one account; it decides nothing."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        params: MatchingParams,
        wallet: int,
        marks: Marks | None = None,
    ) -> None:
        self.instruments = instruments
        self.quotes = quotes
        self.marks = marks
        """None: the last price is mark and index price too."""
        self.params = params
        self.wallet = wallet
        self.locked = 0
        """Money units frozen by open spot orders."""
        self.is_cross = False
        """Cross instead of isolated margin."""
        self.modes: dict[str, bool] = {}
        """Whether a symbol is in hedge mode, where it was set for the symbol."""
        self.hedges_by_default = False
        """Mode of all other symbols."""
        self.books: dict[str, Book] = {}
        """By ``book_key``."""
        self.active: set[str] = set()
        """Keys of the books with an open order or a position."""
        self.links: set[str] = set()
        """Every client order id ever accepted."""
        self.volumes = Volumes()
        """The candles being played; whoever plays them puts its own here."""
        self.sequence = 0
        self.last_number = 0
        self.last_arrival = 0

    def book(self, key: str) -> Book:
        """The book under a key (a symbol, in one-way mode); SimRefused(10001) for a symbol that isn't listed."""
        book = self.books.get(key)
        if book is None:
            symbol, index = parts_of(key)
            instrument = self.instruments.get(symbol)
            if instrument is None:
                raise SimRefused(Refusal.PARAMETER, "params error: symbol invalid")
            book = self.books[key] = self._new_book(instrument, index)
        return book

    def _new_book(self, instrument: Instrument, index: int) -> Book:
        return Book(instrument, index, marked=self.marks is not None, is_cross=self.is_cross)

    def books_of(self, symbol: str) -> list[Book]:
        """The books there are of a symbol, whatever its mode."""
        keys = (symbol, book_key(symbol, LONG), book_key(symbol, SHORT))
        return [self.books[key] for key in keys if key in self.books]

    def is_hedged(self, symbol: str) -> bool:
        """Whether a symbol is in hedge mode."""
        return self.modes.get(symbol, self.hedges_by_default)

    @property
    def symbols(self) -> set[str]:
        """Symbols with an open order or a position."""
        return {parts_of(key)[0] for key in self.active}

    def held(self) -> list[Book]:
        """The books with a position, by symbol and index."""
        return [b for key in sorted(self.active) if not (b := self.books[key]).position.is_flat]

    def price(self, book: Book) -> int:
        """Market price as this account sees it, ticks; SimRefused(10001) before the first price."""
        if book.walk is not None:
            return book.walk.price
        return self._quote(book)[0]

    def mark(self, book: Book) -> int:
        """Mark price, ticks: the last price where no other is known."""
        return self.watched(book, TriggerBy.MARK)

    def watched(self, book: Book, by: TriggerBy) -> int:
        """The price a trigger looks at, ticks."""
        price = self.price(book)
        if self.marks is None or by is TriggerBy.LAST:
            return price
        return self.marks[book.instrument.symbol][by is TriggerBy.INDEX]

    def now_ms(self, book: Book) -> int:
        """Market clock as this account sees it."""
        if book.walk is not None:
            return book.walk.time_ms
        return self._quote(book)[1]

    def share(self, book: Book) -> Share | None:
        """What this account may take of the candle a symbol is in; None: as much as it wants."""
        if book.walk is not None:
            return book.walk.share
        return self.volumes.share(
            book.instrument, ticks=self.price(book), share_ppm=self.params.volume_share_ppm
        )

    def _quote(self, book: Book) -> tuple[int, int]:
        quote = self.quotes.get(book.instrument.symbol)
        if quote is None:
            raise SimRefused(Refusal.PARAMETER, "params error: symbol is not trading")
        return quote

    def settle(self, book: Book) -> None:
        """Bring what is derived of a book up to date; call after every change."""
        book.touch()
        if book.is_idle:
            self.active.discard(book.key)
        else:
            self.active.add(book.key)

    def position_margin(self, book: Book) -> int:
        """Margin of the position, money units: of its entry value and what was added, or with cross margin at mark."""
        position = book.position
        tick_lots = abs(position.lots) * self.mark(book) if self.is_cross and position.lots else position.cost
        return initial_margin(tick_lots, book.leverage_ppm, book.instrument) + book.added_margin

    def maintenance(self, book: Book) -> int:
        """Maintenance margin of the position, money units, of the same value."""
        position = book.position
        tick_lots = abs(position.lots) * self.mark(book) if self.is_cross and position.lots else position.cost
        return maintenance_margin(tick_lots, book.instrument)

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

    def exposure(self, book: Book, *, sign: int) -> int:
        """Money units that position and open orders of one direction would be worth together."""
        position = book.position
        tick_lots = position.cost if position.lots * sign > 0 else 0
        for order in book.orders.values():
            if order.side.sign == sign and order.rests and not order.reduce_only:
                opening = opening_lots(lots=order.leaves, sign=sign, position=position)
                tick_lots += opening * (order.ticks or 0)
        return book.instrument.notional_ceil(tick_lots)

    def order_margin(self, book: Book) -> int:
        """Money units tied up by the open orders of a symbol."""
        total, known = 0, book.margins
        for number, order in book.orders.items():
            held = known.get(number)
            total += held[1] if held is not None and held[0] is order else self._margin_of_open(book, order)
        return total

    def _margin_of_open(self, book: Book, order: StandingOrder) -> int:
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
        """Money units free for new orders: wallet minus margins; unrealised profit counts with cross margin only."""
        return (self.equity() if self.is_cross else self.wallet) - self.locked - self.initial()

    def initial(self) -> int:
        """Money units tied up by all positions and open orders."""
        books = [self.books[symbol] for symbol in self.active]
        return sum(self.position_margin(b) + self.order_margin(b) for b in books)

    def equity(self) -> int:
        """Wallet and unrealised profit at the mark price, money units."""
        unrealised = 0
        for symbol in self.active:
            book = self.books[symbol]
            if not book.position.is_flat:
                unrealised += book.position.unrealised(self.mark(book), book.instrument)
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
            "cross": self.is_cross,
            "modes": self.modes,
            "hedges_by_default": self.hedges_by_default,
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
        marks: Marks | None = None,
    ) -> Self:
        """The account written by ``as_record``, in the middle of a walk if that is where it was."""
        ledger = cls(instruments, quotes=quotes, params=params, wallet=record["wallet"], marks=marks)
        ledger.is_cross = record.get("cross", False)
        ledger.modes = dict(record.get("modes", {}))
        ledger.hedges_by_default = record.get("hedges_by_default", False)
        ledger.sequence = record["sequence"]
        ledger.last_number = record["last_number"]
        ledger.last_arrival = record["last_arrival"]
        ledger.links = set(record["links"])
        for key, kept in record["books"].items():
            symbol, index = parts_of(key)
            book = ledger.books[key] = Book.from_record(
                kept, instruments[symbol], index=index, marked=marks is not None, is_cross=ledger.is_cross
            )
            ledger.settle(book)
        return ledger
