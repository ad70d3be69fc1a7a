"""The public streams of every category that has a market here; the spot pairs are at the perpetuals' prices."""

from __future__ import annotations

from typing import Any

from trading_core.market.candle import Candle
from trading_core.simulator.events import Event, Executed
from trading_core.venue.board import Board
from trading_core.venue.exchange import Exchange
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.topics import Topics

Payload = dict[str, Any]


class PublicStreams:
    """What happens on the market, told to both categories."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.board = Board(exchange)
        self.of = {name: Topics(exchange, self.board, name) for name in ("linear", "spot")}
        """Topics by category."""

    @property
    def listeners(self) -> int:
        """How many connections listen to anything."""
        return sum(len(topics.listeners) for topics in self.of.values())

    @property
    def topics(self) -> int:
        """How many topics are listened to."""
        return sum(topics.topics for topics in self.of.values())

    @property
    def heard(self) -> set[str]:
        """Symbols of which any topic is listened to."""
        return {symbol for topics in self.of.values() for symbol in topics.heard}

    @property
    def traded(self) -> set[str]:
        """Symbols whose trades are listened to."""
        return self.of["linear"].traded | self.of["spot"].traded

    def leave(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        for topics in self.of.values():
            topics.leave(connection)

    def candles_closed(self, closed: dict[str, Candle]) -> None:
        """Tell of candles that closed, of every interval that ends with them."""
        for topics in self.of.values():
            topics.candles_closed(closed)

    def forming(self, symbol: str, candle: Candle) -> None:
        """Tell of the candle as it stands now (mode ticks)."""
        for topics in self.of.values():
            topics.forming(symbol, candle)

    def trades(self, symbol: str, trades: list[Payload]) -> None:
        """Tell of public trades, oldest first."""
        for topics in self.of.values():
            topics.trades(symbol, trades)

    def refresh(self, symbol: str) -> None:
        """Tell what changed of ticker and books."""
        for topics in self.of.values():
            topics.refresh(symbol)

    def happened(self, events: list[Event]) -> None:
        """Tell what of an account's events is everybody's business: that its position was liquidated."""
        for event in events:
            if isinstance(event, Executed) and event.exec_type == "BustTrade":
                instrument = self.exchange.source.instruments[event.symbol]
                self.of["linear"].liquidated(
                    event.symbol,
                    {
                        "T": event.time_ms, "s": event.symbol,
                        "S": event.side.opposite.value,  # of the position, not of the order that closed it
                        "v": f"{instrument.qty(event.lots):f}", "p": f"{instrument.price(event.ticks):f}",
                    },
                )  # fmt: skip
