"""The one place of the venue that reads a clock."""

from __future__ import annotations

import time


def wall_ms() -> int:
    """Wall clock, milliseconds since the epoch: signatures, envelopes, pacing."""
    return time.time_ns() // 1_000_000


def wall_ns() -> int:
    """Wall clock in nanoseconds, for ``/v5/market/time``."""
    return time.time_ns()
