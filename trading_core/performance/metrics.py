"""The figures of a run: each a value, or null with the reason there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from trading_core.performance.benchmark import benchmark_figures
from trading_core.performance.calendar import calendar_figures
from trading_core.performance.costs import cost_figures
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.daily import daily
from trading_core.performance.drawdowns import Drawdown, deepest, drawdowns
from trading_core.performance.excursions import Excursions
from trading_core.performance.exposure import exposure_figures
from trading_core.performance.ledger import DecisionRecord, Tallied
from trading_core.performance.metric import (
    METHOD_VERSION,
    Metric,
    missing,
    money,
    number,
    quotient,
    ratio_text,
)
from trading_core.performance.ratios import ratios_of
from trading_core.performance.risk_units import risk_figures
from trading_core.performance.significance import expectancy_interval, random_entries
from trading_core.performance.track import TrackRecord
from trading_core.performance.trade_figures import excursion_figures, trade_figures
from trading_core.performance.trades import Trades


def metrics_of(
    track: TrackRecord, trades: Trades, curve: Curve, falls: Sequence[Drawdown], found: Excursions
) -> dict[str, Metric]:
    """Return the figures of a track record from what was derived of it: docs/metrics.md tells each.

    ``falls`` are the drawdowns of ``curve``, ``found`` the excursions of ``trades``.
    """
    days, worst = daily(curve), deepest(falls)
    start, final = track.start, int(curve.values[-1])
    return {
        "method_version": Metric(METHOD_VERSION),
        "net_profit": money(track.wallet - start),
        "net_profit_pct": Metric(ratio_text((track.wallet - start) * 100, start)),
        "final_equity": money(final),
        "total_return_pct": Metric(ratio_text((final - start) * 100, start)),
        **benchmark_figures(track, final),
        **cost_figures(track, trades),
        **trade_figures(trades, start=start, days=days.days),
        **expectancy_interval(trades.net),
        **risk_figures(track, trades),
        **excursion_figures(trades, found),
        **_falls(falls, worst, final),
        **_realised(track),
        "recovery_factor": quotient(final - start, _largest(falls), "no drawdown"),
        **ratios_of(days, deepest=worst[0].depth if worst else 0.0),
        **calendar_figures(curve),
        **exposure_figures(track, curve),
        **random_entries(track, trades),
        **_ambiguous(track),
    }


def exit_reasons(trades: Trades) -> dict[str, int]:
    """How many trades ended for which reason, by name."""
    return dict(sorted(Counter(trades.executions.reasons[code] for code in trades.reason.tolist()).items()))


def outcome_counts(decisions: Sequence[DecisionRecord]) -> dict[str, int]:
    """How many closes came to what, by outcome code."""
    counts = decisions.counts() if isinstance(decisions, Tallied) else Counter(d.code for d in decisions)
    return dict(sorted(counts.items()))


def max_drawdown(equity: Sequence[int]) -> tuple[int, str]:
    """The deepest fall of equity from a peak: money units, and percent of that peak."""
    values = np.array(equity, dtype=np.int64)
    worst = deepest(drawdowns(Curve(np.arange(len(values)), values)))
    return (worst[0].fall, percent(worst[0])) if worst else (0, "0")


def _falls(falls: Sequence[Drawdown], worst: Sequence[Drawdown], final: int) -> dict[str, Metric]:
    """The deepest fall, relative and in money, how long it took back, the one that is on, and the longest."""
    on = falls[-1] if falls and falls[-1].recovered_ms is None else None
    return {
        "max_drawdown": money(worst[0].fall if worst else 0),
        "max_drawdown_pct": Metric(percent(worst[0]) if worst else "0"),
        "max_drawdown_money": money(_largest(falls)),
        "recovery_days": _recovery(worst),
        "open_drawdown_pct": Metric(ratio_text(100 * (on.peak - final), on.peak) if on else "0"),
        "longest_underwater_days": number(max((fall.length_ms for fall in falls), default=0) / DAY_MS),
    }


def _recovery(worst: Sequence[Drawdown]) -> Metric:
    """Days from the trough of the deepest fall back to its peak."""
    if not worst:
        return missing("no drawdown")
    if worst[0].recovered_ms is None:
        return missing("not recovered yet")
    return number((worst[0].recovered_ms - worst[0].trough_ms) / DAY_MS)


def _realised(track: TrackRecord) -> dict[str, Metric]:
    """The deepest fall of the balance alone: it hides what is open, so it stands second."""
    falls = drawdowns(Curve.realised(track.equity, start=track.start, start_ms=track.start_ms))
    worst = deepest(falls)
    return {
        "realised_drawdown": money(worst[0].fall if worst else 0),
        "realised_drawdown_pct": Metric(percent(worst[0]) if worst else "0"),
    }


def _ambiguous(track: TrackRecord) -> dict[str, Metric]:
    """Minutes in which the order of events inside them decided, of those that reached an order or a stop."""
    if track.touched is None or track.ambiguous is None:
        return dict.fromkeys(("ambiguous_candles", "ambiguous_pct"), missing("not counted"))
    share = quotient(100 * track.ambiguous, track.touched, "no candle reached an order")
    return {"ambiguous_candles": Metric(track.ambiguous), "ambiguous_pct": share}


def percent(fall: Drawdown) -> str:
    """Depth in percent of the peak."""
    return ratio_text(100 * fall.fall, fall.peak) if fall.peak > 0 else "0"


def _largest(falls: Sequence[Drawdown]) -> int:
    """The largest fall in money, which needn't be the deepest."""
    return max((fall.fall for fall in falls), default=0)
