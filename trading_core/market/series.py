"""The identity of a candle series: series of different sources never mix."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.market.timeframe import Timeframe


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """Where candles come from and what they describe."""

    source: str
    """Name of the market the candles were published by: ``bybit``, ``binance``, ``synthetic``."""
    category: str
    """``linear`` or ``spot``."""
    symbol: str
    timeframe: Timeframe

    def at(self, timeframe: Timeframe) -> SeriesKey:
        """The same market and symbol at another timeframe."""
        return SeriesKey(self.source, self.category, self.symbol, timeframe)

    def __str__(self) -> str:
        return f"{self.source}-{self.category}/{self.symbol}_{self.timeframe}"
