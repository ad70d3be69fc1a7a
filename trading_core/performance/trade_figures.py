"""Figures of closed trades. A win has a net profit, a loss a net loss; the others are draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trading_core.performance.columns import Integers
from trading_core.performance.excursions import Excursions
from trading_core.performance.metric import Metric, missing, money, number, quotient
from trading_core.performance.trades import Trades

NO_TRADES = "no closed trade"
NO_WINS = "no winning trade"
NO_LOSSES = "no losing trade"

_MINUTE_MS = 60_000


def trade_figures(trades: Trades, *, start: int, days: float) -> dict[str, Metric]:
    """Return the figures of a run of so many days that began with ``start`` money units."""
    net = trades.net
    wins, losses = net[net > 0], -net[net < 0]
    won, lost, count = int(wins.sum()), int(losses.sum()), len(net)
    no_loss = NO_LOSSES if count else NO_TRADES
    return {
        "trades": Metric(count),
        "wins": Metric(len(wins)),
        "losses": Metric(len(losses)),
        "draws": Metric(count - len(wins) - len(losses)),
        "win_rate_pct": quotient(100 * len(wins), count, NO_TRADES),
        "profit_factor": quotient(won, lost, no_loss),
        "expectancy": _mean(net, NO_TRADES),
        "expectancy_pct": quotient(100 * (won - lost), start * count, NO_TRADES),
        "expectancy_ratio": _expectancy_ratio(wins, losses, count),
        "average_win": _mean(wins, NO_WINS),
        "average_loss": _mean(-losses, NO_LOSSES),
        **_extremes(trades),
        "longest_winning_streak": Metric(_streak(net > 0)),
        "longest_losing_streak": Metric(_streak(net < 0)),
        "trades_per_day": number(count / days) if days else missing("no day"),
        "legs_filled": Metric(int(trades.legs.sum())),
        **_durations(trades),
    }


def excursion_figures(trades: Trades, found: Excursions) -> dict[str, Metric]:
    """Return the means of the excursions, the worst of them, and the share of the best that was kept."""
    if not len(trades) or not found.known.all():
        none = missing("no candles to follow trades by" if len(trades) else NO_TRADES)
        return dict.fromkeys(("average_mfe", "average_mae", "worst_mae", "efficiency_pct"), none)
    best = int(found.best.sum())
    return {
        "average_mfe": _mean(found.best, NO_TRADES),
        "average_mae": _mean(found.worst, NO_TRADES),
        "worst_mae": money(int(found.worst.min())),
        "efficiency_pct": quotient(100 * int(trades.net.sum()), best, "no trade was ever ahead"),
    }


def _mean(values: Integers, reason: str) -> Metric:
    return money(int(values.sum()) // len(values)) if len(values) else missing(reason)


def _extremes(trades: Trades) -> dict[str, Metric]:
    """Best and worst trade, in money and as a share of the value entered."""
    if not len(trades):
        names = ("best_trade", "worst_trade", "best_symbol", "worst_symbol")
        return dict.fromkeys(names, missing(NO_TRADES))
    symbols = trades.executions.symbols
    total = np.zeros(len(symbols), dtype=np.int64)
    np.add.at(total, trades.symbol, trades.net)
    traded = np.unique(trades.symbol)
    best, worst = traded[total[traded].argmax()], traded[total[traded].argmin()]
    return {
        "best_trade": money(int(trades.net.max())),
        "worst_trade": money(int(trades.net.min())),
        "best_symbol": Metric(symbols[best]),
        "worst_symbol": Metric(symbols[worst]),
    }


def _expectancy_ratio(wins: Integers, losses: Integers, count: int) -> Metric:
    """(1 + average win / average loss) · win rate - 1."""
    if not len(losses):
        return missing(NO_LOSSES if count else NO_TRADES)
    paid = float(wins.mean() / losses.mean()) if len(wins) else 0.0
    return number((1.0 + paid) * len(wins) / count - 1.0)


def _streak(counts: npt.NDArray[np.bool_]) -> int:
    """The longest run of true values."""
    breaks = np.flatnonzero(np.concatenate(([True], ~counts, [True])))
    return int(np.diff(breaks).max()) - 1


def _durations(trades: Trades) -> dict[str, Metric]:
    """Minutes from the first execution to the last."""
    lasted = trades.closed_ms - trades.opened_ms
    kinds: Mapping[str, tuple[Integers, str]] = {
        "": (lasted, NO_TRADES),
        "winning_": (lasted[trades.net > 0], NO_WINS),
        "losing_": (lasted[trades.net < 0], NO_LOSSES),
    }
    found: dict[str, Metric] = {}
    for kind, (times, reason) in kinds.items():
        none, some = missing(reason), len(times) > 0
        found[f"{kind}average_minutes"] = quotient(int(times.sum()), _MINUTE_MS * len(times), reason)
        found[f"{kind}median_minutes"] = number(float(np.median(times)) / _MINUTE_MS) if some else none
        found[f"{kind}longest_minutes"] = number(float(times.max()) / _MINUTE_MS) if some else none
    return found
