"""What is known of a contract beside its candles: funding rate, mark price, spread, by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trading_core.market.candle import Floats, Times

MAX_AGE_MS: Mapping[str, int] = {
    "funding_rate": 8 * 3_600_000 + 300_000,
    "mark": 120_000,
    "spread": 120_000,
}
"""How old a figure may be; a funding rate holds for the interval it was set for, eight hours at most."""


@dataclass(frozen=True, slots=True)
class Tickers:
    """Figures of one symbol, rising in time; NaN where a moment did not tell one."""

    time_ms: Times
    funding_rate: Floats
    """Percent per funding interval."""
    mark: Floats
    spread: Floats
    """Percent of the middle."""

    def at(self, field: str, times: Times) -> Floats:
        """The last figure told at or before each time; NaN where there is none, or it is too old."""
        told: Floats = getattr(self, field)
        heard = np.flatnonzero(np.isfinite(told))
        found = np.full(len(times), np.nan)
        if not len(heard):
            return found
        moments = self.time_ms[heard]
        places = np.searchsorted(moments, times, side="right") - 1
        known = places >= 0
        known[known] = times[known] - moments[places[known]] <= MAX_AGE_MS[field]
        found[known] = told[heard[places[known]]]
        return found


TickersBySymbol = Mapping[str, Tickers]
