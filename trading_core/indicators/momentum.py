"""How fast prices move, in units of price or in percent."""

from __future__ import annotations

from trading_core.indicators.declare import (
    AROUND_ZERO,
    HL,
    HLC,
    OC,
    OF_SOURCE,
    OHLC,
    call,
    candles,
    declare,
    ema_fade,
)
from trading_core.indicators.formula import EMA, Columns, Mended, Series, blank, choose, clear, nothing, ratio
from trading_core.indicators.spec import Chart, Family, Params, period
from trading_core.indicators.stretches import never_zero

Inputs = tuple[Series, ...]

_KST = ((10, 10), (15, 10), (20, 10), (30, 15))
"""Candles of the rate of change and of its mean, by rising weight."""


def _roc_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib says 0 where that was 0; there is no such ratio.
    return clear(values[0], ta.flat(inputs[0], 0.0, count=1, ago=p["period"]))


def _ppo(ta: Columns, inputs: Inputs, p: Params) -> Series:
    line = ta.PPO(inputs[0], fastperiod=p["fast"], slowperiod=p["slow"], matype=EMA)
    signal = ta.EMA(line, timeperiod=p["signal"])
    line = blank(line, nothing(line, inputs[0]))
    return line, signal, ta.difference(line, signal)


def _apo(ta: Columns, inputs: Inputs, p: Params) -> Series:
    return ta.APO(inputs[0], fastperiod=p["fast"], slowperiod=p["slow"], matype=EMA)


def _tsi_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib says 0 where nothing has moved yet: the signal begins where the line does.
    line = ta.awake(values[0], inputs[0])
    return line, ta.EMA(line, timeperiod=p["signal"])


def _kst(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (source,) = inputs
    means = [
        ta.SMA(ta.ROC(source, timeperiod=back), timeperiod=length) * weight
        for weight, (back, length) in enumerate(_KST, 1)
    ]
    line = means[0] + means[1] + means[2] + means[3]
    return line, ta.SMA(line, timeperiod=p["signal"])


def _bop_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    # TA-Lib says 0 where there is no range, and up to 10⁻¹⁴ of it, which no price's tick is.
    return clear(values[0], inputs[1] == inputs[2])


def _rvgi(ta: Columns, inputs: Inputs, p: Params) -> Series:
    open_, high, low, close = inputs
    n = p["period"]
    reach = ta.TRIMA(high - low, timeperiod=4)
    body = ta.SUM(ta.TRIMA(close - open_, timeperiod=4), timeperiod=n)
    still = ta.flat(high - low, 0.0, count=n + 3)
    line = choose(still, 0.0, ratio(body, ta.SUM(reach, timeperiod=n)))
    without = ta.flat(high - low, 0.0, count=n + 3, wait=3)
    return blank(line, still), blank(ta.TRIMA(line, timeperiod=4), without)


FAST_SLOW = {
    "fast": period(12, label="Fast", high=200),
    "slow": period(26, label="Slow", low=3, high=250),
}

INDICATORS = (
    declare(
        "roc",
        "Rate of change",
        Family.MOMENTUM,
        OF_SOURCE,
        {"period": period(10, low=1)},
        Mended(
            (call("ROC", timeperiod="period"),),
            _roc_mended,
            sound=never_zero(0, candles(plus=1)),
        ),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Percent since that many candles ago.",
        reference="TA-Lib ROC, which says 0 where that was 0",
        chart=AROUND_ZERO,
    ),
    declare(
        "momentum",
        "Momentum",
        Family.MOMENTUM,
        OF_SOURCE,
        {"period": period(10, low=1)},
        call("MOM", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=None,
        convention="Difference to that many candles ago.",
        reference="TA-Lib MOM",
        chart=AROUND_ZERO,
    ),
    declare(
        "ppo",
        "Percentage price oscillator",
        Family.MOMENTUM,
        OF_SOURCE,
        {**FAST_SLOW, "signal": period(9, label="Signal", high=100)},
        _ppo,
        outputs=("ppo", "signal", "histogram"),
        warmup=candles("slow", "signal", plus=-1),
        memory=ema_fade("slow", "signal"),
        convention="Fast EMA minus slow EMA in percent of the slow one; the signal is an EMA of that.",
        reference="Appel; TA-Lib PPO",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "apo",
        "Absolute price oscillator",
        Family.MOMENTUM,
        OF_SOURCE,
        FAST_SLOW,
        _apo,
        warmup=candles("slow"),
        memory=ema_fade("slow"),
        convention="Fast EMA minus slow EMA, each seeded at its own first candles.",
        reference="TA-Lib APO",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "tsi",
        "True strength index",
        Family.MOMENTUM,
        OF_SOURCE,
        {
            "fast": period(13, label="Fast", high=100),
            "slow": period(25, label="Slow", low=3, high=200),
            "signal": period(13, label="Signal", high=100),
        },
        Mended(
            (
                call("TSI", firstperiod="slow", secondperiod="fast"),
                call("EMA", of=0, timeperiod="signal"),
            ),
            _tsi_mended,
            by_run=4,
        ),
        outputs=("tsi", "signal"),
        warmup=candles("fast", "slow", "signal", plus=-1),
        memory=ema_fade("fast", "slow", "signal"),
        convention="EMA of EMA of changes in percent of that of their sizes; the signal is an EMA of it.",
        reference="Blau 1991; TA-Lib TSI",
        chart=Chart(low=-100.0, high=100.0, guides=(-25.0, 0.0, 25.0)),
        ordered=("fast", "slow"),
    ),
    declare(
        "awesome",
        "Awesome oscillator",
        Family.MOMENTUM,
        HL,
        {"fast": period(5, label="Fast", high=200), "slow": period(34, label="Slow", low=3, high=250)},
        call("AO", fastperiod="fast", slowperiod="slow"),
        warmup=candles("slow"),
        memory=candles("slow", plus=-1),
        convention="Difference of two simple averages of the median price.",
        reference="Williams 1995; TA-Lib AO",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "accelerator",
        "Accelerator oscillator",
        Family.MOMENTUM,
        HL,
        {
            "fast": period(5, label="Fast", high=200),
            "slow": period(34, label="Slow", low=3, high=250),
            "signal": period(5, label="Signal", high=100),
        },
        call("AC", fastperiod="fast", slowperiod="slow", signalperiod="signal"),
        warmup=candles("slow", "signal", plus=-1),
        memory=candles("slow", "signal", plus=-2),
        convention="Awesome oscillator minus its simple average.",
        reference="Williams 1995; TA-Lib AC",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "kst",
        "Know sure thing",
        Family.MOMENTUM,
        OF_SOURCE,
        {"signal": period(9, label="Signal", low=1, high=100)},
        _kst,
        outputs=("kst", "signal"),
        warmup=candles("signal", plus=44),
        memory=candles("signal", plus=43),
        convention="Means (10, 10, 10, 15) of rates of change (10, 15, 20, 30), weighted 1 to 4.",
        reference="Pring 1992; TA-Lib ROC, SMA",
        chart=AROUND_ZERO,
    ),
    declare(
        "coppock",
        "Coppock curve",
        Family.MOMENTUM,
        OF_SOURCE,
        {
            "period": period(10, high=200),
            "fast": period(11, label="Fast change", low=1, high=200),
            "slow": period(14, label="Slow change", high=250),
        },
        call("COPPOCK", wmaperiod="period", roc1period="fast", roc2period="slow"),
        warmup=candles("period", "slow"),
        memory=candles("period", "slow", plus=-1),
        convention="WMA of the sum of two rates of change.",
        reference="Coppock 1962; TA-Lib COPPOCK",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "bop",
        "Balance of power",
        Family.MOMENTUM,
        OHLC,
        {},
        Mended((call("BOP"),), _bop_mended),
        warmup=candles(plus=1),
        memory=None,
        convention="Close minus open over high minus low, not smoothed; not ready where there is no range.",
        reference="Livshin 2001; TA-Lib BOP, which says 0 there",
        chart=Chart(low=-1.0, high=1.0, guides=(0.0,)),
    ),
    declare(
        "elder_ray",
        "Elder ray",
        Family.MOMENTUM,
        HLC,
        {"period": period(13, high=250)},
        call("ERI", timeperiod="period"),
        outputs=("bull", "bear"),
        warmup=candles("period"),
        memory=ema_fade("period"),
        convention="High and low minus the EMA of the close.",
        reference="Elder 1993; TA-Lib ERI",
        chart=AROUND_ZERO,
    ),
    declare(
        "qstick",
        "QStick",
        Family.MOMENTUM,
        OC,
        {"period": period(10, high=250)},
        call("QSTICK", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Mean of close minus open.",
        reference="Chande 1994; TA-Lib QSTICK",
        chart=AROUND_ZERO,
    ),
    declare(
        "rvgi",
        "Relative vigor index",
        Family.MOMENTUM,
        OHLC,
        {"period": period(10, high=250)},
        _rvgi,
        outputs=("rvgi", "signal"),
        warmup=candles("period", plus=6),
        memory=candles("period", plus=5),
        convention="Sum of close minus open over that of the range, weights 1 2 2 1; so the signal.",
        reference="Ehlers 2002; TA-Lib TRIMA, SUM",
        chart=AROUND_ZERO,
    ),
)
