"""Bybit's private and public streams as news of the port."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit import parse
from trading_core.exchanges.bybit.line import Connected, Frame, Line, Pace
from trading_core.exchanges.bybit.newest import Newest
from trading_core.exchanges.bybit.ticker_board import TickerBoard
from trading_core.exchanges.port import (
    Credentials,
    LastPrice,
    PrivateNews,
    StreamGap,
    StreamMark,
    TickerNews,
)  # fmt: skip
from trading_core.market.candle import Candle

log = logging.getLogger(__name__)

PRIVATE_TOPICS = ("order", "execution", "position", "wallet")
SETTLE_COIN = "USDT"
CATEGORY = "linear"

MarketNews = tuple[str, Candle] | LastPrice | TickerNews | StreamGap


class BybitPrivateStream:
    """The private stream of one account; ``base`` is the WebSocket address without a path."""

    def __init__(
        self,
        *,
        base: str,
        credentials: Credentials,
        instruments: parse.Instruments,
        wall_ms: Callable[[], int],
        pace: Pace | None = None,
    ) -> None:
        self._instruments = instruments
        self._line = Line(
            url=f"{base.rstrip('/')}/v5/private", topics=PRIVATE_TOPICS, wall_ms=wall_ms,
            credentials=credentials, pace=pace,
        )  # fmt: skip

    @property
    def is_up(self) -> bool:
        """Whether it is connected right now."""
        return self._line.is_up

    async def news(self) -> AsyncGenerator[PrivateNews, None]:
        """Yield news in the venue's order, each message's mark behind it.

        ``StreamGap`` after each (re)connect, and in the place of a message that could not be read. An
        execution told twice and a position older than the one before are left out.
        """
        newest = Newest()
        async for frame in self._line.frames():
            match frame:
                case Connected():
                    newest = Newest()
                    yield StreamGap()
                case Frame(body):
                    for news in private_news(body, self._instruments):
                        if newest.is_news(news):
                            yield news


class BybitPublicStream:
    """Closed one-minute candles, last prices and tickers; ``base`` is the WebSocket address without a path."""

    def __init__(self, *, base: str, wall_ms: Callable[[], int], pace: Pace | None = None) -> None:
        self._base = base.rstrip("/")
        self._wall_ms = wall_ms
        self._pace = pace

    async def news(self, category: str, symbols: list[str]) -> AsyncGenerator[MarketNews, None]:
        """Yield closed candles, last prices and tickers; ``StreamGap`` after each (re)connect.

        What was told of a contract before a gap counts no more: its ticker is told anew.
        """
        board = TickerBoard()
        topics = [f"{kind}.{symbol}" for symbol in symbols for kind in ("kline.1", "tickers")]
        line = Line(
            url=f"{self._base}/v5/public/{category}", topics=topics, wall_ms=self._wall_ms, pace=self._pace
        )
        async for frame in line.frames():
            match frame:
                case Connected():
                    board = TickerBoard()
                    yield StreamGap()
                case Frame(body):
                    for news in market_news(body, board):
                        yield news

    async def candles(
        self, category: str, symbols: list[str]
    ) -> AsyncGenerator[tuple[str, Candle] | StreamGap, None]:
        """Yield closed one-minute candles; ``StreamGap`` after each (re)connect."""
        async for news in self.news(category, symbols):
            if isinstance(news, (tuple, StreamGap)):
                yield news


def private_news(body: dict[str, Any], instruments: parse.Instruments) -> Iterator[PrivateNews]:
    """Yield the news of one private message, its mark last.

    An entry of another category or an unknown symbol is nobody's business here; one that can't be
    read is replaced by a gap, so that a reconcile learns what it said.
    """
    for row in _rows(body):
        try:
            news = _private_entry(body, row, instruments)
        except (InvalidInput, KeyError, AttributeError) as e:
            log.warning("%s: unreadable entry: %s", body["topic"], e)
            yield StreamGap()
            continue
        if news is not None:
            yield news
    if body.get("id"):
        yield StreamMark(str(body["id"]))


def market_news(body: dict[str, Any], board: TickerBoard) -> Iterator[MarketNews]:
    """Yield the news of one public message; an unreadable one is a gap. ``board`` is this connection's."""
    kind, _, symbol = str(body["topic"]).rpartition(".")
    try:
        if kind == "tickers":
            if not board.is_newest(symbol, int(body.get("ts", 0))):
                return
            price = parse.last_price(body["data"], time_ms=int(body.get("ts", 0)))
            if price is not None:
                yield price
            yield board.heard(symbol, body["data"])
        elif kind == "kline.1":
            for row in _rows(body):
                if row.get("confirm") is True:
                    yield symbol, parse.streamed_candle(row)
    except (InvalidInput, KeyError, AttributeError, TypeError, ValueError) as e:
        log.warning("%s: unreadable message: %s", body["topic"], e)
        yield StreamGap()


def _private_entry(
    body: dict[str, Any], row: dict[str, Any], instruments: parse.Instruments
) -> PrivateNews | None:
    topic = str(body["topic"]).partition(".")[0]
    if topic == "wallet":
        return parse.wallet_news(row, coin=SETTLE_COIN, updated_ms=int(body.get("creationTime", 0)))
    if row.get("category", CATEGORY) != CATEGORY or row["symbol"] not in instruments:
        return None
    match topic:
        case "order":
            return parse.order_news(row, instruments)
        case "execution":
            return parse.execution_news(row, instruments)
        case "position":
            return parse.position_news(row, instruments)
    return None


def _rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    rows = body.get("data")
    return rows if isinstance(rows, list) else []
