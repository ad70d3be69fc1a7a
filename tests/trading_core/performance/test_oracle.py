"""Ratios against an independent library: quantstats over the same days, to 1e-9; scipy for its distribution."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from quantstats import stats
from scipy.stats import kurtosis, norm, skew

from tests.trading_core.performance.ledgers import U
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.daily import Daily, daily
from trading_core.performance.drawdowns import deepest, drawdowns
from trading_core.performance.ratios import cagr, ratios_of

CLOSE = 1e-9
DAYS = 200


@pytest.fixture(params=[1, 2, 3], ids="seed {}".format)
def curve(request: pytest.FixtureRequest) -> Curve:
    """Equity at midnights. It begins with a loss, which must not be missed."""
    rng = np.random.default_rng(request.param)
    returns = rng.standard_t(4, DAYS) * 0.01 + 0.001
    returns[0] = -0.03
    values = np.rint(10_000 * U * np.cumprod(np.concatenate(([1.0], 1.0 + returns))))
    return Curve(np.arange(DAYS + 1) * DAY_MS, values.astype(np.int64))


@pytest.fixture
def days(curve: Curve) -> Daily:
    return daily(curve)


@pytest.fixture
def series(days: Daily) -> pd.Series:
    return pd.Series(days.returns, index=pd.date_range("2025-01-01", periods=DAYS))


def test_ratios_are_those_of_the_library(curve: Curve, days: Daily, series: pd.Series) -> None:
    worst = deepest(drawdowns(curve))[0].depth
    found = {name: metric.exact for name, metric in ratios_of(days, deepest=worst).items()}
    growth = cagr(days)

    assert found["sharpe"] == pytest.approx(stats.sharpe(series, periods=365), abs=CLOSE)
    assert found["sortino"] == pytest.approx(stats.sortino(series, periods=365), abs=CLOSE)
    assert found["omega"] == pytest.approx(stats.omega(series, periods=365), abs=CLOSE)
    assert growth == pytest.approx(stats.cagr(series, periods=365), abs=CLOSE)
    assert -worst == pytest.approx(stats.max_drawdown(series), abs=CLOSE)
    assert found["calmar"] == pytest.approx(stats.calmar(series, periods=365), abs=CLOSE)
    fallen = stats.ulcer_index(series)  # type: ignore[no-untyped-call]
    assert found["ulcer_pct"] == pytest.approx(100 * fallen, abs=CLOSE)


def test_the_probability_is_that_of_its_moments(days: Daily) -> None:
    returns = days.returns
    ratio = returns.mean() / returns.std(ddof=1)
    wide = 1 - skew(returns) * ratio + (kurtosis(returns, fisher=False) - 1) / 4 * ratio**2
    chance = norm.cdf(ratio * math.sqrt(len(returns) - 1) / math.sqrt(wide))

    found = ratios_of(days, deepest=0.1)["probabilistic_sharpe_pct"].exact

    assert found == pytest.approx(100 * chance, abs=CLOSE)
