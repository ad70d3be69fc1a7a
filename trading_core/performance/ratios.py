"""Ratios of daily returns. 365 days a year, no risk-free rate; conventions stand with each function."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from trading_core.market.candle import Floats
from trading_core.performance.daily import Daily
from trading_core.performance.metric import Metric, missing, number

YEAR_DAYS = 365
SHARPE_DAYS = 30
"""Fewer days say nothing about a deviation."""
CAGR_DAYS = 90
"""A shorter run, raised to a year, is a number that nobody should see."""
TAIL = 0.05

NO_LOSS = "no day with a loss"
STILL = "equity never moved"


def ratios_of(days: Daily, *, deepest: float) -> dict[str, Metric]:
    """Return all of them; ``deepest`` is the largest relative drawdown (0.1: a tenth) of the run."""
    returns, growth = days.returns, cagr(days)
    return {
        "cagr_pct": missing(f"shorter than {CAGR_DAYS} days") if growth is None else number(100.0 * growth),
        "sharpe": sharpe(returns),
        "sortino": sortino(returns),
        "calmar": _calmar(growth, deepest),
        "omega": omega(returns),
        "cvar_pct": tail_loss(returns),
        "ulcer_pct": ulcer(days.equity),
        "probabilistic_sharpe_pct": probabilistic_sharpe(returns),
    }


def cagr(days: Daily) -> float | None:
    """Growth a year; None for runs shorter than 90 days."""
    if days.days < CAGR_DAYS:
        return None
    grown = max(0.0, float(days.equity[-1])) / float(days.equity[0])
    return float(grown ** (YEAR_DAYS / days.days)) - 1.0


def sharpe(returns: Floats) -> Metric:
    """Mean over deviation (n - 1) of daily returns, times √365."""
    if len(returns) < SHARPE_DAYS:
        return missing(f"fewer than {SHARPE_DAYS} days")
    spread = float(returns.std(ddof=1))
    return number(float(returns.mean()) / spread * math.sqrt(YEAR_DAYS)) if spread else missing(STILL)


def sortino(returns: Floats) -> Metric:
    """Mean over downside deviation (from 0, over all days), times √365."""
    fallen = float(np.square(np.minimum(returns, 0.0)).sum())
    if not fallen:
        return missing(NO_LOSS)
    return number(float(returns.mean()) / math.sqrt(fallen / len(returns)) * math.sqrt(YEAR_DAYS))


def omega(returns: Floats) -> Metric:
    """Sum of the gains over sum of the losses of days."""
    lost = -float(returns[returns < 0.0].sum())
    return number(float(returns[returns > 0.0].sum()) / lost) if lost else missing(NO_LOSS)


def tail_loss(returns: Floats) -> Metric:
    """Mean return of the worst twentieth of days, at least of the worst one, in percent."""
    if not len(returns):
        return missing("no day")
    worst = np.sort(returns)[: max(1, int(TAIL * len(returns)))]
    return number(100.0 * float(worst.mean()))


def ulcer(equity: Floats) -> Metric:
    """Root of the squared drawdowns of each day over n - 1, in percent."""
    if len(equity) < 3:  # noqa: PLR2004 - the start is no day
        return missing("fewer than two days")
    peaks = np.maximum.accumulate(equity)
    below = (equity / peaks - 1.0)[1:]
    return number(100.0 * math.sqrt(float(np.square(below).sum()) / (len(below) - 1)))


def probabilistic_sharpe(returns: Floats) -> Metric:
    """Chance, in percent, that the true Sharpe ratio is above 0, given skew and fat tails.

    Bailey, López de Prado 2012: Φ(SR·√(n-1) / √(1 - γ₃·SR + (γ₄-1)/4·SR²)), with the daily ratio and the
    kurtosis of the normal distribution being 3.
    """
    if len(returns) < SHARPE_DAYS:
        return missing(f"fewer than {SHARPE_DAYS} days")
    centred = returns - returns.mean()
    spread = float(returns.std(ddof=1))
    if not spread:
        return missing(STILL)
    second = float(np.square(centred).mean())
    skew = float((centred**3).mean()) / second**1.5
    kurtosis = float((centred**4).mean()) / second**2
    ratio = float(returns.mean()) / spread
    width = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio
    if width <= 0.0:
        return missing("returns too skewed for the estimate")
    return number(100.0 * NormalDist().cdf(ratio * math.sqrt(len(returns) - 1) / math.sqrt(width)))


def _calmar(growth: float | None, deepest: float) -> Metric:
    if growth is None:
        return missing(f"shorter than {CAGR_DAYS} days")
    return number(growth / deepest) if deepest else missing("no drawdown")
