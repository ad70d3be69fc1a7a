"""Timeframes: the length of a candle, and which close belongs to which."""

from __future__ import annotations

from enum import StrEnum

MINUTE_MS = 60_000


class Timeframe(StrEnum):
    """A candle length by its usual name."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H6 = "6h"
    H12 = "12h"
    D1 = "1d"

    @property
    def ms(self) -> int:
        """Length in milliseconds."""
        return _MINUTES[self] * MINUTE_MS

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return _MINUTES[self]

    def closes_at(self, close_ms: int) -> bool:
        """Whether a candle of this timeframe closes at that instant (epoch-aligned)."""
        return close_ms % self.ms == 0


_MINUTES = {
    Timeframe.M1: 1, Timeframe.M3: 3, Timeframe.M5: 5, Timeframe.M15: 15, Timeframe.M30: 30,
    Timeframe.H1: 60, Timeframe.H2: 120, Timeframe.H4: 240, Timeframe.H6: 360, Timeframe.H12: 720,
    Timeframe.D1: 1440,
}  # fmt: skip
