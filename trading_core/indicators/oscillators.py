"""Momentum between bounds."""

from __future__ import annotations

from trading_core.indicators.declare import (
    HL,
    HLC,
    OF_SOURCE,
    call,
    candles,
    declare,
    wilder_fade,
)
from trading_core.indicators.formula import (
    SMA,
    Columns,
    Mended,
    Series,
    blank,
    both,
    choose,
    clear,
    either,
    larger,
    log,
    ratio,
    smaller,
)
from trading_core.indicators.smoothing import ema_memory, wilder_memory
from trading_core.indicators.spec import Chart, Family, Params, period
from trading_core.indicators.stretches import Test, holds, never_equal, never_still

Inputs = tuple[Series, ...]

_NEARLY_ONE = 0.999
"""Where Ehlers cuts the normalised price, so that its logarithm stays finite."""


def _rsi_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib says 0 where nothing has moved yet; there is no such ratio.
    return ta.awake(values[0], inputs[0])


_rsi = Mended((call("RSI", timeperiod="period"),), _rsi_mended, by_run=2)


def _stochastic_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    k, d = values
    # TA-Lib says 0 where highest and lowest are one; there is no place between them.
    flat = ta.flat(inputs[0], inputs[1], count=p["period"], wait=p["smooth"] + p["signal"] - 2)
    return clear(k, flat), clear(d, flat)


_stochastic = Mended(
    (
        call(
            "STOCH",
            fastk_period="period",
            slowk_period="smooth",
            slowk_matype=SMA,
            slowd_period="signal",
            slowd_matype=SMA,
        ),
    ),
    _stochastic_mended,
    sound=never_equal(0, 1, candles("period")),
)


def _stochastic_fast_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    k, d = values
    high, low, _ = inputs
    n, signal = p["period"], p["signal"]
    return (
        clear(k, ta.flat(high, low, count=n)),
        clear(d, ta.flat(high, low, count=n, wait=signal - 1)),
    )


def _stoch_rsi(ta: Columns, inputs: Inputs, p: Params) -> Series:
    rsi = ta.awake(ta.RSI(inputs[0], timeperiod=p["period"]), inputs[0])
    k, d = ta.STOCH(
        rsi, rsi, rsi,
        fastk_period=p["window"], slowk_period=p["smooth"], slowk_matype=SMA,
        slowd_period=p["signal"], slowd_matype=SMA,
    )  # fmt: skip
    wait = p["smooth"] + p["signal"] - 2
    # Where the source stands still the RSI does too, but for rounding.
    still = either(
        ta.flat(rsi, count=p["window"], wait=wait), ta.flat(inputs[0], count=p["window"] + 1, wait=wait)
    )
    return clear(k, still), clear(d, still)


def _cci_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    high, low, close = inputs
    return clear(values[0], ta.flat(high + low + close, count=p["period"]))


def _cci_sound(p: Params) -> Test:
    pairs = int(p["period"]) - 1

    def sound(inputs: Inputs, _: Inputs, start: int, stop: int) -> bool:
        high, low, close = [column[start:stop] for column in inputs]
        total = high + low
        total += close
        return not holds(total[1:] == total[:-1], pairs)

    return sound


def _williams_r_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return clear(values[0], ta.flat(inputs[0], inputs[1], count=p["period"]))


def _cmo_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return clear(values[0], ta.flat(inputs[0], count=p["period"] + 1))


def _shortest(p: Params) -> int:
    return int(min(p["short"], p["middle"], p["long"]))


def _ultimate_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib counts a window without any true range as no buying pressure.
    high, low, close = inputs
    shortest = _shortest(p)
    narrow, still = ta.flat(high, low, count=shortest), ta.flat(close, count=shortest + 1)
    return clear(values[0], both(narrow, still))


def _fisher(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low = inputs
    n = p["period"]
    median = (high + low) / 2.0
    lowest = ta.MIN(median, timeperiod=n)
    flat = ta.flat(median, count=n)
    place = choose(flat, 0.0, 2.0 * ratio(median - lowest, ta.MAX(median, timeperiod=n) - lowest) - 1.0)
    smooth = smaller(larger(ta.EMA(place, timeperiod=5), -_NEARLY_ONE), _NEARLY_ONE)
    fisher = ta.EMA(log((1.0 + smooth) / (1.0 - smooth)), timeperiod=3)
    return blank(fisher, flat), ta.lag(fisher, count=1)


def _connors_rsi(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    rsi = _rsi(ta, inputs, p)
    streak = ta.RSI(ta.streak(source), timeperiod=p["streak"])
    rank = ta.PERCENTRANK(ta.ROC(source, timeperiod=1), timeperiod=p["rank"])
    return (rsi + streak + rank) / 3.0


def _smi_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    line, signal = values
    return ta.awake(line, *inputs), ta.awake(signal, *inputs)


_SMI = call("SMI", timeperiod="period", fastperiod="second", slowperiod="first", signalperiod="signal")


def _stochastic_length(p: Params) -> int:
    return int(p["period"] + p["smooth"] + p["signal"]) - 2


INDICATORS = (
    declare(
        "rsi",
        "Relative strength index",
        Family.MOMENTUM,
        OF_SOURCE,
        {"period": period(14, high=200)},
        _rsi,
        warmup=candles("period", plus=1),
        memory=wilder_fade("period"),
        convention="Wilder's smoothing (weight 1/period), seeded with the mean of the run's first changes.",
        reference="Wilder 1978; TA-Lib RSI",
        chart=Chart(low=0.0, high=100.0, guides=(30.0, 70.0)),
    ),
    declare(
        "stochastic",
        "Stochastic oscillator",
        Family.MOMENTUM,
        HLC,
        {
            "period": period(14, high=250),
            "smooth": period(3, label="Smoothing", low=1, high=50),
            "signal": period(3, label="Signal", low=1, high=50),
        },
        _stochastic,
        outputs=("k", "d"),
        warmup=_stochastic_length,
        memory=lambda p: _stochastic_length(p) - 1,
        convention="Slow form: %K smoothed by a simple average, %D a simple average of that.",
        reference="Lane; TA-Lib STOCH",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
    declare(
        "stochastic_fast",
        "Fast stochastic oscillator",
        Family.MOMENTUM,
        HLC,
        {"period": period(14, high=250), "signal": period(3, label="Signal", low=1, high=50)},
        Mended(
            (call("STOCHF", fastk_period="period", fastd_period="signal", fastd_matype=SMA),),
            _stochastic_fast_mended,
            sound=never_equal(0, 1, candles("period")),
        ),
        outputs=("k", "d"),
        warmup=candles("period", "signal", plus=-1),
        memory=candles("period", "signal", plus=-2),
        convention="%K as it is, %D a simple average of it.",
        reference="Lane; TA-Lib STOCHF",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
    declare(
        "stoch_rsi",
        "Stochastic RSI",
        Family.MOMENTUM,
        OF_SOURCE,
        {
            "period": period(14, label="RSI period", high=200),
            "window": period(14, label="Window", high=250),
            "smooth": period(3, label="Smoothing", low=1, high=50),
            "signal": period(3, label="Signal", low=1, high=50),
        },
        _stoch_rsi,
        outputs=("k", "d"),
        warmup=candles("period", "window", "smooth", "signal", plus=-2),
        memory=lambda p: wilder_memory(p["period"]) + int(p["window"] + p["smooth"] + p["signal"]),
        convention="Place of Wilder's RSI in its range of the last candles; smoothed as the slow stochastic.",
        reference="Chande, Kroll 1994; TA-Lib RSI, STOCH",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
    declare(
        "cci",
        "Commodity channel index",
        Family.MOMENTUM,
        HLC,
        {"period": period(20, high=250)},
        Mended((call("CCI", timeperiod="period"),), _cci_mended, sound=_cci_sound),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Typical price from its mean, in units of 0.015 mean deviations.",
        reference="Lambert 1980; TA-Lib CCI",
        chart=Chart(guides=(-100.0, 100.0)),
    ),
    declare(
        "williams_r",
        "Williams %R",
        Family.MOMENTUM,
        HLC,
        {"period": period(14)},
        Mended(
            (call("WILLR", timeperiod="period"),),
            _williams_r_mended,
            sound=never_equal(0, 1, candles("period")),
        ),
        warmup=candles("period"),
        memory=None,
        convention="Place of the close between highest high (0) and lowest low (-100).",
        reference="Williams; TA-Lib WILLR",
        chart=Chart(low=-100.0, high=0.0, guides=(-80.0, -20.0)),
    ),
    declare(
        "cmo",
        "Chande momentum oscillator",
        Family.MOMENTUM,
        OF_SOURCE,
        {"period": period(14, high=250)},
        Mended(
            (call("CMOU", timeperiod="period"),),
            _cmo_mended,
            sound=never_still(0, candles("period", plus=1)),
        ),
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Chande's own form: rises minus falls in percent of both, sums and not averages.",
        reference="Chande 1994; TA-Lib CMOU",
        chart=Chart(low=-100.0, high=100.0, guides=(-50.0, 50.0)),
    ),
    declare(
        "ultimate",
        "Ultimate oscillator",
        Family.MOMENTUM,
        HLC,
        {
            "short": period(7, label="Short", low=1, high=100),
            "middle": period(14, label="Middle", low=1, high=200),
            "long": period(28, label="Long", low=1, high=400),
        },
        Mended(
            (call("ULTOSC", timeperiod1="short", timeperiod2="middle", timeperiod3="long"),),
            _ultimate_mended,
            sound=never_equal(0, 1, _shortest),
        ),
        warmup=lambda p: int(max(p["short"], p["middle"], p["long"])) + 1,
        memory=lambda p: int(max(p["short"], p["middle"], p["long"])),
        convention="Buying pressure over true range; the shortest window counts four times, the next twice.",
        reference="Williams 1985; TA-Lib ULTOSC",
        chart=Chart(low=0.0, high=100.0, guides=(30.0, 70.0)),
    ),
    declare(
        "fisher",
        "Fisher transform",
        Family.MOMENTUM,
        HL,
        {"period": period(10, high=250)},
        _fisher,
        outputs=("fisher", "signal"),
        warmup=candles("period", plus=7),
        memory=lambda p: int(p["period"]) + ema_memory(5 + 3),
        convention="Median price's place in its range, weight 1/3, then its transform, weight 1/2.",
        reference="Ehlers 2002; TA-Lib MAX, MIN, EMA, LN",
        chart=Chart(guides=(-1.5, 0.0, 1.5)),
    ),
    declare(
        "connors_rsi",
        "Connors RSI",
        Family.MOMENTUM,
        OF_SOURCE,
        {
            "period": period(3, high=200),
            "streak": period(2, label="Streak period", high=100),
            "rank": period(100, label="Rank window", high=500),
        },
        _connors_rsi,
        warmup=lambda p: int(max(p["period"], p["streak"], p["rank"] + 1)) + 1,
        memory=lambda p: wilder_memory(max(p["period"], p["streak"])) + int(p["rank"]) + 64,
        convention="Mean of RSI, RSI of the streak, and the share of past changes that were smaller.",
        reference="Connors 2012; TA-Lib RSI, PERCENTRANK",
        chart=Chart(low=0.0, high=100.0, guides=(10.0, 90.0)),
    ),
    declare(
        "smi",
        "Stochastic momentum index",
        Family.MOMENTUM,
        HLC,
        {
            "period": period(13, high=250),
            "first": period(25, label="First smoothing", high=100),
            "second": period(2, label="Second smoothing", high=100),
            "signal": period(9, label="Signal", high=100),
        },
        Mended((_SMI,), _smi_mended, by_run=1),
        outputs=("smi", "signal"),
        warmup=candles("period", "first", "second", "signal", plus=-3),
        memory=lambda p: int(p["period"]) + ema_memory(p["first"] + p["second"] + p["signal"]),
        convention="EMA of EMA of the close from the range's middle, in percent of that of half the range.",
        reference="Blau 1993; TA-Lib SMI",
        chart=Chart(low=-100.0, high=100.0, guides=(-40.0, 40.0)),
    ),
)
