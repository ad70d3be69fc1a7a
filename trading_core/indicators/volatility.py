"""How far prices swing."""

from __future__ import annotations

import math

from trading_core.indicators.declare import (
    AROUND_ZERO,
    HL,
    HLC,
    OF_SOURCE,
    call,
    candles,
    declare,
    wilder_fade,
)
from trading_core.indicators.formula import Columns, Mended, Series, blank, choose, larger, log, ratio
from trading_core.indicators.smoothing import ema_memory, wilder_memory
from trading_core.indicators.spec import Chart, Family, Param, Params, period

Inputs = tuple[Series, ...]


def _choppiness(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low, _ = inputs
    n = p["period"]
    path = ta.SUM(ta.TRANGE(*inputs), timeperiod=n)
    span = ta.MAX(high, timeperiod=n) - ta.MIN(low, timeperiod=n)
    return log(ratio(path, span)) * (100.0 / math.log(n))


def _ulcer_index(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    highest = ta.MAX(source, timeperiod=p["period"])
    nothing = highest == 0.0
    below = choose(nothing, 0.0, ratio(source, highest) - 1.0) * 100.0
    # A running mean of squares may end a crumb below 0.
    mean = larger(ta.SMA(below * below, timeperiod=p["period"]), 0.0)
    return blank(ta.SQRT(mean), nothing)


def _historical(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (close,) = inputs
    n = p["period"]
    returns = log(ratio(close, ta.lag(close, count=1)))
    return ta.STDDEV(returns, timeperiod=n) * (100.0 * math.sqrt(n / (n - 1) * p["per_year"]))


def _chaikin_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return ta.awake(values[0], *inputs, wait=p["change"])


def _relative_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib says 50 where nothing has moved yet.
    return ta.awake(values[0], inputs[0])


INDICATORS = (
    declare(
        "atr",
        "Average true range",
        Family.VOLATILITY,
        HLC,
        {"period": period(14, high=200)},
        call("ATR", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=wilder_fade("period"),
        convention="Wilder's smoothing of the true range, in units of price.",
        reference="Wilder 1978; TA-Lib ATR",
    ),
    declare(
        "atr_pct",
        "Average true range in percent",
        Family.VOLATILITY,
        HLC,
        {"period": period(14, high=200)},
        call("NATR", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=wilder_fade("period"),
        convention="Wilder's average true range in percent of the close.",
        reference="TA-Lib NATR",
    ),
    declare(
        "true_range",
        "True range",
        Family.VOLATILITY,
        HLC,
        {},
        call("TRANGE"),
        warmup=candles(plus=2),
        memory=None,
        convention="Range of the candle and the close before it, not smoothed.",
        reference="Wilder 1978; TA-Lib TRANGE",
    ),
    declare(
        "average_range",
        "Average range",
        Family.VOLATILITY,
        HL,
        {"period": period(14)},
        call("ADR", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Arithmetic mean of high minus low.",
        reference="TA-Lib ADR",
    ),
    declare(
        "stddev",
        "Standard deviation",
        Family.VOLATILITY,
        OF_SOURCE,
        {"period": period(20)},
        call("STDDEV", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Population deviation of the last candles, in units of price.",
        reference="TA-Lib STDDEV",
    ),
    declare(
        "variance",
        "Variance",
        Family.VOLATILITY,
        OF_SOURCE,
        {"period": period(20)},
        call("VAR", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Population variance of the last candles.",
        reference="TA-Lib VAR",
    ),
    declare(
        "choppiness",
        "Choppiness index",
        Family.VOLATILITY,
        HLC,
        {"period": period(14)},
        _choppiness,
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Logarithm of the true ranges' sum over the range, to the base period, in percent.",
        reference="Dreiss 1993; TA-Lib SUM, TRANGE, MAX, MIN",
        chart=Chart(low=0.0, high=100.0, guides=(38.2, 61.8)),
    ),
    declare(
        "ulcer_index",
        "Ulcer index",
        Family.VOLATILITY,
        OF_SOURCE,
        {"period": period(14, high=250)},
        _ulcer_index,
        warmup=candles("period", "period", plus=-1),
        memory=candles("period", "period", plus=-2),
        convention="Root of the mean square of the percent below the highest value of the last candles.",
        reference="Martin 1987; TA-Lib MAX, SMA",
    ),
    declare(
        "historical_volatility",
        "Historical volatility",
        Family.VOLATILITY,
        ("close",),
        {
            "period": period(30),
            "per_year": Param("Candles per year", 365, 1, 525_600),
        },
        _historical,
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Sample deviation of log returns in percent, times √(candles per year): 365 days, 8760 hours.",
        reference="Close-to-close estimator; TA-Lib STDDEV",
    ),
    declare(
        "chaikin_volatility",
        "Chaikin volatility",
        Family.VOLATILITY,
        HL,
        {"period": period(10, high=250), "change": period(10, label="Change over", low=1, high=250)},
        Mended((call("CVI", timeperiod="period", rocperiod="change"),), _chaikin_mended, by_run=1),
        warmup=candles("period", "change"),
        memory=lambda p: ema_memory(p["period"]) + int(p["change"]),
        convention="Change in percent of the EMA of the range.",
        reference="Chaikin; TA-Lib CVI",
        chart=AROUND_ZERO,
    ),
    declare(
        "relative_volatility",
        "Relative volatility index",
        Family.VOLATILITY,
        OF_SOURCE,
        {
            "period": period(14, high=200),
            "deviation": period(10, label="Deviation period", high=250),
        },
        Mended((call("RVI", timeperiod="period", stddevperiod="deviation"),), _relative_mended, by_run=2),
        warmup=candles("period", "deviation", plus=-1),
        memory=lambda p: wilder_memory(p["period"]) + int(p["deviation"]),
        convention="Wilder's average of deviations on rises, in percent of that of all.",
        reference="Dorsey 1993; TA-Lib RVI",
        chart=Chart(low=0.0, high=100.0, guides=(50.0,)),
    ),
)
