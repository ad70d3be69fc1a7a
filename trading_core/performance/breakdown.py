"""Closed trades by symbol, hour, weekday, month and exit reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from trading_core.money import amount, plain
from trading_core.performance.metric import ratio_text
from trading_core.performance.trades import Trade

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def breakdown(trades: Sequence[Trade], *, zone: tzinfo = UTC) -> dict[str, dict[str, dict[str, Any]]]:
    """Return, for each way to part them, the parts by name in their natural order.

    A trade belongs to the moment it was closed, in ``zone``.
    """

    def at(trade: Trade) -> datetime:
        return datetime.fromtimestamp(trade.closed_ms / 1000, tz=zone)

    ways: Mapping[str, Callable[[Trade], tuple[int, str]]] = {
        "symbol": lambda trade: (0, trade.symbol),
        "exit_reason": lambda trade: (0, trade.reason),
        "hour": lambda trade: (0, f"{at(trade).hour:02d}"),
        "weekday": lambda trade: (at(trade).weekday(), _WEEKDAYS[at(trade).weekday()]),
        "month": lambda trade: (0, f"{at(trade):%Y-%m}"),
        "legs": lambda trade: (trade.legs, str(trade.legs)),
    }
    return {name: _parts(trades, key) for name, key in ways.items()}


def _parts(trades: Sequence[Trade], key: Callable[[Trade], tuple[int, str]]) -> dict[str, dict[str, Any]]:
    parts: dict[tuple[int, str], list[Trade]] = defaultdict(list)
    for trade in trades:
        parts[key(trade)].append(trade)
    return {place[1]: _part(parts[place]) for place in sorted(parts)}


def _part(trades: Sequence[Trade]) -> dict[str, Any]:
    wins = sum(trade.net > 0 for trade in trades)
    return {
        "trades": len(trades),
        "wins": wins,
        "win_rate_pct": ratio_text(100 * wins, len(trades)),
        "net": plain(amount(sum(trade.net for trade in trades))),
        "fees": plain(amount(sum(trade.fees for trade in trades))),
    }
