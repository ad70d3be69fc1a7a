"""What an exchange settled and marked by: recorded funding rates and mark prices of one symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trading_core.market.candle import Floats, Times

_NONE = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Funding settled at each time, and candles of the mark price."""

    rates_e8: Mapping[int, int] = field(default_factory=dict)
    """By time (ms): of the value at mark, 10⁻⁸; longs pay a positive rate."""
    mark_open_ms: Times = field(default_factory=lambda: _NONE.astype(np.int64))
    """Rising."""
    mark_length_ms: int = 0
    mark_open: Floats = field(default_factory=_NONE.copy)
    mark_high: Floats = field(default_factory=_NONE.copy)
    mark_low: Floats = field(default_factory=_NONE.copy)
    mark_close: Floats = field(default_factory=_NONE.copy)

    def mark_at(self, time_ms: int) -> float | None:
        """The mark price at the edge of a mark candle; None anywhere else."""
        row = int(np.searchsorted(self.mark_open_ms, time_ms))
        if row < len(self.mark_open_ms) and self.mark_open_ms[row] == time_ms:
            return float(self.mark_open[row])
        if row and self.mark_open_ms[row - 1] + self.mark_length_ms == time_ms:
            return float(self.mark_close[row - 1])
        return None

    def spans(self, times: Times) -> tuple[Floats, Floats]:
        """The lowest and the highest mark of the candle that holds each time; NaN where none does."""
        low, high = np.full((2, len(times)), np.nan)
        row = np.searchsorted(self.mark_open_ms, times, side="right") - 1
        rows = np.flatnonzero(row >= 0)
        rows = rows[times[rows] < self.mark_open_ms[row[rows]] + self.mark_length_ms]
        low[rows], high[rows] = self.mark_low[row[rows]], self.mark_high[row[rows]]
        return low, high


NOTHING_RECORDED = Recorded()

RecordedBySymbol = Mapping[str, Recorded]
