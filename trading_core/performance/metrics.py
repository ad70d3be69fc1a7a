"""The figures of a run: each a value, or null with the reason there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.daily import daily
from trading_core.performance.drawdowns import Drawdown, deepest, drawdowns
from trading_core.performance.ledger import DecisionRecord
from trading_core.performance.metric import (
    METHOD_VERSION,
    Metric,
    money,
    number,
    quotient,
    ratio_text,
)
from trading_core.performance.ratios import ratios_of
from trading_core.performance.trade_figures import trade_figures
from trading_core.performance.trades import Trade


def metrics_of(
    trades: Sequence[Trade], curve: Curve, falls: Sequence[Drawdown], *, wallet: int, fees: int
) -> dict[str, Metric]:
    """Return the figures of a run that ended with a balance of ``wallet`` money units.

    ``falls`` are the curve's drawdowns, ``fees`` those of all executions, also of a trade that is still
    open.
    """
    days, worst = daily(curve), deepest(falls)
    start, final = int(curve.values[0]), int(curve.values[-1])
    gains = sum(trade.gained for trade in trades if trade.gained > 0)
    return {
        "method_version": Metric(METHOD_VERSION),
        "net_profit": money(wallet - start),
        "net_profit_pct": Metric(ratio_text((wallet - start) * 100, start)),
        "final_equity": money(final),
        "total_return_pct": Metric(ratio_text((final - start) * 100, start)),
        "fees": money(fees),
        "fees_of_gross_profit_pct": quotient(100 * fees, gains, "no gross profit"),
        **trade_figures(trades, start=start, days=days.days),
        **_falls(falls, worst),
        "recovery_factor": quotient(final - start, _largest(falls), "no drawdown"),
        **ratios_of(days, deepest=worst[0].depth if worst else 0.0),
    }


def exit_reasons(trades: Sequence[Trade]) -> dict[str, int]:
    """How many trades ended for which reason, by name."""
    return dict(sorted(Counter(trade.reason for trade in trades).items()))


def outcome_counts(decisions: Sequence[DecisionRecord]) -> dict[str, int]:
    """How many closes came to what, by outcome code."""
    return dict(sorted(Counter(decision.code for decision in decisions).items()))


def max_drawdown(equity: Sequence[int]) -> tuple[int, str]:
    """The deepest fall of equity from a peak: money units, and percent of that peak."""
    values = np.array(equity, dtype=np.int64)
    worst = deepest(drawdowns(Curve(np.arange(len(values)), values)))
    return (worst[0].fall, percent(worst[0])) if worst else (0, "0")


def _falls(falls: Sequence[Drawdown], worst: Sequence[Drawdown]) -> dict[str, Metric]:
    """The deepest fall, relative and in money, the one that is on, and the longest."""
    on = falls[-1] if falls and falls[-1].recovered_ms is None else None
    return {
        "max_drawdown": money(worst[0].fall if worst else 0),
        "max_drawdown_pct": Metric(percent(worst[0]) if worst else "0"),
        "max_drawdown_money": money(_largest(falls)),
        "open_drawdown_pct": Metric(percent(on) if on else "0"),
        "longest_underwater_days": number(max((fall.length_ms for fall in falls), default=0) / DAY_MS),
    }


def percent(fall: Drawdown) -> str:
    """Depth in percent of the peak."""
    return ratio_text(100 * fall.fall, fall.peak) if fall.peak > 0 else "0"


def _largest(falls: Sequence[Drawdown]) -> int:
    """The largest fall in money, which needn't be the deepest."""
    return max((fall.fall for fall in falls), default=0)
