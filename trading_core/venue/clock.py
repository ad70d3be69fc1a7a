"""The one place of the venue that reads a clock."""

from __future__ import annotations

import time


class _Skew:
    """How far the venue's clock is off: a fault, 0 without one. One process is one venue."""

    ms = 0


def set_skew(ms: int) -> None:
    """Let the venue's clock be off by so many milliseconds."""
    _Skew.ms = ms


def wall_ms() -> int:
    """The venue's wall clock, milliseconds since the epoch: signatures, envelopes, stamps."""
    return time.time_ns() // 1_000_000 + _Skew.ms


def wall_ns() -> int:
    """The venue's wall clock in nanoseconds, for ``/v5/market/time``."""
    return time.time_ns() + _Skew.ms * 1_000_000


def true_ms() -> int:
    """The wall clock whatever the venue tells: pacing, limits and outages follow it."""
    return time.time_ns() // 1_000_000
