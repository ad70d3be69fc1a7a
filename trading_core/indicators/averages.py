"""Averages of prices, and lines fitted to them."""

from __future__ import annotations

import math

import numpy as np

from trading_core.indicators.declare import (
    HL,
    OF_SOURCE,
    ON_PRICE,
    call,
    candles,
    declare,
    ema_fade,
    wilder_fade,
)
from trading_core.indicators.formula import Columns, Mended, Series, clear
from trading_core.indicators.spec import Family, Params, factor, period
from trading_core.indicators.stretches import never_zero
from trading_core.market.candle import Floats

Inputs = tuple[Series, ...]

_KAMA_FADE = 2_770
"""Candles after which a start weighs less than 10⁻⁵ at the slowest weight, (2/31)².

It is the weight in a market without direction, where the start, a price, is not far from the average.
"""


def _vwma_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # A running sum keeps crumbs of large volumes gone by: only the volumes tell real zeros.
    return clear(values[0], ta.flat(inputs[1], 0.0, count=p["period"]))


def _alma(ta: Columns, inputs: Inputs, p: Params) -> Series:
    def weights() -> Floats:
        count = int(p["period"])
        away = (np.arange(count) - p["offset"] * (count - 1)) / (count / p["sigma"])
        bell = np.exp(-away * away / 2.0)
        made: Floats = bell / bell.sum()
        return made

    return ta.weighted(inputs[0], weights=weights)


INDICATORS = (
    declare(
        "sma",
        "Simple moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(20)},
        call("SMA", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Arithmetic mean of the last candles.",
        reference="TA-Lib SMA",
        chart=ON_PRICE,
    ),
    declare(
        "ema",
        "Exponential moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(21)},
        call("EMA", timeperiod="period"),
        warmup=candles("period"),
        memory=ema_fade("period"),
        convention="Weight 2/(period+1), seeded with the mean of the run's first candles.",
        reference="TA-Lib EMA",
        chart=ON_PRICE,
    ),
    declare(
        "wma",
        "Weighted moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(20)},
        call("WMA", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Linear weights, the newest candle heaviest.",
        reference="TA-Lib WMA",
        chart=ON_PRICE,
    ),
    declare(
        "dema",
        "Double exponential moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(21, high=250)},
        call("DEMA", timeperiod="period"),
        warmup=candles("period", "period", plus=-1),
        memory=ema_fade("period", "period"),
        convention="2·EMA minus the EMA of the EMA.",
        reference="Mulloy 1994; TA-Lib DEMA",
        chart=ON_PRICE,
    ),
    declare(
        "tema",
        "Triple exponential moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(21, high=160)},
        call("TEMA", timeperiod="period"),
        warmup=candles("period", "period", "period", plus=-2),
        memory=ema_fade("period", "period", "period"),
        convention="3·EMA minus 3·EMA of EMA plus the EMA of that.",
        reference="Mulloy 1994; TA-Lib TEMA",
        chart=ON_PRICE,
    ),
    declare(
        "rma",
        "Wilder's moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14, high=250)},
        call("RMA", timeperiod="period"),
        warmup=candles("period"),
        memory=wilder_fade("period"),
        convention="Weight 1/period, seeded with the mean of the run's first candles.",
        reference="Wilder 1978; TA-Lib RMA",
        chart=ON_PRICE,
    ),
    declare(
        "hma",
        "Hull moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(20, high=250)},
        call("HMA", timeperiod="period"),
        warmup=lambda p: int(p["period"]) + math.isqrt(int(p["period"])) - 1,
        memory=lambda p: int(p["period"]) + math.isqrt(int(p["period"])) - 2,
        convention="WMA over √period of twice the WMA of half the period minus the WMA; both rounded down.",
        reference="Hull 2005; TA-Lib HMA",
        chart=ON_PRICE,
    ),
    declare(
        "kama",
        "Kaufman's adaptive moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(10, high=250)},
        call("KAMA", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=candles("period", plus=_KAMA_FADE),
        convention="Weight between 2/3 and 2/31, by the efficiency ratio, squared; seeded with a price.",
        reference="Kaufman 1995; TA-Lib KAMA",
        chart=ON_PRICE,
    ),
    declare(
        "t3",
        "Tillson's T3",
        Family.TREND,
        OF_SOURCE,
        {"period": period(5, high=100), "volume_factor": factor(0.7, label="Factor", low=0.0, high=1.0)},
        call("T3", timeperiod="period", vfactor="volume_factor"),
        warmup=candles(*("period",) * 6, plus=-5),
        memory=ema_fade(*("period",) * 6),
        convention="Six EMAs in a row, the last four weighted by powers of the factor.",
        reference="Tillson 1998; TA-Lib T3",
        chart=ON_PRICE,
    ),
    declare(
        "trima",
        "Triangular moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(20)},
        call("TRIMA", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Weights that rise to the middle candle and fall again.",
        reference="TA-Lib TRIMA",
        chart=ON_PRICE,
    ),
    declare(
        "zlema",
        "Zero-lag exponential moving average",
        Family.TREND,
        OF_SOURCE,
        {"period": period(21, high=250)},
        call("ZLEMA", timeperiod="period"),
        warmup=lambda p: int(p["period"]) + (int(p["period"]) - 1) // 2,
        memory=lambda p: 8 * int(p["period"]) + (int(p["period"]) - 1) // 2,
        convention="EMA of the price plus its change since (period-1)/2 candles ago.",
        reference="Ehlers, Way 2010; TA-Lib ZLEMA",
        chart=ON_PRICE,
    ),
    declare(
        "vwma",
        "Volume-weighted moving average",
        Family.TREND,
        ("close", "volume"),
        {"period": period(20)},
        Mended(
            (call("VWMA", timeperiod="period"),),
            _vwma_mended,
            sound=never_zero(1, candles("period")),
        ),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Closes of the last candles weighted by volume; not ready where none was traded.",
        reference="TA-Lib VWMA",
        chart=ON_PRICE,
    ),
    declare(
        "alma",
        "Arnaud Legoux moving average",
        Family.TREND,
        OF_SOURCE,
        {
            "period": period(9, high=250),
            "offset": factor(0.85, label="Offset", low=0.0, high=1.0),
            "sigma": factor(6.0, label="Sigma", low=0.5, high=20.0),
        },
        _alma,
        warmup=candles("period"),
        memory=None,
        convention="Weights are a bell of width period/sigma; its top lies at that share of the window.",
        reference="Legoux, Kouzis-Loukas 2009; own code: neither library has it",
        chart=ON_PRICE,
    ),
    declare(
        "linreg",
        "Linear regression",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14)},
        call("LINEARREG", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="End of the least-squares line through the last candles.",
        reference="TA-Lib LINEARREG",
        chart=ON_PRICE,
    ),
    declare(
        "tsf",
        "Time series forecast",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14)},
        call("TSF", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="The least-squares line through the last candles, one candle further.",
        reference="TA-Lib TSF",
        chart=ON_PRICE,
    ),
    declare(
        "midpoint",
        "Midpoint",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14)},
        call("MIDPOINT", timeperiod="period"),
        warmup=candles("period"),
        memory=None,
        convention="Middle between the highest and the lowest value of the last candles.",
        reference="TA-Lib MIDPOINT",
        chart=ON_PRICE,
    ),
    declare(
        "midprice",
        "Midprice",
        Family.TREND,
        HL,
        {"period": period(14)},
        call("MIDPRICE", timeperiod="period"),
        warmup=candles("period"),
        memory=None,
        convention="Middle between the highest high and the lowest low of the last candles.",
        reference="TA-Lib MIDPRICE",
        chart=ON_PRICE,
    ),
)
