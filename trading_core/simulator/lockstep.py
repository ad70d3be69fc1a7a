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
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.walk import CandleTicks


class CandleBar(NamedTuple):
    """A candle as the matching model needs it."""

    ticks: CandleTicks
    volume: float


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
        self.candles: dict[str, CandleBar] = {}
        self.close_ms = 0

    def begin(self, candles: Mapping[str, CandleBar], *, open_ms: int, close_ms: int) -> None:
        """Stand at the boundary before these candles; symbols without one keep their price."""
        self.candles = dict(candles)
        self.close_ms = close_ms
        for symbol, (ticks, _) in self.quotes.items():
            self.quotes[symbol] = (ticks, open_ms)
        for symbol, candle in candles.items():
            self.quotes[symbol] = (candle.ticks.open, open_ms)

    def advance(self) -> Step | None:
        """The next thing that happens in these candles; None when all has happened."""
        for index, account in enumerate(self.accounts):
            if not account.ledger.active:
                continue
            for symbol in account.active:
                events = self._advance(account, symbol)
                if events:
                    return Step(index, symbol, events)
        return None

    def _advance(self, account: SimAccount, symbol: str) -> list[Event]:
        candle = self.candles.get(symbol)
        if candle is None:
            return []
        walk = account.walk(symbol)
        if walk is None:
            if candle.volume <= 0 or not account.can_trigger(symbol, candle.ticks.low, candle.ticks.high):
                return []
            account.start_walk(symbol, candle.ticks, volume=candle.volume, close_ms=self.close_ms)
        return account.advance(symbol)

    def finish(self) -> None:
        """Leave the candles: every walk ends, prices stand at the closes."""
        for account in self.accounts:
            for symbol in account.ledger.books:
                account.end_walk(symbol)
        for symbol, candle in self.candles.items():
            self.quotes[symbol] = (candle.ticks.close, self.close_ms)
        for symbol, (ticks, _) in self.quotes.items():
            self.quotes[symbol] = (ticks, self.close_ms)
        self.candles = {}
