"""How far prices swing."""

from __future__ import annotations

import numpy as np
import talib
from talib._ta_lib import MA_Type

from trading_core.indicators.smoothing import ema_memory, unit, wilder_memory
from trading_core.indicators.spec import SOURCE, Chart, Family, Indicator, Pane, Params, factor, period
from trading_core.market.candle import Floats

Columns = tuple[Floats, ...]


def _bollinger(inputs: Columns, params: Params) -> Columns:
    scale = unit(inputs[0])
    source = inputs[0] * scale
    wide = float(params["deviations"])
    upper, middle, lower = talib.BBANDS(source, int(params["period"]), wide, wide, MA_Type.SMA)
    span = upper - lower
    percent_b = np.full(len(source), np.nan)
    width = np.full(len(source), np.nan)
    np.divide(source - lower, span, out=percent_b, where=span > 0.0)
    np.divide(span, middle, out=width, where=middle != 0.0)
    return upper / scale, middle / scale, lower / scale, percent_b, width


def _atr(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    return (talib.ATR(high, low, close, int(params["period"])),)


def _atr_pct(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    return (talib.NATR(high, low, close, int(params["period"])),)


def _donchian(inputs: Columns, params: Params) -> Columns:
    high, low = inputs
    length = int(params["period"])
    upper, lower = talib.MAX(high, length), talib.MIN(low, length)
    return upper, (upper + lower) / 2.0, lower


def _keltner(inputs: Columns, params: Params) -> Columns:
    high, low, close = inputs
    middle = talib.EMA(close, int(params["period"]))
    reach = talib.ATR(high, low, close, int(params["atr_period"])) * float(params["multiplier"])
    return middle + reach, middle, middle - reach


def _length(params: Params) -> int:
    return int(params["period"])


def _atr_warmup(params: Params) -> int:
    return int(params["period"]) + 1


def _atr_memory(params: Params) -> int:
    return wilder_memory(params["period"])


INDICATORS = (
    Indicator(
        "bollinger",
        "Bollinger bands",
        Family.VOLATILITY,
        (SOURCE,),
        {"period": period(20), "deviations": factor(2.0, label="Deviations")},
        ("upper", "middle", "lower", "percent_b", "width"),
        _bollinger,
        warmup=_length,
        memory=lambda p: int(p["period"]) - 1,
        convention="Simple average and population deviation; %B is 0 at the lower and 1 at the upper band.",
        reference="Bollinger 1983; TA-Lib BBANDS",
        chart=Chart(Pane.PRICE),
    ),
    Indicator(
        "atr",
        "Average true range",
        Family.VOLATILITY,
        ("high", "low", "close"),
        {"period": period(14, high=200)},
        ("value",),
        _atr,
        warmup=_atr_warmup,
        memory=_atr_memory,
        convention="Wilder's smoothing of the true range, in units of price.",
        reference="Wilder 1978; TA-Lib ATR",
    ),
    Indicator(
        "atr_pct",
        "Average true range in percent",
        Family.VOLATILITY,
        ("high", "low", "close"),
        {"period": period(14, high=200)},
        ("value",),
        _atr_pct,
        warmup=_atr_warmup,
        memory=_atr_memory,
        convention="Wilder's average true range in percent of the close.",
        reference="TA-Lib NATR",
    ),
    Indicator(
        "donchian",
        "Donchian channel",
        Family.VOLATILITY,
        ("high", "low"),
        {"period": period(20)},
        ("upper", "middle", "lower"),
        _donchian,
        warmup=_length,
        memory=None,
        convention="Highest high and lowest low, this candle included.",
        reference="Donchian; TA-Lib MAX, MIN",
        chart=Chart(Pane.PRICE),
    ),
    Indicator(
        "keltner",
        "Keltner channel",
        Family.VOLATILITY,
        ("high", "low", "close"),
        {
            "period": period(20, high=250),
            "atr_period": period(10, label="ATR period", high=200),
            "multiplier": factor(2.0),
        },
        ("upper", "middle", "lower"),
        _keltner,
        warmup=lambda p: max(int(p["period"]), int(p["atr_period"]) + 1),
        memory=lambda p: max(ema_memory(p["period"]), wilder_memory(p["atr_period"])),
        convention="EMA of the close, bands of Wilder's average true range.",
        reference="Raschke's form; TA-Lib EMA, ATR",
        chart=Chart(Pane.PRICE),
    ),
)
