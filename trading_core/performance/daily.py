"""Equity day by day: what the ratios of a report are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading_core.market.candle import Floats
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.places import places_after


@dataclass(frozen=True, slots=True)
class Daily:
    """Mark-to-market equity at each midnight (UTC) and at the end, and what each day returned."""

    days: float
    """Length of the run in days, not rounded."""
    equity: Floats
    """Money units, the start first: one more than there are returns."""
    returns: Floats
    """Equity over that of the midnight before, minus 1; the first and the last day may be shorter."""


def daily(curve: Curve) -> Daily:
    """Return the days of a run; days without a trade count, and one without a record keeps its equity."""
    start_ms, end_ms = int(curve.times[0]), int(curve.times[-1])
    if start_ms == end_ms:
        return Daily(0.0, curve.values[:1].astype(np.float64), np.empty(0))
    midnights = np.arange((start_ms // DAY_MS + 1) * DAY_MS, end_ms, DAY_MS)
    stands = places_after(curve.times, np.concatenate(([start_ms], midnights, [end_ms]))) - 1
    closes = curve.values[stands].astype(np.float64)
    before = closes[:-1]
    # What has lost everything returns nothing more.
    returns = np.divide(closes[1:], before, out=np.ones(len(before)), where=before > 0.0) - 1.0
    return Daily((end_ms - start_ms) / DAY_MS, closes, returns)
