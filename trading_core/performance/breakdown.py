"""Closed trades by symbol, exit reason, legs, hour, weekday, day, week and month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Any

import numpy as np

from trading_core.money import amount_text
from trading_core.performance.columns import Integers
from trading_core.performance.curve import DAY_MS
from trading_core.performance.metric import ratio_text
from trading_core.performance.trades import Trades

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR_MS = 3_600_000
_EPOCH = date(1970, 1, 1).toordinal()
_THURSDAY = 3
"""The weekday of 1 January 1970."""


def breakdown(trades: Trades, *, zone: tzinfo = UTC) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, for each way to part them, the parts by name in their natural order.

    A trade belongs to the moment it was closed, in ``zone``; weeks begin on Monday and are named by it.
    """
    local = trades.closed_ms + _offsets(trades.closed_ms, zone)
    day = local // DAY_MS
    monday = day - (day + _THURSDAY) % 7
    names, reasons = trades.executions.symbols, trades.executions.reasons
    ways: Mapping[str, tuple[Integers, Callable[[int], str]]] = {
        "symbol": (_ranked(names)[trades.symbol], sorted(names).__getitem__),
        "exit_reason": (_ranked(reasons)[trades.reason], sorted(reasons).__getitem__),
        "hour": (local // _HOUR_MS % 24, "{:02d}".format),
        "weekday": ((day + _THURSDAY) % 7, _WEEKDAYS.__getitem__),
        "day": (day, _day),
        "week": (monday, _day),
        "month": (day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64), _month),
        "legs": (trades.legs, str),
    }
    return {way: _parts(trades, key, name) for way, (key, name) in ways.items()}


def _offsets(times: Integers, zone: tzinfo) -> Integers:
    """What the clocks of a zone are ahead of UTC at each time, milliseconds."""
    if zone is UTC:
        return np.zeros_like(times)
    moments = (datetime.fromtimestamp(time_ms / 1000, tz=zone) for time_ms in times.tolist())
    ahead = (moment.utcoffset() for moment in moments)
    return np.array([round(each.total_seconds() * 1000) if each else 0 for each in ahead], dtype=np.int64)


def _ranked(names: Iterable[str]) -> Integers:
    """The place of each name among them sorted."""
    given = list(names)
    places = {name: place for place, name in enumerate(sorted(given))}
    return np.array([places[name] for name in given], dtype=np.int64)


def _day(day: int) -> str:
    return date.fromordinal(_EPOCH + day).isoformat()


def _month(month: int) -> str:
    return str(np.datetime64(month, "M"))


def _parts(trades: Trades, key: Integers, name: Callable[[int], str]) -> dict[str, dict[str, Any]]:
    if not len(key):
        return {}
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=key[order[0]] - 1))
    net = trades.net
    columns = np.stack((np.ones_like(key), net > 0, net, trades.fees, trades.funding))
    sums = np.add.reduceat(columns[:, order], first, axis=1)
    rows = zip(key[order[first]].tolist(), sums.T.tolist(), strict=True)
    return {name(place): _part(*values) for place, values in rows}


@lru_cache(maxsize=4096)
def _win_rate(wins: int, count: int) -> str:
    return ratio_text(100 * wins, count)


def _part(count: int, wins: int, net: int, fees: int, funding: int) -> dict[str, Any]:
    return {
        "trades": count,
        "wins": wins,
        "win_rate_pct": _win_rate(wins, count),
        "net": amount_text(net),
        "fees": amount_text(fees),
        "funding": amount_text(funding),
    }
