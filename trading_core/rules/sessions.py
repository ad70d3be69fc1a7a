"""Trading sessions by name: when a market that moves prices is open, in its own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class TradingSession:
    """Open from ``start`` to before ``end`` (minutes of the local day) on Monday to Friday."""

    label: str
    zone: str
    """A name of the IANA list; daylight saving follows from it."""
    start: int
    end: int


SESSIONS: Mapping[str, TradingSession] = MappingProxyType(
    {
        "tokyo": TradingSession("Tokyo", "Asia/Tokyo", 9 * 60, 15 * 60 + 30),
        "london": TradingSession("London", "Europe/London", 8 * 60, 16 * 60 + 30),
        "new_york": TradingSession("New York", "America/New_York", 9 * 60 + 30, 16 * 60),
    }
)
"""The cash hours of the stock exchanges (Tokyo's since November 2024); holidays are not known."""
