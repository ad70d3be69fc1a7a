"""Closed candles: one record, and a run of them as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle, identified by its open time."""

    open_time: int
    """Milliseconds since the epoch, UTC."""
    open: float
    high: float
    low: float
    close: float
    volume: float
    """Base units."""
    turnover: float = float("nan")
    """Quote units; NaN where the source has none."""


@dataclass(frozen=True, slots=True)
class Candles:
    """A run of closed candles as arrays of equal length, strictly increasing in ``open_time``.

    Gaps are simply absent rows; nothing is ever filled in.
    """

    open_time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats

    def __len__(self) -> int:
        return len(self.open_time)

    def __iter__(self) -> Iterator[Candle]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: int) -> Candle:
        return Candle(
            int(self.open_time[index]), float(self.open[index]), float(self.high[index]),
            float(self.low[index]), float(self.close[index]), float(self.volume[index]),
            float(self.turnover[index]),
        )  # fmt: skip

    def between(self, start_ms: int, end_ms: int) -> Candles:
        """The candles that open in [start_ms, end_ms), as views."""
        first, last = np.searchsorted(self.open_time, (start_ms, end_ms))
        return self.rows(int(first), int(last))

    def rows(self, start: int, stop: int) -> Candles:
        """The rows [start, stop), as views."""
        part = slice(start, stop)
        return Candles(
            self.open_time[part], self.open[part], self.high[part], self.low[part],
            self.close[part], self.volume[part], self.turnover[part],
        )  # fmt: skip

    def then(self, other: Candles) -> Candles:
        """These candles followed by later ones."""
        if not len(other):
            return self
        if not len(self):
            return other
        if int(self.open_time[-1]) >= int(other.open_time[0]):
            raise ValueError("expected later candles to follow")
        pairs = zip(self.columns(), other.columns(), strict=True)
        return Candles(*(np.concatenate(pair) for pair in pairs))

    def columns(self) -> tuple[Times, Floats, Floats, Floats, Floats, Floats, Floats]:
        """The arrays in field order."""
        return (
            self.open_time, self.open, self.high, self.low, self.close, self.volume, self.turnover,
        )  # fmt: skip

    @classmethod
    def of_columns(cls, columns: Iterable[npt.NDArray[Any]]) -> Candles:
        """Candles of the seven columns in field order; numbers are converted where need be."""
        time, *rest = columns
        numbers = (np.asarray(column, dtype=np.float64) for column in rest)
        return cls(np.asarray(time, dtype=np.int64), *numbers)

    @classmethod
    def of(cls, rows: list[Candle]) -> Candles:
        """Arrays of these candles."""
        return cls(
            np.array([r.open_time for r in rows], dtype=np.int64),
            *(
                np.array([getattr(r, name) for r in rows], dtype=np.float64)
                for name in ("open", "high", "low", "close", "volume", "turnover")
            ),
        )


def number_or_none(value: float) -> float | None:
    """A value of a column as plain data: None where there is none."""
    return float(value) if np.isfinite(value) else None
