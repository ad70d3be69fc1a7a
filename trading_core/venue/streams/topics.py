"""Public topics of one category: kline, tickers, publicTrade, orderbook, priceLimit, allLiquidation.

Snapshot first, then changes; a spot ticker is always whole. ``allLiquidation`` tells the liquidations of this
venue's accounts, for the crowd of a simulated market has no positions.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from trading_core.market.candle import Candle
from trading_core.venue.board import Board
from trading_core.venue.candles import (
    INTERVALS,
    formed,
    interval_after,
    interval_start,
    known_candles,
    merge,
    number,
    priced,
)
from trading_core.venue.clock import wall_ms
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.streams.connection import Connection

Payload = dict[str, Any]
BOOK_DEPTHS = (1, 50, 200, 1_000)
_RESEND_MS = 3_000
"""A book of depth 1 that didn't change is told again after this long."""
_COMMON = r"kline\.(\w+)|orderbook\.(?:1|50|200|1000)|tickers|publicTrade|priceLimit"
TOPIC = {
    "linear": re.compile(rf"(?:{_COMMON}|allLiquidation)\.\w+"),
    "spot": re.compile(rf"(?:{_COMMON})\.\w+"),
}
"""What may be subscribed to on the path of each category."""


class Topics:
    """Who listens to which topic of a category, and what was told last."""

    def __init__(self, exchange: Exchange, board: Board, category: str) -> None:
        self.exchange = exchange
        self._board = board
        self._category = category
        self._topics: dict[str, set[Connection]] = {}
        self.heard: dict[str, int] = {}
        """How many topics of each symbol are listened to; symbols with none aren't in it."""
        self.traded: set[str] = set()
        """Those whose trades are."""
        self._tickers: dict[str, Payload] = {}
        self._books: dict[str, dict[str, dict[str, str]]] = {}
        self._sequence = 0
        self._updates: dict[str, int] = {}
        self._limits: dict[str, Payload] = {}
        self._book_told_ms: dict[str, int] = {}

    @property
    def listeners(self) -> set[Connection]:
        """The connections that listen to anything."""
        return {c for connections in self._topics.values() for c in connections}

    @property
    def topics(self) -> int:
        """How many topics are listened to."""
        return len(self._topics)

    def _ticker(self, symbol: str, last: int | None = None) -> Payload:
        if self._category == "spot":
            return self._board.spot_ticker(symbol, last)
        return self._board.ticker(symbol, last)

    def refusal(self, topic: str) -> str:
        """Why a topic can't be had; empty if it can."""
        symbol = topic.rpartition(".")[2]
        match = TOPIC[self._category].fullmatch(topic)
        fits = match is not None and (match[1] is None or match[1] in INTERVALS)
        if not fits:
            return f"error:handler not found,topic:{topic}"
        return "" if symbol in self.exchange.source.instruments else f"Invalid symbol :[{topic}]"

    def subscribe(self, connection: Connection, topic: str) -> None:
        """Add a listener and send it the topic's snapshot."""
        name, *_, symbol = topic.split(".")
        if topic not in self._topics:
            self._topics[topic] = set()
            self.heard[symbol] = self.heard.get(symbol, 0) + 1
        self._topics[topic].add(connection)
        connection.topics.add(topic)
        if name == "publicTrade":
            self.traded.add(symbol)
        if symbol not in self.exchange.quotes:
            return
        if name == "tickers":
            self._tickers[symbol] = self._tickers.get(symbol) or self._ticker(symbol)
            connection.put(self._ticker_message(topic, "snapshot", self._tickers[symbol]))
        elif name == "orderbook":
            connection.put(self._book_snapshot(topic, symbol))
        elif name == "priceLimit":
            connection.put({"topic": topic, "data": self._board.price_limits(symbol), "ts": wall_ms()})

    def unsubscribe(self, connection: Connection, topic: str) -> None:
        """Remove a listener."""
        connection.topics.discard(topic)
        connections = self._topics.get(topic)
        if connections is None:
            return
        connections.discard(connection)
        if not connections:
            del self._topics[topic]
            self._forget(topic)

    def _forget(self, topic: str) -> None:
        """Nobody listens to a topic any more."""
        self._books.pop(topic, None)
        self._limits.pop(topic, None)
        self._book_told_ms.pop(topic, None)
        name, _, symbol = topic.rpartition(".")
        if name == "tickers":
            self._tickers.pop(symbol, None)
        elif name == "publicTrade":
            self.traded.discard(symbol)
        self.heard[symbol] -= 1
        if not self.heard[symbol]:
            del self.heard[symbol]

    def leave(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        for topic in list(connection.topics):
            self.unsubscribe(connection, topic)

    def candles_closed(self, closed: dict[str, Candle]) -> None:
        """Tell of candles that closed, of every interval that ends with them.

        Ticker and books come first, at the closing price: who hears the close knows them.
        """
        for symbol in [symbol for symbol in closed if symbol in self.heard]:
            candle = closed[symbol]
            self.refresh(symbol, last=self.exchange.source.instruments[symbol].nearest_ticks(candle.close))
            close_ms = candle.open_time + MINUTE_MS
            for name, minutes in INTERVALS.items():
                topic = f"kline.{name}.{symbol}"
                if topic in self._topics and interval_start(close_ms, minutes) == close_ms:
                    whole = candle if minutes == 1 else self._interval(symbol, close_ms, minutes)
                    self._kline(topic, name, priced(whole), confirm=True)

    def _interval(self, symbol: str, end_ms: int, minutes: int) -> Candle:
        start = interval_start(end_ms - 1, minutes)
        part = merge(known_candles(self.exchange, symbol, start, end_ms))
        return Candle(start, part.open, part.high, part.low, part.close, part.volume, part.turnover)

    def forming(self, symbol: str, candle: Candle) -> None:
        """Tell of the candle as it stands now (mode ticks)."""
        for name, minutes in INTERVALS.items():
            topic = f"kline.{name}.{symbol}"
            if topic in self._topics:
                self._kline(topic, name, formed(self.exchange, symbol, candle, minutes), confirm=False)

    def _kline(self, topic: str, interval: str, candle: Candle, *, confirm: bool) -> None:
        end = interval_after(candle.open_time, INTERVALS[interval])
        data = {
            "start": candle.open_time, "end": end - 1, "interval": interval,
            "open": number(candle.open), "close": number(candle.close), "high": number(candle.high),
            "low": number(candle.low), "volume": number(candle.volume),
            "turnover": number(candle.turnover), "confirm": confirm, "timestamp": self.exchange.clock_ms,
        }  # fmt: skip
        self._send(topic, self._envelope(topic, "snapshot", [data]))

    def trades(self, symbol: str, trades: list[Payload]) -> None:
        """Tell of public trades, oldest first."""
        topic = f"publicTrade.{symbol}"
        if topic in self._topics:
            self._send(topic, self._envelope(topic, "snapshot", trades))

    def liquidated(self, symbol: str, liquidation: Payload) -> None:
        """Tell that a position was taken over."""
        topic = f"allLiquidation.{symbol}"
        if topic in self._topics:
            self._send(topic, self._envelope(topic, "snapshot", [liquidation]))

    def refresh(self, symbol: str, *, last: int | None = None) -> None:
        """Tell what changed of ticker and books; ``last`` is the price in ticks if it has moved on since."""
        topic = f"tickers.{symbol}"
        if topic in self._topics:
            self._ticker_delta(topic, symbol, last)
        topic = f"priceLimit.{symbol}"
        if topic in self._topics:
            self._price_limits(topic, symbol)
        for depth in BOOK_DEPTHS:
            topic = f"orderbook.{depth}.{symbol}"
            if topic in self._topics:
                self._book_delta(topic, symbol, depth, last)

    def _ticker_delta(self, topic: str, symbol: str, last: int | None) -> None:
        now = self._ticker(symbol, last)
        before = self._tickers.get(symbol, {})
        changed = {key: value for key, value in now.items() if before.get(key) != value}
        self._tickers[symbol] = now
        if changed and self._category == "spot":
            self._send(topic, self._ticker_message(topic, "snapshot", now))
        elif changed:
            self._send(topic, self._ticker_message(topic, "delta", {"symbol": symbol, **changed}))

    def _ticker_message(self, topic: str, kind: str, data: Payload) -> Payload:
        self._sequence += 1
        return {**self._envelope(topic, kind, data), "cs": self._sequence}

    def _price_limits(self, topic: str, symbol: str) -> None:
        now = self._board.price_limits(symbol)
        if self._limits.get(topic) != now:
            self._limits[topic] = now
            self._send(topic, {"topic": topic, "data": now, "ts": wall_ms()})

    def _book_snapshot(self, topic: str, symbol: str) -> Payload:
        depth = int(topic.split(".")[1])
        book = self._books.get(topic)
        if book is None:
            book = self._books[topic] = self._board.levels(symbol, depth)
        data = {
            "s": symbol,
            "b": [list(level) for level in book["b"].items()],
            "a": [list(level) for level in book["a"].items()],
        }
        return self._book_message(topic, "snapshot", data)

    def _book_delta(self, topic: str, symbol: str, depth: int, last: int | None) -> None:
        before, now = self._books.get(topic), self._board.levels(symbol, depth, last)
        if before == now:
            if depth == 1 and wall_ms() - self._book_told_ms.get(topic, 0) >= _RESEND_MS:
                self._send(topic, self._book_snapshot(topic, symbol))
            return
        self._books[topic] = now
        self._updates[topic] = self._updates.get(topic, 0) + 1
        if before is None or depth == 1:
            self._send(topic, self._book_snapshot(topic, symbol))
            return
        data: Payload = {"s": symbol}
        for side in ("b", "a"):
            gone = [[price, "0"] for price in before[side] if price not in now[side]]
            data[side] = gone + [[p, q] for p, q in now[side].items() if before[side].get(p) != q]
        self._send(topic, self._book_message(topic, "delta", data))

    def _book_message(self, topic: str, kind: str, data: Payload) -> Payload:
        self._sequence += 1
        self._book_told_ms[topic] = wall_ms()
        data["u"], data["seq"] = self._updates.setdefault(topic, 1), self._sequence
        return {**self._envelope(topic, kind, data), "cts": wall_ms()}

    def _envelope(self, topic: str, kind: str, data: Any) -> Payload:
        return {"topic": topic, "type": kind, "ts": wall_ms(), "data": data}

    def _send(self, topic: str, payload: Payload) -> None:
        raw = orjson.dumps(payload)
        for connection in self._topics[topic]:
            connection.tell(topic, raw)
