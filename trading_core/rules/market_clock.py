"""The market clock as numbers: hours, weekdays and trading sessions in their own time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from trading_core.market.candle import Floats, Times
from trading_core.market.timeframe import MINUTE_MS
from trading_core.rules.sessions import SESSIONS

_QUARTER_MS = 15 * MINUTE_MS
"""Clocks are put forward and back on a quarter of an hour."""
_DAY_MS = 1440 * MINUTE_MS
_DAY = np.timedelta64(1, "D")
_FRIDAY = 5


def clock_at(field: str, zone: str, times: Times) -> Floats:
    """Return what a clock of a time zone shows at each time (ms): hour, minute (of the day), weekday, day.

    Weekdays count from 1, Monday, to 7, Sunday.
    """
    local = _local(times, zone)
    days = local // _DAY_MS
    if field == "weekday":
        return ((days + 3) % 7 + 1).astype(np.float64)  # 1970-01-01 was a Thursday
    if field == "day":
        dates = days.astype("datetime64[D]")
        return np.asarray((dates - dates.astype("datetime64[M]")) // _DAY + 1, dtype=np.float64)
    minutes = local % _DAY_MS // MINUTE_MS
    return (minutes // 60 if field == "hour" else minutes).astype(np.float64)


def session_at(name: str, times: Times) -> Floats:
    """Return 1 where a trading session is open at a time (ms), else 0."""
    session = SESSIONS[name]
    minute = clock_at("minute", session.zone, times)
    weekday = clock_at("weekday", session.zone, times)
    is_open = (minute >= session.start) & (minute < session.end) & (weekday <= _FRIDAY)
    return is_open.astype(np.float64)


def _local(times: Times, zone: str) -> Times:
    """Times as the wall clock of the zone shows them, in ms."""
    if zone == "UTC":
        return times
    days, day_of = np.unique(times // _DAY_MS, return_inverse=True)
    starts = np.array([_offset(zone, day * _DAY_MS) for day in days.tolist()], dtype=np.int64)
    ends = np.array([_offset(zone, (day + 1) * _DAY_MS) for day in days.tolist()], dtype=np.int64)
    offsets = starts[day_of]
    turning = np.flatnonzero((starts != ends)[day_of])
    if len(turning):
        quarters, quarter_of = np.unique(times[turning] // _QUARTER_MS, return_inverse=True)
        exact = [_offset(zone, quarter * _QUARTER_MS) for quarter in quarters.tolist()]
        offsets[turning] = np.array(exact, dtype=np.int64)[quarter_of]
    return times + offsets


@lru_cache(maxsize=65_536)
def _offset(zone: str, time_ms: int) -> int:
    """Milliseconds by which the zone is ahead of UTC."""
    ahead = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds()) * 1000
