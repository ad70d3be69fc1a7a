"""The wall clock of the shell: signatures, leases, sessions, audit.

The market's clock is not here: it comes with the market's events, as a value.
"""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the wall clock as an aware datetime in UTC."""
    return datetime.now(UTC)


def wall_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return int(now().timestamp() * 1000)
