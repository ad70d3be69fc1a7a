"""Averages and what is built on them."""

from __future__ import annotations

import numpy as np
import talib

from trading_core.indicators.smoothing import ema_memory, unit, wilder_memory
from trading_core.indicators.spec import SOURCE, Chart, Family, Indicator, Pane, Params, factor, period
from trading_core.market.candle import Floats

Columns = tuple[Floats, ...]

ON_PRICE = Chart(Pane.PRICE)


def _sma(inputs: Columns, params: Params) -> Columns:
    return (talib.SMA(inputs[0], int(params["period"])),)


def _ema(inputs: Columns, params: Params) -> Columns:
    return (talib.EMA(inputs[0], int(params["period"])),)


def _wma(inputs: Columns, params: Params) -> Columns:
    return (talib.WMA(inputs[0], int(params["period"])),)


def _dema(inputs: Columns, params: Params) -> Columns:
    return (talib.DEMA(inputs[0], int(params["period"])),)


def _tema(inputs: Columns, params: Params) -> Columns:
    return (talib.TEMA(inputs[0], int(params["period"])),)


def _macd(inputs: Columns, params: Params) -> Columns:
    line, signal, histogram = talib.MACD(
        inputs[0], int(params["fast"]), int(params["slow"]), int(params["signal"])
    )
    return line, signal, histogram


def _adx(inputs: Columns, params: Params) -> Columns:
    scale = unit(inputs[2])
    high, low, close = (column * scale for column in inputs)
    length = int(params["period"])
    return (
        talib.ADX(high, low, close, length),
        talib.PLUS_DI(high, low, close, length),
        talib.MINUS_DI(high, low, close, length),
    )


def _supertrend(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    length, multiplier = int(params["period"]), float(params["multiplier"])
    line, direction = talib.SUPERTREND(high, low, close, length, multiplier)
    return line, direction.astype(np.float64)


def _aroon(inputs: Columns, params: Params) -> Columns:
    high, low = inputs
    down, up = talib.AROON(high, low, int(params["period"]))
    return up, down


def _length(params: Params) -> int:
    return int(params["period"])


def _length_before(params: Params) -> int:
    return int(params["period"]) - 1


def _ema_length(params: Params) -> int:
    return ema_memory(params["period"])


INDICATORS = (
    Indicator(
        "sma",
        "Simple moving average",
        Family.TREND,
        (SOURCE,),
        {"period": period(20)},
        ("value",),
        _sma,
        warmup=_length,
        memory=_length_before,
        convention="Arithmetic mean of the last candles.",
        reference="TA-Lib SMA",
        chart=ON_PRICE,
    ),
    Indicator(
        "ema",
        "Exponential moving average",
        Family.TREND,
        (SOURCE,),
        {"period": period(21)},
        ("value",),
        _ema,
        warmup=_length,
        memory=_ema_length,
        convention="Weight 2/(period+1), seeded with the mean of the run's first candles.",
        reference="TA-Lib EMA",
        chart=ON_PRICE,
    ),
    Indicator(
        "wma",
        "Weighted moving average",
        Family.TREND,
        (SOURCE,),
        {"period": period(20)},
        ("value",),
        _wma,
        warmup=_length,
        memory=_length_before,
        convention="Linear weights, the newest candle heaviest.",
        reference="TA-Lib WMA",
        chart=ON_PRICE,
    ),
    Indicator(
        "dema",
        "Double exponential moving average",
        Family.TREND,
        (SOURCE,),
        {"period": period(21, high=250)},
        ("value",),
        _dema,
        warmup=lambda p: 2 * int(p["period"]) - 1,
        memory=lambda p: 2 * ema_memory(p["period"]),
        convention="2·EMA minus the EMA of the EMA.",
        reference="Mulloy 1994; TA-Lib DEMA",
        chart=ON_PRICE,
    ),
    Indicator(
        "tema",
        "Triple exponential moving average",
        Family.TREND,
        (SOURCE,),
        {"period": period(21, high=160)},
        ("value",),
        _tema,
        warmup=lambda p: 3 * int(p["period"]) - 2,
        memory=lambda p: 3 * ema_memory(p["period"]),
        convention="3·EMA minus 3·EMA of EMA plus the EMA of that.",
        reference="Mulloy 1994; TA-Lib TEMA",
        chart=ON_PRICE,
    ),
    Indicator(
        "macd",
        "MACD",
        Family.TREND,
        (SOURCE,),
        {
            "fast": period(12, label="Fast", high=200),
            "slow": period(26, label="Slow", low=3, high=250),
            "signal": period(9, label="Signal", low=1, high=100),
        },
        ("macd", "signal", "histogram"),
        _macd,
        warmup=lambda p: int(p["slow"]) + int(p["signal"]) - 1,
        memory=lambda p: ema_memory(p["slow"] + p["signal"]),
        convention="Fast EMA minus slow EMA; the signal is an EMA of that, the histogram their difference.",
        reference="Appel 1979; TA-Lib MACD",
        chart=Chart(guides=(0.0,)),
        ordered=("fast", "slow"),
    ),
    Indicator(
        "adx",
        "Average directional index",
        Family.TREND,
        ("high", "low", "close"),
        {"period": period(14, high=100)},
        ("adx", "plus_di", "minus_di"),
        _adx,
        warmup=lambda p: 2 * int(p["period"]),
        memory=lambda p: 2 * wilder_memory(p["period"]),
        convention="Wilder's smoothing of directional movement and of their index.",
        reference="Wilder 1978; TA-Lib ADX, PLUS_DI, MINUS_DI",
        chart=Chart(low=0.0, high=100.0, guides=(25.0,)),
    ),
    Indicator(
        "supertrend",
        "SuperTrend",
        Family.TREND,
        ("high", "low", "close"),
        {"period": period(10, high=100), "multiplier": factor(3.0)},
        ("line", "direction"),
        _supertrend,
        warmup=lambda p: int(p["period"]) + 1,
        memory=lambda p: wilder_memory(p["period"]) + 256,
        convention="Bands of multiplier times Wilder's ATR around the median price; direction is 1 or -1.",
        reference="Seban; TA-Lib SUPERTREND",
        chart=ON_PRICE,
    ),
    Indicator(
        "aroon",
        "Aroon",
        Family.TREND,
        ("high", "low"),
        {"period": period(25, high=250)},
        ("up", "down"),
        _aroon,
        warmup=lambda p: int(p["period"]) + 1,
        memory=None,
        convention="How recent the highest high and the lowest low are, 100 = this candle.",
        reference="Chande 1995; TA-Lib AROON",
        chart=Chart(low=0.0, high=100.0, guides=(50.0,)),
    ),
)
