"""Candles as Bybit serves them: closed ones from the source, longer intervals, the forming one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candle, Candles
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS

DAY_MINUTES = 1_440
WEEK_OFFSET_MS = 4 * 86_400_000
"""The epoch was a Thursday; weeks begin on Mondays."""

INTERVALS: dict[str, int] = {
    "1": 1, "3": 3, "5": 5, "15": 15, "30": 30, "60": 60, "120": 120, "240": 240, "360": 360,
    "720": 720, "D": DAY_MINUTES, "W": 7 * DAY_MINUTES, "M": 31 * DAY_MINUTES,
}  # fmt: skip
"""Minutes of each interval served; for a month, which follows the calendar, its longest."""


def interval_start(ms: int, minutes: int) -> int:
    """Open time of the candle of that length that holds ``ms``."""
    return int(_starts(np.array([ms], dtype=np.int64), minutes)[0])


def interval_after(start_ms: int, minutes: int, count: int = 1) -> int:
    """Open time of the candle ``count`` further on than the one that opens at ``start_ms``."""
    if minutes != INTERVALS["M"]:
        return start_ms + count * minutes * MINUTE_MS
    month = np.datetime64(start_ms, "ms").astype("datetime64[M]") + count
    return int(month.astype("datetime64[ms]").astype(np.int64))


def _starts(times: npt.NDArray[np.int64], minutes: int) -> npt.NDArray[np.int64]:
    """Open time of the candle that holds each time."""
    if minutes == INTERVALS["M"]:
        months = times.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    length = minutes * MINUTE_MS
    shift = WEEK_OFFSET_MS if minutes == INTERVALS["W"] else 0
    return (times - shift) // length * length + shift


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


def formed(exchange: Exchange, symbol: str, candle: Candle, minutes: int) -> Candle:
    """The longer candle so far, with the forming minute in it."""
    start = interval_start(candle.open_time, minutes)
    if minutes == 1 or start == candle.open_time:
        return priced(candle)
    before = known_candles(exchange, symbol, start, candle.open_time)
    part = merge(before.then(Candles.of([candle])))
    return Candle(start, *_numbers(part))


def resampled(candles: Candles, minutes: int) -> list[Candle]:
    """Candles of a longer interval, oldest first."""
    if minutes == 1:
        return [priced(candle) for candle in candles]
    starts = _starts(candles.open_time, minutes)
    edges = np.flatnonzero(np.diff(starts)) + 1
    merged = []
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(candles)], strict=True):
        if last > first:
            part = merge(candles.rows(first, last))
            merged.append(Candle(int(starts[first]), *_numbers(part)))
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
