"""Figures of closed trades. A win has a net profit, a loss a net loss; the others are draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

import numpy as np

from trading_core.performance.metric import Metric, missing, money, number, quotient
from trading_core.performance.trades import Trade

NO_TRADES = "no closed trade"
NO_WINS = "no winning trade"
NO_LOSSES = "no losing trade"
FEWEST = 10
"""Trades below which an interval would say nothing."""

_MINUTE_MS = 60_000
_RESAMPLES = 2_000
_SEED = 1
_INTERVAL = (5.0, 95.0)


def trade_figures(trades: Sequence[Trade], *, start: int, days: float) -> dict[str, Metric]:
    """Return the figures of a run of so many days that began with ``start`` money units."""
    nets = [trade.net for trade in trades]
    wins, losses = [n for n in nets if n > 0], [-n for n in nets if n < 0]
    low, high = _interval(nets)
    return {
        "trades": Metric(len(nets)),
        "wins": Metric(len(wins)),
        "losses": Metric(len(losses)),
        "draws": Metric(len(nets) - len(wins) - len(losses)),
        "win_rate_pct": quotient(100 * len(wins), len(nets), NO_TRADES),
        "profit_factor": quotient(sum(wins), sum(losses), NO_LOSSES if nets else NO_TRADES),
        "expectancy": _mean(nets, NO_TRADES),
        "expectancy_low": low,
        "expectancy_high": high,
        "expectancy_pct": quotient(100 * sum(nets), start * len(nets), NO_TRADES),
        "expectancy_ratio": _expectancy_ratio(wins, losses, len(nets)),
        "average_win": _mean(wins, NO_WINS),
        "average_loss": _mean([-loss for loss in losses], NO_LOSSES),
        "best_trade": money(max(nets)) if nets else missing(NO_TRADES),
        "worst_trade": money(min(nets)) if nets else missing(NO_TRADES),
        "longest_winning_streak": Metric(_streak(nets, lambda net: net > 0)),
        "longest_losing_streak": Metric(_streak(nets, lambda net: net < 0)),
        "trades_per_day": number(len(nets) / days) if days else missing("no day"),
        "legs_filled": Metric(sum(trade.legs for trade in trades)),
        **_durations(trades),
    }


def _mean(nets: Sequence[int], reason: str) -> Metric:
    return money(sum(nets) // len(nets)) if nets else missing(reason)


def _expectancy_ratio(wins: Sequence[int], losses: Sequence[int], count: int) -> Metric:
    """(1 + average win / average loss) · win rate - 1."""
    if not losses:
        return missing(NO_LOSSES if count else NO_TRADES)
    paid = sum(wins) / len(wins) * len(losses) / sum(losses) if wins else 0.0
    return number((1.0 + paid) * len(wins) / count - 1.0)


def _interval(nets: Sequence[int]) -> tuple[Metric, Metric]:
    """The middle 90 % of the mean of trades drawn anew (bootstrap, seeded: a report says the same twice)."""
    if len(nets) < FEWEST:
        none = missing(f"fewer than {FEWEST} trades")
        return none, none
    rng = np.random.default_rng(_SEED)
    values = np.array(nets, dtype=np.float64)
    means = [values[rng.integers(0, len(nets), len(nets))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, _INTERVAL)
    return money(round(float(low))), money(round(float(high)))


def _streak(nets: Iterable[int], counts: Callable[[int], bool]) -> int:
    longest = length = 0
    for net in nets:
        length = length + 1 if counts(net) else 0
        longest = max(longest, length)
    return longest


def _durations(trades: Sequence[Trade]) -> dict[str, Metric]:
    """Minutes from the first execution to the last."""
    kinds: dict[str, Callable[[Trade], bool]] = {
        "": lambda _: True,
        "winning_": lambda trade: trade.net > 0,
        "losing_": lambda trade: trade.net < 0,
    }
    found: dict[str, Metric] = {}
    for kind, belongs in kinds.items():
        lasted = [trade.closed_ms - trade.opened_ms for trade in trades if belongs(trade)]
        none = missing({"": NO_TRADES, "winning_": NO_WINS, "losing_": NO_LOSSES}[kind])
        found[f"{kind}average_minutes"] = quotient(sum(lasted), _MINUTE_MS * len(lasted), none.reason)
        found[f"{kind}median_minutes"] = number(median(lasted) / _MINUTE_MS) if lasted else none
        found[f"{kind}longest_minutes"] = number(max(lasted) / _MINUTE_MS) if lasted else none
    return found
