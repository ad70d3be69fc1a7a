"""What kind of market it is."""

from __future__ import annotations

import math

from trading_core.indicators.declare import HLC, OF_SOURCE, call, candles, declare
from trading_core.indicators.formula import Columns, Mended, Series, choose, clear, sign
from trading_core.indicators.smoothing import wilder_memory
from trading_core.indicators.spec import Chart, Family, Params, period
from trading_core.indicators.stretches import never_still

Inputs = tuple[Series, ...]

ATR_PERIOD = 14
"""Wilder's own period, for the volatility that is ranked."""

TREND = 2.0
"""A trend's least efficiency times √period: a walk without drift reaches it one time in nine."""


def _moving(ta: Columns, efficiency: Series, source: Series, count: float) -> Series:
    # TA-Lib says 1 where nothing moved; there is no such ratio.
    return clear(efficiency, ta.flat(source, count=count + 1))


def _efficiency_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return _moving(ta, values[0], inputs[0], p["period"])


def _regime(ta: Columns, inputs: Inputs, p: Params) -> Series:
    close = inputs[2]
    n = p["period"]
    trend = _moving(ta, ta.ER(close, timeperiod=n), close, n) * sign(ta.MOM(close, timeperiod=n))
    slope = sign(ta.LINEARREG_SLOPE(close, timeperiod=n))
    way = choose(trend * slope >= TREND / math.sqrt(n), slope, 0.0)
    state = choose(trend == trend, way, math.nan)  # noqa: PLR0124 — NaN is unlike itself
    swing = ta.NATR(*inputs, timeperiod=ATR_PERIOD)
    return state, trend, ta.PERCENTRANK(swing, timeperiod=p["volatility"])


INDICATORS = (
    declare(
        "regime",
        "Market regime",
        Family.TREND,
        HLC,
        {
            "period": period(48, label="Trend window", low=8),
            "volatility": period(240, label="Volatility window", high=1000),
        },
        _regime,
        outputs=("state", "trend", "volatility"),
        warmup=lambda p: max(int(p["period"]) + 1, int(p["volatility"]) + ATR_PERIOD + 1),
        memory=lambda p: max(int(p["period"]), int(p["volatility"]) + wilder_memory(ATR_PERIOD)),
        convention=(
            "trend: change over the window by the sum of its candles' changes, signed; state: its sign where"
            " the least-squares slope agrees and it reaches 2/√period, else 0; volatility: percent of the"
            " window's candles before with a smaller ATR(14) in percent of the close."
        ),
        reference="Kaufman 1995, Wilder 1978; TA-Lib ER, LINEARREG_SLOPE, NATR, PERCENTRANK",
        chart=Chart(guides=(0.0,)),
    ),
    declare(
        "efficiency_ratio",
        "Efficiency ratio",
        Family.TREND,
        OF_SOURCE,
        {"period": period(10)},
        Mended(
            (call("ER", timeperiod="period"),),
            _efficiency_mended,
            sound=never_still(0, candles("period", plus=1)),
        ),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Size of the change over the last candles by the sum of their changes' sizes, 0 to 1.",
        reference="Kaufman 1995; TA-Lib ER",
        chart=Chart(low=0.0, high=1.0),
    ),
)
