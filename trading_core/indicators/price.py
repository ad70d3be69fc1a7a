"""Prices seen another way."""

from __future__ import annotations

from trading_core.indicators.declare import (
    AROUND_ZERO,
    HL,
    HLC,
    OF_SOURCE,
    OHLC,
    ON_PRICE,
    call,
    candles,
    declare,
)
from trading_core.indicators.formula import Columns, Series, larger, log, ratio, smaller
from trading_core.indicators.spec import Chart, Family, Params, period

Inputs = tuple[Series, ...]

_HEIKIN_ASHI_FADE = 24
"""Candles after which the first open, halved by every candle, weighs less than 10⁻⁶."""


def _candle(ta: Columns, inputs: Inputs, p: Params) -> Series:
    open_, high, low, close = inputs
    span = high - low
    top, bottom = larger(open_, close), smaller(open_, close)
    return ratio(top - bottom, span), ratio(high - top, span), ratio(bottom - low, span)


def _pivots(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low, close = inputs
    n = p["period"]
    highest = ta.lag(ta.MAX(high, timeperiod=n), count=1)
    lowest = ta.lag(ta.MIN(low, timeperiod=n), count=1)
    pivot = (highest + lowest + ta.lag(close, count=1)) / 3.0
    span = highest - lowest
    return pivot, 2.0 * pivot - lowest, 2.0 * pivot - highest, pivot + span, pivot - span


def _zscore(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    away = source - ta.SMA(source, timeperiod=p["period"])
    return ratio(away, ta.STDDEV(source, timeperiod=p["period"]))


def _log_return(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    growth = ratio(source, ta.lag(source, count=p["period"]))
    return log(growth) * 100.0


INDICATORS = (
    declare(
        "typical_price",
        "Typical price",
        Family.PRICE,
        HLC,
        {},
        call("TYPPRICE"),
        warmup=candles(plus=1),
        memory=None,
        convention="Mean of high, low and close.",
        reference="TA-Lib TYPPRICE",
        chart=ON_PRICE,
    ),
    declare(
        "median_price",
        "Median price",
        Family.PRICE,
        HL,
        {},
        call("MEDPRICE"),
        warmup=candles(plus=1),
        memory=None,
        convention="Mean of high and low.",
        reference="TA-Lib MEDPRICE",
        chart=ON_PRICE,
    ),
    declare(
        "weighted_close",
        "Weighted close",
        Family.PRICE,
        HLC,
        {},
        call("WCLPRICE"),
        warmup=candles(plus=1),
        memory=None,
        convention="Mean of high, low and twice the close.",
        reference="TA-Lib WCLPRICE",
        chart=ON_PRICE,
    ),
    declare(
        "average_price",
        "Average price",
        Family.PRICE,
        OHLC,
        {},
        call("AVGPRICE"),
        warmup=candles(plus=1),
        memory=None,
        convention="Mean of open, high, low and close.",
        reference="TA-Lib AVGPRICE",
        chart=ON_PRICE,
    ),
    declare(
        "highest",
        "Highest",
        Family.PRICE,
        OF_SOURCE,
        {"period": period(20)},
        call("MAX", timeperiod="period"),
        warmup=candles("period"),
        memory=None,
        convention="Highest value of the last candles, this one included.",
        reference="TA-Lib MAX",
        chart=ON_PRICE,
    ),
    declare(
        "lowest",
        "Lowest",
        Family.PRICE,
        OF_SOURCE,
        {"period": period(20)},
        call("MIN", timeperiod="period"),
        warmup=candles("period"),
        memory=None,
        convention="Lowest value of the last candles, this one included.",
        reference="TA-Lib MIN",
        chart=ON_PRICE,
    ),
    declare(
        "heikin_ashi",
        "Heikin-Ashi candle",
        Family.PRICE,
        OHLC,
        {},
        call("HA"),
        outputs=("open", "high", "low", "close"),
        warmup=candles(plus=1),
        memory=candles(plus=_HEIKIN_ASHI_FADE),
        convention="Open is the middle of the body before; the run's first is the middle of its own.",
        reference="Valcu 2004; TA-Lib HA",
        chart=ON_PRICE,
    ),
    declare(
        "candle",
        "Candle shape",
        Family.PRICE,
        OHLC,
        {},
        _candle,
        outputs=("body", "upper_wick", "lower_wick"),
        warmup=candles(plus=1),
        memory=None,
        convention="Shares of body and wicks in the range, 0 to 1; not ready where there is no range.",
        reference="Nison 1991",
        chart=Chart(low=0.0, high=1.0),
    ),
    declare(
        "pivots",
        "Pivot points",
        Family.PRICE,
        HLC,
        {"period": period(24)},
        _pivots,
        outputs=("pivot", "r1", "s1", "r2", "s2"),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Floor pivots of the candles before this one: their high, low and last close.",
        reference="Floor traders' form; TA-Lib MAX, MIN",
        chart=ON_PRICE,
    ),
    declare(
        "zscore",
        "Z-score",
        Family.PRICE,
        OF_SOURCE,
        {"period": period(20)},
        _zscore,
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Distance from the mean of the last candles in population deviations.",
        reference="TA-Lib SMA, STDDEV",
        chart=Chart(guides=(-2.0, 0.0, 2.0)),
    ),
    declare(
        "log_return",
        "Logarithmic return",
        Family.PRICE,
        OF_SOURCE,
        {"period": period(1, low=1)},
        _log_return,
        warmup=candles("period", plus=1),
        memory=None,
        convention="Natural logarithm of the growth since that many candles ago, in percent.",
        reference="TA-Lib LN",
        chart=AROUND_ZERO,
    ),
)
