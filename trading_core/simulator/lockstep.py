"""Mode ``candles``: one event at a time over one candle, the same for the venue and the backtest.

    lockstep.begin({"BTCUSDT": CandleBar(ticks, volume)}, open_ms=t)     # price stands at the open
    ...                                                                 # commands act at the open
    while step := lockstep.advance():                                   # one fill, then commands again
        ...
    lockstep.finish(close_ms)                                           # price stands at the close

Commands given before the first ``advance`` are stamped with the boundary, everything on the walk
with the candle's close. A symbol's walk begins only when something on its book can be set off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trading_core.simulator.account import SimAccount
from trading_core.simulator.cross import refresh
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.volume import CandleBar, Volumes


class Step(NamedTuple):
    """What one advance brought."""

    account: int
    """Index in ``Lockstep.accounts``."""
    symbol: str
    events: list[Event]


class Lockstep:
    """Walks accounts through candles in account order, then symbol order."""

    def __init__(self, accounts: list[SimAccount], quotes: Quotes) -> None:
        self.accounts = accounts
        self.quotes = quotes
        self.volumes = Volumes()
        for account in accounts:
            account.ledger.volumes = self.volumes

    def begin(self, candles: Mapping[str, CandleBar], *, open_ms: int, close_ms: int) -> None:
        """Stand at the boundary before these candles; symbols without one keep their price."""
        self.volumes.candles, self.volumes.close_ms = candles, close_ms
        quotes = self.quotes
        for symbol in quotes.keys() - candles.keys():
            quotes[symbol] = (quotes[symbol][0], open_ms)
        for symbol, candle in candles.items():
            quotes[symbol] = (candle.ticks.open, open_ms)

    def advance(self) -> Step | None:
        """The next thing that happens in these candles; None when all has happened."""
        candles, close_ms = self.volumes.candles, self.volumes.close_ms
        for index, account in enumerate(self.accounts):
            books = account.ledger.books
            for key in account.active:
                book = books[key]
                candle = candles.get(book.instrument.symbol)
                if candle is None:
                    continue
                if book.walk is None:
                    refresh(account.ledger, book)
                    (_, high, low, _), volume, mark = candle
                    falls, rises = book.bounds()
                    if (falls < low and high < rises) or volume <= 0:
                        continue
                    account.start_walk(key, candle.ticks, volume=volume, close_ms=close_ms, mark=mark)
                elif book.walk.done:
                    continue
                events = account.advance(key)
                if events:
                    return Step(index, book.instrument.symbol, events)
        return None

    def finish(self) -> None:
        """Leave the candles: every walk ends, prices stand at the closes."""
        for account in self.accounts:
            for book in account.ledger.books.values():
                book.walk = None
        quotes, candles, close_ms = self.quotes, self.volumes.candles, self.volumes.close_ms
        for symbol in quotes.keys() - candles.keys():
            quotes[symbol] = (quotes[symbol][0], close_ms)
        for symbol, candle in candles.items():
            quotes[symbol] = (candle.ticks.close, close_ms)
        self.volumes.candles = {}
