"""Candles as Bybit serves them: closed ones from the source, longer intervals, the forming one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from trading_core.market.candle import Candle, Candles
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS

DAY_MINUTES = 1_440
WEEK_OFFSET_MS = 4 * 86_400_000
"""The epoch was a Thursday; weeks begin on Mondays."""

INTERVALS: dict[str, int] = {
    "1": 1, "3": 3, "5": 5, "15": 15, "30": 30, "60": 60, "120": 120, "240": 240, "360": 360,
    "720": 720, "D": DAY_MINUTES, "W": 7 * DAY_MINUTES,
}  # fmt: skip
"""Minutes of each interval served; months are not."""


def interval_start(ms: int, minutes: int) -> int:
    """Open time of the candle of that length that holds ``ms``."""
    length = minutes * MINUTE_MS
    shift = WEEK_OFFSET_MS if minutes == INTERVALS["W"] else 0
    return (ms - shift) // length * length + shift


def known_candles(exchange: Exchange, symbol: str, start_ms: int, end_ms: int) -> Candles:
    """One-minute candles that have closed, opening in [start_ms, end_ms)."""
    last = exchange.last_closed.get(symbol)
    until = exchange.source.start_ms if last is None else last + 1
    return exchange.source.candles(symbol, start_ms, min(end_ms, until))


def merge(candles: Candles) -> Candle:
    """One candle of a run of candles."""
    turnover = np.where(np.isnan(candles.turnover), candles.volume * candles.close, candles.turnover)
    return Candle(
        int(candles.open_time[0]),
        float(candles.open[0]),
        float(candles.high.max()),
        float(candles.low.min()),
        float(candles.close[-1]),
        float(np.round(candles.volume.sum(), 8)),
        float(np.round(turnover.sum(), 8)),
    )


def resampled(candles: Candles, minutes: int) -> list[Candle]:
    """Candles of a longer interval, oldest first."""
    if minutes == 1:
        return [priced(candle) for candle in candles]
    length = minutes * MINUTE_MS
    shift = WEEK_OFFSET_MS if minutes == INTERVALS["W"] else 0
    groups = (candles.open_time - shift) // length
    edges = np.flatnonzero(np.diff(groups)) + 1
    merged = []
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(candles)], strict=True):
        if last > first:
            part = merge(candles.rows(first, last))
            opened = int(groups[first]) * length + shift
            merged.append(Candle(opened, *_numbers(part)))
    return merged


def _numbers(c: Candle) -> tuple[float, float, float, float, float, float]:
    return (c.open, c.high, c.low, c.close, c.volume, c.turnover)


def priced(candle: Candle) -> Candle:
    """The candle with a turnover, estimated from its close where the source has none."""
    if candle.turnover == candle.turnover:
        return candle
    return Candle(candle.open_time, *_numbers(candle)[:5], round(candle.volume * candle.close, 8))


def number(value: float) -> str:
    """The shortest plain digits that read back as this very float."""
    text = repr(value)
    if "e" in text:
        text = f"{Decimal(text):f}"
    return text.removesuffix(".0")


def row(candle: Candle) -> list[str]:
    """A candle as a kline row."""
    return [str(candle.open_time), *(number(value) for value in _numbers(candle))]
