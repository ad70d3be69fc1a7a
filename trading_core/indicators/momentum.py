"""Oscillators."""

from __future__ import annotations

import numpy as np
import talib
from talib._ta_lib import MA_Type

from trading_core.indicators.smoothing import blank, unit, wilder_memory
from trading_core.indicators.spec import SOURCE, Chart, Family, Indicator, Params, period
from trading_core.market.candle import Floats

Columns = tuple[Floats, ...]


def _rsi(inputs: Columns, params: Params) -> Columns:
    source = inputs[0] * unit(inputs[0])
    values = talib.RSI(source, int(params["period"]))
    # TA-Lib says 0 where nothing has moved yet; there is no such ratio.
    moved = source != source[0]
    still = int(moved.argmax()) if moved.any() else len(source)
    values[:still] = np.nan
    return (values,)


def _stochastic(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    length, smooth, signal = int(params["period"]), int(params["smooth"]), int(params["signal"])
    average = MA_Type.SMA
    k, d = talib.STOCH(high, low, close, length, smooth, average, signal, average)
    # TA-Lib says 0 where highest and lowest are one; there is no place between them.
    span = talib.MAX(high, length) - talib.MIN(low, length)
    flat = span == 0.0
    if flat.any():
        used = smooth + signal - 1
        near = np.convolve(flat, np.ones(used))[: len(flat)] > 0
        blank(k, near)
        blank(d, near)
    return k, d


def _cci(inputs: Columns, params: Params) -> Columns:
    scale = unit(inputs[2])
    high, low, close = (column * scale for column in inputs)
    return (talib.CCI(high, low, close, int(params["period"])),)


def _roc(inputs: Columns, params: Params) -> Columns:
    source, back = inputs[0], int(params["period"])
    values = np.full(len(source), np.nan)
    before = source[:-back]
    usable = before != 0.0
    np.divide(source[back:], before, out=values[back:], where=usable)
    return ((values - 1.0) * 100.0,)


def _momentum(inputs: Columns, params: Params) -> Columns:
    return (talib.MOM(inputs[0], int(params["period"])),)


def _williams_r(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    length = int(params["period"])
    flat = talib.MAX(high, length) == talib.MIN(low, length)
    return (blank(talib.WILLR(high, low, close, length), flat),)


def _length(params: Params) -> int:
    return int(params["period"])


def _length_and_one(params: Params) -> int:
    return int(params["period"]) + 1


def _stochastic_length(params: Params) -> int:
    return int(params["period"] + params["smooth"] + params["signal"]) - 2


INDICATORS = (
    Indicator(
        "rsi",
        "Relative strength index",
        Family.MOMENTUM,
        (SOURCE,),
        {"period": period(14, high=200)},
        ("value",),
        _rsi,
        warmup=_length_and_one,
        memory=lambda p: wilder_memory(p["period"]),
        convention="Wilder's smoothing (weight 1/period), seeded with the mean of the run's first changes.",
        reference="Wilder 1978; TA-Lib RSI",
        chart=Chart(low=0.0, high=100.0, guides=(30.0, 70.0)),
    ),
    Indicator(
        "stochastic",
        "Stochastic oscillator",
        Family.MOMENTUM,
        ("high", "low", "close"),
        {
            "period": period(14, high=250),
            "smooth": period(3, label="Smoothing", low=1, high=50),
            "signal": period(3, label="Signal", low=1, high=50),
        },
        ("k", "d"),
        _stochastic,
        warmup=_stochastic_length,
        memory=lambda p: _stochastic_length(p) - 1,
        convention="Slow form: %K smoothed by a simple average, %D a simple average of that.",
        reference="Lane; TA-Lib STOCH",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
    Indicator(
        "cci",
        "Commodity channel index",
        Family.MOMENTUM,
        ("high", "low", "close"),
        {"period": period(20, high=250)},
        ("value",),
        _cci,
        warmup=_length,
        memory=lambda p: int(p["period"]) - 1,
        convention="Typical price from its mean, in units of 0.015 mean deviations.",
        reference="Lambert 1980; TA-Lib CCI",
        chart=Chart(guides=(-100.0, 100.0)),
    ),
    Indicator(
        "roc",
        "Rate of change",
        Family.MOMENTUM,
        (SOURCE,),
        {"period": period(10, low=1)},
        ("value",),
        _roc,
        warmup=_length_and_one,
        memory=None,
        convention="Percent since that many candles ago.",
        reference="TA-Lib ROC",
        chart=Chart(guides=(0.0,)),
    ),
    Indicator(
        "momentum",
        "Momentum",
        Family.MOMENTUM,
        (SOURCE,),
        {"period": period(10, low=1)},
        ("value",),
        _momentum,
        warmup=_length_and_one,
        memory=None,
        convention="Difference to that many candles ago.",
        reference="TA-Lib MOM",
        chart=Chart(guides=(0.0,)),
    ),
    Indicator(
        "williams_r",
        "Williams %R",
        Family.MOMENTUM,
        ("high", "low", "close"),
        {"period": period(14)},
        ("value",),
        _williams_r,
        warmup=_length,
        memory=None,
        convention="Place of the close between highest high (0) and lowest low (-100).",
        reference="Williams; TA-Lib WILLR",
        chart=Chart(low=-100.0, high=0.0, guides=(-80.0, -20.0)),
    ),
)
