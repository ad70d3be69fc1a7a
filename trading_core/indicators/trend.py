"""Which way prices go, and how firmly."""

from __future__ import annotations

from trading_core.indicators.declare import (
    AROUND_ZERO,
    HL,
    HLC,
    OF_SOURCE,
    ON_PRICE,
    PERCENT,
    call,
    candles,
    declare,
    ema_fade,
    wilder_fade,
)
from trading_core.indicators.formula import (
    Columns,
    Mended,
    Series,
    clear,
    nothing,
    number,
    ratio,
    smaller,
)
from trading_core.indicators.smoothing import wilder_memory
from trading_core.indicators.spec import Chart, Family, Params, factor, period
from trading_core.indicators.stretches import never_answered_zero, never_still, never_zero

Inputs = tuple[Series, ...]


def _adx_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    adx, plus, minus = values
    return (
        ta.awake(adx, *inputs, wait=p["period"]),
        ta.awake(plus, *inputs),
        ta.awake(minus, *inputs),
    )


def _adxr_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    n = p["period"]
    return ta.awake(values[0], *inputs, wait=min(2 * n, 3 * n - 3))


def _dx_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return ta.awake(values[0], *inputs)


def _supertrend(ta: Columns, inputs: Inputs, p: Params) -> Series:
    line, direction = ta.SUPERTREND(*inputs, timeperiod=p["period"], multiplier=p["multiplier"])
    return line, number(direction)


def _aroon(ta: Columns, inputs: Inputs, p: Params) -> Series:
    down, up = ta.AROON(*inputs, timeperiod=p["period"])
    return up, down


def _vortex_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    plus, minus = values
    still = nothing(plus, minus)
    return clear(plus, still), clear(minus, still)


def _ichimoku(ta: Columns, inputs: Inputs, p: Params) -> Series:
    ahead = p["kijun"]
    tenkan = ta.MIDPRICE(*inputs, timeperiod=p["tenkan"])
    kijun = ta.MIDPRICE(*inputs, timeperiod=p["kijun"])
    span_b = ta.MIDPRICE(*inputs, timeperiod=p["senkou"])
    return tenkan, kijun, ta.lag((tenkan + kijun) / 2.0, count=ahead), ta.lag(span_b, count=ahead)


def _mass_index_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib counts 1 for a candle before anything has moved.
    return ta.awake(values[0], *inputs, wait=p["slow"] - 1)


def _trix_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return clear(values[0], nothing(values[0], inputs[0]))


def _linreg_slope_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # Rounding leaves crumbs where nothing moved: flat is flat.
    return clear(values[0], ta.flat(inputs[0], count=p["period"]), to=0.0)


def _r_squared(ta: Columns, inputs: Inputs, p: Params) -> Series:
    n = p["period"]
    slope = ta.LINEARREG_SLOPE(inputs[0], timeperiod=n)
    explained = slope * slope * ((n * n - 1) / 12.0)
    return smaller(ratio(explained, ta.VAR(inputs[0], timeperiod=n)), 1.0)


INDICATORS = (
    declare(
        "macd",
        "MACD",
        Family.TREND,
        OF_SOURCE,
        {
            "fast": period(12, label="Fast", high=200),
            "slow": period(26, label="Slow", low=3, high=250),
            "signal": period(9, label="Signal", low=1, high=100),
        },
        call("MACD", fastperiod="fast", slowperiod="slow", signalperiod="signal"),
        outputs=("macd", "signal", "histogram"),
        warmup=candles("slow", "signal", plus=-1),
        memory=ema_fade("slow", "signal"),
        convention="Fast EMA minus slow EMA; the signal is an EMA of that, the histogram their difference.",
        reference="Appel 1979; TA-Lib MACD",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "adx",
        "Average directional index",
        Family.TREND,
        HLC,
        {"period": period(14, high=100)},
        Mended(
            tuple(call(each, timeperiod="period") for each in ("ADX", "PLUS_DI", "MINUS_DI")),
            _adx_mended,
            by_run=1,
        ),
        outputs=("adx", "plus_di", "minus_di"),
        warmup=candles("period", "period"),
        memory=wilder_fade("period", "period"),
        convention="Wilder's smoothing of directional movement and of their index.",
        reference="Wilder 1978; TA-Lib ADX, PLUS_DI, MINUS_DI",
        chart=Chart(low=0.0, high=100.0, guides=(25.0,)),
    ),
    declare(
        "adxr",
        "Average directional index rating",
        Family.TREND,
        HLC,
        {"period": period(14, high=100)},
        Mended((call("ADXR", timeperiod="period"),), _adxr_mended, by_run=1),
        warmup=candles("period", "period", "period", plus=-1),
        memory=wilder_fade("period", "period", "period"),
        convention="Mean of the ADX and the ADX period-1 candles ago.",
        reference="Wilder 1978; TA-Lib ADXR",
        chart=Chart(low=0.0, high=100.0, guides=(25.0,)),
    ),
    declare(
        "dx",
        "Directional index",
        Family.TREND,
        HLC,
        {"period": period(14, high=100)},
        Mended((call("DX", timeperiod="period"),), _dx_mended, by_run=1),
        warmup=candles("period", plus=1),
        memory=wilder_fade("period"),
        convention="Difference of Wilder's directional indicators in percent of their sum, not smoothed again.",
        reference="Wilder 1978; TA-Lib DX",
        chart=PERCENT,
    ),
    declare(
        "supertrend",
        "SuperTrend",
        Family.TREND,
        HLC,
        {"period": period(10, high=100), "multiplier": factor(3.0)},
        _supertrend,
        outputs=("line", "direction"),
        warmup=candles("period", plus=1),
        memory=lambda p: wilder_memory(p["period"]) + 256,
        convention="Bands of multiplier times Wilder's ATR around the median price; direction is 1 or -1.",
        reference="Seban; TA-Lib SUPERTREND",
        chart=ON_PRICE,
    ),
    declare(
        "psar",
        "Parabolic SAR",
        Family.TREND,
        HL,
        {
            "step": factor(0.02, label="Step", low=0.005, high=0.2),
            "limit": factor(0.2, label="Limit", low=0.05, high=1.0),
        },
        call("SAR", acceleration="step", maximum="limit"),
        warmup=candles(plus=2),
        memory=candles(plus=1024),
        convention="Stop and reverse, from wherever the run begins; two runs are one after a common reversal.",
        reference="Wilder 1978; TA-Lib SAR",
        chart=ON_PRICE,
    ),
    declare(
        "aroon",
        "Aroon",
        Family.TREND,
        HL,
        {"period": period(25, high=250)},
        _aroon,
        outputs=("up", "down"),
        warmup=candles("period", plus=1),
        memory=None,
        convention="How recent the highest high and the lowest low are, 100 = this candle.",
        reference="Chande 1995; TA-Lib AROON",
        chart=Chart(low=0.0, high=100.0, guides=(50.0,)),
    ),
    declare(
        "aroon_oscillator",
        "Aroon oscillator",
        Family.TREND,
        HL,
        {"period": period(25, high=250)},
        call("AROONOSC", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Aroon up minus Aroon down.",
        reference="Chande 1995; TA-Lib AROONOSC",
        chart=Chart(low=-100.0, high=100.0, guides=(0.0,)),
    ),
    declare(
        "vortex",
        "Vortex",
        Family.TREND,
        HLC,
        {"period": period(14, high=250)},
        Mended(
            (call("VORTEX", timeperiod="period"),),
            _vortex_mended,
            sound=never_answered_zero(1, candles("period")),
        ),
        outputs=("plus", "minus"),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Sums of high from the low before, and of low from the high before, over that of true ranges.",
        reference="Botes, Siepman 2010; TA-Lib VORTEX",
        chart=Chart(guides=(1.0,)),
    ),
    declare(
        "ichimoku",
        "Ichimoku cloud",
        Family.TREND,
        HL,
        {
            "tenkan": period(9, label="Tenkan", high=200),
            "kijun": period(26, label="Kijun", low=3, high=250),
            "senkou": period(52, label="Senkou B", high=500),
        },
        _ichimoku,
        outputs=("tenkan", "kijun", "span_a", "span_b"),
        warmup=lambda p: int(max(p["tenkan"], p["kijun"], p["senkou"]) + p["kijun"]),
        memory=None,
        convention="Middles of ranges; the spans are those of kijun candles ago, the cloud that stands here now.",
        reference="Hosoda 1969; TA-Lib MIDPRICE",
        chart=ON_PRICE,
        ordered=("tenkan", "kijun"),
    ),
    declare(
        "mass_index",
        "Mass index",
        Family.TREND,
        HL,
        {"fast": period(9, label="EMA period", high=100), "slow": period(25, label="Sum period", high=250)},
        Mended((call("MASSI", fastperiod="fast", slowperiod="slow"),), _mass_index_mended, by_run=1),
        warmup=candles("fast", "fast", "slow", plus=-2),
        memory=lambda p: 16 * int(p["fast"]) + int(p["slow"]),
        convention="Sum of the EMA of the range over the EMA of that EMA.",
        reference="Dorsey 1992; TA-Lib MASSI",
        chart=Chart(guides=(26.5, 27.0)),
    ),
    declare(
        "trix",
        "TRIX",
        Family.TREND,
        OF_SOURCE,
        {"period": period(15, high=160)},
        Mended(
            (call("TRIX", timeperiod="period"),),
            _trix_mended,
            sound=never_zero(0, candles(plus=1)),
        ),
        warmup=candles("period", "period", "period", plus=-1),
        memory=ema_fade("period", "period", "period"),
        convention="Change in percent of an EMA of an EMA of an EMA.",
        reference="Hutson 1983; TA-Lib TRIX",
        chart=AROUND_ZERO,
    ),
    declare(
        "dpo",
        "Detrended price oscillator",
        Family.TREND,
        OF_SOURCE,
        {"period": period(20)},
        call("DPO", timeperiod="period"),
        warmup=lambda p: max(int(p["period"]), int(p["period"]) // 2 + 2),
        memory=lambda p: max(int(p["period"]) - 1, int(p["period"]) // 2 + 1),
        convention="The price period/2+1 candles ago minus the mean of the last candles: nothing from ahead.",
        reference="TA-Lib DPO",
        chart=AROUND_ZERO,
    ),
    declare(
        "linreg_slope",
        "Linear regression slope",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14)},
        Mended(
            (call("LINEARREG_SLOPE", timeperiod="period"),),
            _linreg_slope_mended,
            sound=never_still(0, candles("period")),
        ),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Slope per candle of the least-squares line through the last candles.",
        reference="TA-Lib LINEARREG_SLOPE",
        chart=AROUND_ZERO,
    ),
    declare(
        "r_squared",
        "R squared",
        Family.TREND,
        OF_SOURCE,
        {"period": period(14, low=3)},
        _r_squared,
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Share of the variance that the least-squares line through the last candles explains, 0 to 1.",
        reference="Least squares; TA-Lib LINEARREG_SLOPE, VAR",
        chart=Chart(low=0.0, high=1.0),
    ),
)
