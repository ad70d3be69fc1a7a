"""Candles for a report's chart: a whole run in as many bars as a screen can show."""

from __future__ import annotations

import numpy as np

from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import MINUTE_MS, Timeframe
from trading_core.performance.track import Minutes

BARS_MAX = 3_000

Bar = tuple[int, float, float, float, float]
"""Seconds UTC at the open, then open, high, low, close."""


def bars_of(minutes: Minutes, instrument: Instrument) -> list[Bar]:
    """Return the minutes of a run as bars of the shortest timeframe that gives at most 3,000, else of a day."""
    if not len(minutes.open_ms):
        return []
    length = _length(int(minutes.open_ms[-1] - minutes.open_ms[0]) + MINUTE_MS)
    stretch = minutes.open_ms // length
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    last = np.append(first[1:], len(stretch)) - 1
    columns = (
        minutes.open[first],
        np.maximum.reduceat(minutes.high, first),
        np.minimum.reduceat(minutes.low, first),
        minutes.close[last],
    )
    tick = float(instrument.tick_size)
    places = max(0, -instrument.tick_size.adjusted())
    prices = ([round(ticks * tick, places) for ticks in column.tolist()] for column in columns)
    times = (stretch[first] * (length // 1000)).tolist()
    return list(zip(times, *prices, strict=True))


def _length(span_ms: int) -> int:
    """Milliseconds of a bar."""
    lengths = sorted(timeframe.ms for timeframe in Timeframe)
    return next((length for length in lengths if span_ms // length <= BARS_MAX), lengths[-1])
