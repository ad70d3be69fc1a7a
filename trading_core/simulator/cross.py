"""Cross margin: one balance behind all positions, taken over together at a margin rate of 100 %."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trading_core.execution.margin import maintenance_margin
from trading_core.money import PPM, mul_div_ceil, mul_div_floor
from trading_core.simulator.book import Book
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import execute, leave, own_order
from trading_core.simulator.orders import CancelReason
from trading_core.simulator.walk import Walk

_FAR = 100
"""Prices beyond this many times the mark are not looked at."""


class Sums(NamedTuple):
    """Money units of an account at mark prices."""

    balance: int
    """Wallet and unrealised profit: the margin balance."""
    maintenance: int

    @property
    def is_over(self) -> bool:
        """Whether the maintenance margin rate has reached 100 %."""
        return 0 < self.maintenance >= self.balance


def sums(ledger: Ledger, symbol: str = "", mark: int = 0) -> Sums:
    """Margin balance and maintenance margin; of ``symbol``, if one is named, at another mark price."""
    balance, maintenance = ledger.wallet, 0
    for book in ledger.held():
        ticks = mark if book.instrument.symbol == symbol else ledger.mark(book)
        balance += book.position.unrealised(ticks, book.instrument)
        maintenance += maintenance_margin(abs(book.position.lots) * ticks, book.instrument)
    return Sums(balance, maintenance)


def cross_level(ledger: Ledger, book: Book) -> int | None:
    """Mark price of a position at which its account would be taken over, all other prices staying.

    The balance is a line in the price and the margin of every tier table bends upwards: what is left
    between them falls on either side of one top, so the first price that leaves nothing is found by
    halving. None when flat, or if no price from zero to a hundredfold takes the account over.
    """
    lots = book.position.lots
    if not lots:
        return None
    now, left = ledger.mark(book), _surplus(ledger, book.instrument.symbol)
    if left(now) <= 0:
        return now
    safe, over = now, 0 if lots > 0 else now * _FAR
    if left(over) > 0:
        return None
    while abs(safe - over) > 1:
        middle = (safe + over) // 2
        safe, over = (middle, over) if left(middle) > 0 else (safe, middle)
    return over if over > 0 else None


def _surplus(ledger: Ledger, symbol: str) -> Callable[[int], int]:
    """What the balance leaves above the maintenance margin, money units, by the mark price of a symbol."""
    own = [book for book in ledger.held() if book.instrument.symbol == symbol]
    told = sums(ledger)
    others = told.balance - told.maintenance - sum(_left(book, ledger.mark(book)) for book in own)
    return lambda ticks: others + sum(_left(book, ticks) for book in own)


def _left(book: Book, ticks: int) -> int:
    """What a position adds to the balance less its maintenance margin, at a mark price."""
    position, instrument = book.position, book.instrument
    return position.unrealised(ticks, instrument) - maintenance_margin(abs(position.lots) * ticks, instrument)


def refresh(ledger: Ledger, book: Book) -> None:
    """Tell a book where its account would be taken over, as things stand; isolated margin knows by itself."""
    if ledger.is_cross and not book.marked:
        level = cross_level(ledger, book)
        if level != book.cross_ticks:
            book.cross_ticks = level
            book.touch()


@dataclass(frozen=True, slots=True)
class _Share:
    book: Book
    mark: int
    maintenance: int


def take_over(ledger: Ledger, at: Book) -> list[Event]:
    """Cancel every order of the account, then take all its positions over; ``at`` gives the time.

    Each position goes at the price that costs its share, by maintenance margin, of the balance left after
    fees: together they leave the account with nothing, and without debt.
    """
    for book in ledger.held():
        _join(ledger, book, at)
    orders = [order for key in sorted(ledger.active) for order in ledger.books[key].orders.values()]
    events: list[Event] = [
        leave(ledger, ledger.book(order.key), order, CancelReason.BY_LIQUIDATION) for order in orders
    ]
    shares = [_Share(book, ledger.mark(book), _maintenance(ledger, book)) for book in ledger.held()]
    # Shorts first: theirs is the price with a bottom, and what it can't pay is left to the longs.
    shares.sort(key=lambda share: share.book.position.lots > 0)
    for place, share in enumerate(shares):
        told = sums(ledger)
        left = told.balance - _fees(ledger, shares[place:], told.balance)
        ticks = _price(share, mul_div_floor(left, share.maintenance, told.maintenance))
        order = own_order(ledger, share.book, stop_order_type="", create_type="CreateByLiq")
        events += execute(ledger, share.book, order, ticks=ticks, is_maker=False, exec_type="BustTrade")
    return events


def _fees(ledger: Ledger, shares: Sequence[_Share], balance: int) -> int:
    """What closing costs at most; better prices pay a debt, and the fee is taken of them, too: t·(v + f) = f."""
    value = sum(s.book.instrument.notional_ceil(abs(s.book.position.lots) * s.mark) for s in shares)
    taker = ledger.params.taker_ppm
    return mul_div_ceil(value + abs(balance), taker, PPM - taker) + len(shares)


def _maintenance(ledger: Ledger, book: Book) -> int:
    return maintenance_margin(abs(book.position.lots) * ledger.mark(book), book.instrument)


def _price(share: _Share, lost: int) -> int:
    """The price at which closing costs that much against the mark, rounded in the account's favour."""
    lots, instrument = share.book.position.lots, share.book.instrument
    tick_lots = instrument.tick_lots_floor(lost)
    if lots > 0:
        return max(1, mul_div_ceil(lots * share.mark - tick_lots, 1, lots))
    return max(1, mul_div_floor(-lots * share.mark + tick_lots, 1, -lots))


def _join(ledger: Ledger, book: Book, at: Book) -> None:
    """Bring a book to the candle in which its account is taken over: there it stays until the close."""
    if at.walk is not None and book.walk is None:
        price = ledger.price(book)
        book.walk = Walk((price,), price=price, time_ms=at.walk.time_ms, traded=True, next_point=1, done=True)
