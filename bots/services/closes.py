"""Closes as the feed hears them: each candle with the ticker that was last told before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trading_core.exchanges.port import LastPrice, StreamGap, TickerNews
from trading_core.market.candle import Candle


@dataclass(frozen=True, slots=True)
class HeardClose:
    """A closed base candle of a symbol, and its ticker as it stood then."""

    symbol: str
    candle: Candle
    ticker: TickerNews | None = None
    """None where nothing was told since the stream last broke."""


class Closes:
    """Remembers the latest ticker of each symbol of one connection."""

    def __init__(self) -> None:
        self._tickers: dict[str, TickerNews] = {}

    def among(
        self, batch: Iterable[tuple[str, Candle] | LastPrice | TickerNews | StreamGap]
    ) -> list[HeardClose]:
        """Take a batch of news in, in its order, and return the closes in it."""
        heard = []
        for news in batch:
            if isinstance(news, TickerNews):
                self._tickers[news.symbol] = news
            elif isinstance(news, StreamGap):
                self._tickers.clear()
            elif isinstance(news, tuple):
                symbol, candle = news
                heard.append(HeardClose(symbol, candle, self._tickers.get(symbol)))
        return heard
