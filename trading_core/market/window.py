"""Windows of candles as the rules see them: dense, numbered, in every timeframe asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candles, Floats
from trading_core.market.resample import resample
from trading_core.market.timeframe import Timeframe

DERIVED = frozenset({"hl2", "hlc3"})
"""Columns that are made of others each time they are asked for."""

Frames = Mapping[tuple[str, Timeframe], Candles]
"""Closed candles by symbol and timeframe."""


@dataclass(frozen=True, slots=True)
class Dense:
    """Candles with one row per candle number (open time over timeframe); NaN where one is missing."""

    first: int
    """Number of the first row."""
    candles: Candles
    present: npt.NDArray[np.bool_] | None
    """Which rows have a candle; None when all have."""

    def __len__(self) -> int:
        return len(self.candles)

    def column(self, name: str) -> Floats:
        """A column by name; ``hl2`` and ``hlc3`` are means."""
        candles = self.candles
        if name == "hl2":
            return (candles.high + candles.low) / 2.0
        if name == "hlc3":
            return (candles.high + candles.low + candles.close) / 3.0
        values: Floats = getattr(candles, name)
        return values


def dense(candles: Candles, timeframe: Timeframe) -> Dense:
    """Return the candles with their gaps as rows of NaN; without gaps nothing is copied."""
    if not len(candles):
        return Dense(0, candles, None)
    first = int(candles.open_time[0]) // timeframe.ms
    last = int(candles.open_time[-1]) // timeframe.ms
    rows = last - first + 1
    if rows == len(candles):
        return Dense(first, candles, None)
    places = candles.open_time // timeframe.ms - first
    present = np.zeros(rows, dtype=np.bool_)
    present[places] = True
    times = (np.arange(rows, dtype=np.int64) + first) * timeframe.ms
    return Dense(first, Candles(times, *(_spread(c, places, rows) for c in candles.columns()[1:])), present)


def frames_of(
    base: Mapping[str, Candles],
    needed: Iterable[tuple[str, Timeframe]],
    *,
    until_ms: int,
    timeframe: Timeframe = Timeframe.M1,
) -> dict[tuple[str, Timeframe], Candles]:
    """Return the frames needed, resampled from base candles of ``timeframe`` that closed by ``until_ms``.

    A symbol without candles gets an empty frame.
    """
    nothing = Candles.of([])
    frames = {}
    for symbol, wanted in needed:
        candles = base.get(symbol, nothing)
        closed = int(np.searchsorted(candles.open_time, until_ms - timeframe.ms, side="right"))
        frames[symbol, wanted] = resample(candles.rows(0, closed), timeframe, wanted, until_ms=until_ms)
    return frames


def _spread(column: Floats, places: npt.NDArray[np.int64], rows: int) -> Floats:
    spread = np.full(rows, np.nan)
    spread[places] = column
    return spread
