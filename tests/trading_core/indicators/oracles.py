"""An independent oracle for every indicator, and how far the catalog is from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.builders import random_walk
from tests.trading_core.indicators import oracles_momentum, oracles_swing, oracles_trend
from tests.trading_core.indicators.oracle_tools import Oracle
from trading_core.indicators.spec import SOURCE, Indicator, Params
from trading_core.market.candle import Candles, Floats

ORACLES: Mapping[str, Oracle] = {
    **oracles_trend.ORACLES,
    **oracles_momentum.ORACLES,
    **oracles_swing.ORACLES,
}

TOLERANCE = 1e-9
"""The largest deviation, as a share of the output's largest value."""


def columns(indicator: Indicator, candles: Candles) -> tuple[Floats, ...]:
    """The indicator's inputs from candles; its source is the close."""
    return tuple(getattr(candles, "close" if name == SOURCE else name) for name in indicator.inputs)


def deviation(indicator: Indicator, params: Params, walk: Candles) -> float:
    """The largest deviation of any output from the oracle's, as a share of that output's largest value."""
    ours = indicator.run(columns(indicator, walk), params)
    theirs = ORACLES[indicator.name](walk, **params)
    worst = 0.0
    for left, right in zip(ours, theirs, strict=True):
        left, right = left[indicator.warmup(params) - 1 :], right[indicator.warmup(params) - 1 :]
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            return float("inf")
        worst = max(worst, float(np.abs(left - right).max() / (np.abs(right).max() or 1.0)))
    return worst


def recorded(indicator: Indicator) -> float:
    """The deviation that the documentation states: at defaults, over one fixed walk."""
    return deviation(indicator, indicator.defaults(), random_walk(800, seed=4))
