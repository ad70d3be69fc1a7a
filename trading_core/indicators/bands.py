"""Bands and channels around prices."""

from __future__ import annotations

from trading_core.indicators.declare import (
    HL,
    HLC,
    OF_SOURCE,
    ON_PRICE,
    PERCENT,
    call,
    candles,
    declare,
)
from trading_core.indicators.formula import SMA, Columns, Series, blank, choose, ratio
from trading_core.indicators.smoothing import ema_memory, wilder_memory
from trading_core.indicators.spec import Family, Params, factor, period

Inputs = tuple[Series, ...]

BANDS = ("upper", "middle", "lower")


def _bollinger(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    wide = p["deviations"]
    upper, middle, lower = ta.BBANDS(source, timeperiod=p["period"], nbdevup=wide, nbdevdn=wide, matype=SMA)
    span = upper - lower
    return upper, middle, lower, ratio(source - lower, span), ratio(span, middle)


def _bandwidth_percentile(ta: Columns, inputs: Inputs, p: Params) -> Series:
    upper, middle, lower = ta.BBANDS(inputs[0], timeperiod=p["period"], nbdevup=1.0, nbdevdn=1.0, matype=SMA)
    nothing = middle == 0.0
    width = choose(nothing, 0.0, ratio(upper - lower, middle))
    return blank(ta.PERCENTRANK(width, timeperiod=p["window"]), nothing)


def _donchian(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low = inputs
    upper, lower = ta.MAX(high, timeperiod=p["period"]), ta.MIN(low, timeperiod=p["period"])
    return upper, (upper + lower) / 2.0, lower


def _keltner(ta: Columns, inputs: Inputs, p: Params) -> Series:
    reach = ta.ATR(*inputs, timeperiod=p["atr_period"])
    middle = ta.EMA(inputs[2], timeperiod=p["period"])
    reach *= p["multiplier"]
    lower = ta.difference(middle, reach)
    reach += middle
    return reach, middle, lower


def _chandelier(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low, _ = inputs
    n = p["period"]
    reach = ta.ATR(*inputs, timeperiod=n) * p["multiplier"]
    return ta.MAX(high, timeperiod=n) - reach, ta.MIN(low, timeperiod=n) + reach


INDICATORS = (
    declare(
        "bollinger",
        "Bollinger bands",
        Family.VOLATILITY,
        OF_SOURCE,
        {"period": period(20), "deviations": factor(2.0, label="Deviations")},
        _bollinger,
        outputs=(*BANDS, "percent_b", "width"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Simple average and population deviation; %B is 0 at the lower and 1 at the upper band.",
        reference="Bollinger 1983; TA-Lib BBANDS",
        chart=ON_PRICE,
    ),
    declare(
        "bandwidth_percentile",
        "Bollinger band width percentile",
        Family.VOLATILITY,
        OF_SOURCE,
        {"period": period(20, high=250), "window": period(252, label="Window", high=1000)},
        _bandwidth_percentile,
        warmup=candles("period", "window"),
        memory=candles("period", "window", plus=-1),
        convention="Percent of the band widths of the window's candles before that were smaller.",
        reference="TA-Lib BBANDS, PERCENTRANK",
        chart=PERCENT,
    ),
    declare(
        "donchian",
        "Donchian channel",
        Family.VOLATILITY,
        HL,
        {"period": period(20)},
        _donchian,
        outputs=BANDS,
        warmup=candles("period"),
        memory=None,
        convention="Highest high and lowest low, this candle included.",
        reference="Donchian; TA-Lib MAX, MIN",
        chart=ON_PRICE,
    ),
    declare(
        "keltner",
        "Keltner channel",
        Family.VOLATILITY,
        HLC,
        {
            "period": period(20, high=250),
            "atr_period": period(10, label="ATR period", high=200),
            "multiplier": factor(2.0),
        },
        _keltner,
        outputs=BANDS,
        warmup=lambda p: max(int(p["period"]), int(p["atr_period"]) + 1),
        memory=lambda p: max(ema_memory(p["period"]), wilder_memory(p["atr_period"])),
        convention="EMA of the close, bands of Wilder's average true range.",
        reference="Raschke's form; TA-Lib EMA, ATR",
        chart=ON_PRICE,
    ),
    declare(
        "acceleration_bands",
        "Acceleration bands",
        Family.VOLATILITY,
        HLC,
        {"period": period(20)},
        call("ACCBANDS", timeperiod="period"),
        outputs=BANDS,
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Means of high and low widened by four times the candle's range over high plus low.",
        reference="Headley; TA-Lib ACCBANDS",
        chart=ON_PRICE,
    ),
    declare(
        "chandelier",
        "Chandelier exit",
        Family.VOLATILITY,
        HLC,
        {"period": period(22, high=200), "multiplier": factor(3.0)},
        _chandelier,
        outputs=("long", "short"),
        warmup=candles("period", plus=1),
        memory=lambda p: wilder_memory(p["period"]),
        convention="Highest high minus, and lowest low plus, multiplier times Wilder's average true range.",
        reference="LeBeau; TA-Lib MAX, MIN, ATR",
        chart=ON_PRICE,
    ),
)
