"""A report: everything that can be said about a track record, worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from trading_core.performance.badge import badge_of
from trading_core.performance.breakdown import breakdown
from trading_core.performance.curve import Curve
from trading_core.performance.drawdowns import Drawdown, drawdowns
from trading_core.performance.excursions import Excursions, excursions
from trading_core.performance.metric import Metric
from trading_core.performance.metrics import metrics_of
from trading_core.performance.track import TrackRecord
from trading_core.performance.trades import Trades, split_trades


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a track record, and what they were made from."""

    track: TrackRecord
    trades: Trades
    """Closed, in order of closing."""
    left_open: Trades
    curve: Curve
    falls: Sequence[Drawdown]
    """Every drawdown, in order of time."""
    excursions: Excursions
    """Of the closed trades."""
    metrics: Mapping[str, Metric]
    breakdown: Mapping[str, Any]
    badge: Mapping[str, Any]


def report_of(track: TrackRecord, *, zone: tzinfo = UTC) -> Report:
    """Return the report of an account; hours, days and months of its breakdown are those of ``zone``."""
    trades, left_open = split_trades(track.executions, track.fundings)
    curve = Curve.of(track.equity, start=track.start, start_ms=track.start_ms)
    falls, found = drawdowns(curve), excursions(track, trades)
    metrics = metrics_of(track, trades, curve, falls, found)
    return Report(
        track,
        trades,
        left_open,
        curve,
        falls,
        found,
        metrics,
        breakdown(trades, zone=zone),
        badge_of(metrics),
    )
