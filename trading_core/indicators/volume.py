"""What was traded. Running totals depend on their start, so here they are sums over the last candles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trading_core.indicators.declare import (
    AROUND_ZERO,
    HLCV,
    ON_PRICE,
    call,
    candles,
    declare,
    ema_fade,
)
from trading_core.indicators.direct import batch
from trading_core.indicators.formula import (
    EMA,
    Columns,
    Mended,
    Series,
    blank,
    choose,
    clear,
    nothing,
    ratio,
    sign,
)
from trading_core.indicators.memories import idle_after_first
from trading_core.indicators.momentum import FAST_SLOW
from trading_core.indicators.smoothing import ema_memory
from trading_core.indicators.spec import Chart, Family, Params, period
from trading_core.indicators.stretches import Said, Test, holds, never_zero, somewhere

Inputs = tuple[Series, ...]

_EMV_SCALE = 1e8
"""The usual factor that lifts ease of movement to readable numbers."""

_TYPICAL = batch("TYPPRICE")

_EPSILON = 2.0**-52

_PIECE = 8192
"""Rows whose typical prices stay in the processor's cache."""


def _vwap(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low, close, volume = inputs
    n = p["period"]
    typical = (high + low + close) / 3.0
    values = ratio(ta.SUM(typical * volume, timeperiod=n), ta.SUM(volume, timeperiod=n))
    # A running sum keeps crumbs of large volumes gone by: only the volumes tell real zeros.
    return blank(values, ta.flat(volume, 0.0, count=n))


def _mfi_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    high, low, close, volume = inputs
    return clear(values[0], ta.idle(ta.TYPPRICE(high, low, close), volume, count=p["period"]))


def _never_idle(p: Params) -> Test:
    count = int(p["period"])

    def sound(inputs: Inputs, values: Inputs, start: int, stop: int) -> bool:
        inputs = tuple([column[start:stop] for column in inputs])
        if _tells_idleness(inputs, count):
            zero = values[0][start + count : stop] == 0.0
            if not somewhere(zero):
                return True
            if len(zero) > _PIECE:  # few of many
                return not somewhere(_idle_at(inputs, np.flatnonzero(zero) + count))
        pieces = (slice(at, at + _PIECE + count) for at in range(0, stop - start, _PIECE))
        return not any(holds(_idle(tuple([column[piece] for column in inputs])), count) for piece in pieces)

    return sound


def _idle(inputs: Inputs) -> Said:
    """Whether each candle but the first has the typical price of the one before, or no volume."""
    high, low, close, volume = inputs
    return idle_after_first(_TYPICAL(high, low, close), volume)


def _idle_at(inputs: Inputs, rows: npt.NDArray[np.intp]) -> Said:
    """The same of these candles alone."""
    *prices, volume = inputs
    now, before = (_TYPICAL(*[column[at] for column in prices]) for at in (rows, rows - 1))
    said: Said = (now == before) | (volume[rows] == 0.0)
    return said


def _tells_idleness(inputs: Inputs, count: int) -> bool:
    """Whether TA-Lib's answer is certainly 0 where no money flows.

    It says 0 where both sums together are below 1. Without flow they are what rounding has left of all
    that went through them: so the bound is over everything that a run has seen, not over a part of it.
    """
    high, _, _, volume = inputs
    most = high.item(high.argmax()) * volume.item(volume.argmax())
    return bool(2.0 * len(high) * count * most * _EPSILON < 1.0)


def _obv(ta: Columns, inputs: Inputs, p: Params) -> Series:
    close, volume = inputs
    return ta.SUM(sign(ta.MOM(close, timeperiod=1)) * volume, timeperiod=p["period"])


def _money_flow(inputs: Inputs) -> Series:
    """Volume by the close's place in the range, -1 to 1; a candle without a range counts 0."""
    high, low, close, volume = inputs
    place = ratio((close - low) - (high - close), high - low)
    return choose(high == low, 0.0, place) * volume


def _ad(ta: Columns, inputs: Inputs, p: Params) -> Series:
    return ta.SUM(_money_flow(inputs), timeperiod=p["period"])


def _cmf_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return clear(values[0], ta.flat(inputs[3], 0.0, count=p["period"]))


def _ease_of_movement(ta: Columns, inputs: Inputs, p: Params) -> Series:
    high, low, volume = inputs
    moved = ta.MOM((high + low) / 2.0, timeperiod=1) * (high - low)
    ease = choose(volume == 0.0, 0.0, ratio(moved, volume)) * _EMV_SCALE
    without = ta.flat(volume, 0.0, count=p["period"])
    return blank(ta.SMA(ease, timeperiod=p["period"]), without)


def _pvo(ta: Columns, inputs: Inputs, p: Params) -> Series:
    (volume,) = inputs
    line = ta.PVO(volume, fastperiod=p["fast"], slowperiod=p["slow"], matype=EMA)
    signal = ta.EMA(line, timeperiod=p["signal"])
    line = blank(line, nothing(line, volume))
    return line, signal, ta.difference(line, signal)


def _relative_volume_mended(ta: Columns, values: Inputs, inputs: Inputs, p: Params) -> Series:
    return clear(values[0], ta.flat(inputs[0], 0.0, count=p["period"], ago=1))


INDICATORS = (
    declare(
        "volume_sma",
        "Average volume",
        Family.VOLUME,
        ("volume",),
        {"period": period(20)},
        call("SMA", timeperiod="period"),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Arithmetic mean of the volume, base units.",
        reference="TA-Lib SMA",
    ),
    declare(
        "relative_volume",
        "Relative volume",
        Family.VOLUME,
        ("volume",),
        {"period": period(20)},
        Mended(
            (call("RVOL", timeperiod="period"),),
            _relative_volume_mended,
            sound=never_zero(0, candles("period")),
        ),
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Volume over the mean volume of the candles before it.",
        reference="TA-Lib RVOL",
        chart=Chart(guides=(1.0,)),
    ),
    declare(
        "vwap",
        "Rolling volume-weighted average price",
        Family.VOLUME,
        HLCV,
        {"period": period(60)},
        _vwap,
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Typical price weighted by volume over the last candles; not reset by the day.",
        reference="Berkowitz 1988; TA-Lib SUM",
        chart=ON_PRICE,
    ),
    declare(
        "mfi",
        "Money flow index",
        Family.VOLUME,
        HLCV,
        {"period": period(14, high=200)},
        Mended((call("MFI", timeperiod="period"),), _mfi_mended, sound=_never_idle),
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Share of rising typical price's money flow in the last candles.",
        reference="Quong, Soudack 1989; TA-Lib MFI",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
    declare(
        "obv",
        "On-balance volume, rolling",
        Family.VOLUME,
        ("close", "volume"),
        {"period": period(20)},
        _obv,
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Volume of rising minus that of falling closes over the last candles: a window, not a total.",
        reference="Granville 1963; TA-Lib SUM",
        chart=AROUND_ZERO,
    ),
    declare(
        "ad",
        "Accumulation/distribution, rolling",
        Family.VOLUME,
        HLCV,
        {"period": period(20)},
        _ad,
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Sum over the last candles of volume by the close's place in the range: a window, not a total.",
        reference="Chaikin; TA-Lib SUM",
        chart=AROUND_ZERO,
    ),
    declare(
        "adosc",
        "Chaikin oscillator",
        Family.VOLUME,
        HLCV,
        {"fast": period(3, label="Fast", high=100), "slow": period(10, label="Slow", low=3, high=200)},
        call("ADOSC", fastperiod="fast", slowperiod="slow"),
        warmup=candles("slow"),
        memory=ema_fade("slow"),
        convention="Fast EMA minus slow EMA of accumulation/distribution: where that starts cancels out.",
        reference="Chaikin; TA-Lib ADOSC",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
    declare(
        "cmf",
        "Chaikin money flow",
        Family.VOLUME,
        HLCV,
        {"period": period(20)},
        Mended(
            (call("CMF", timeperiod="period"),),
            _cmf_mended,
            sound=never_zero(3, candles("period")),
        ),
        warmup=candles("period"),
        memory=candles("period", plus=-1),
        convention="Volume by the close's place in the range, over all volume; -1 to 1.",
        reference="Chaikin; TA-Lib CMF",
        chart=Chart(low=-1.0, high=1.0, guides=(0.0,)),
    ),
    declare(
        "force_index",
        "Force index",
        Family.VOLUME,
        ("close", "volume"),
        {"period": period(13, high=250)},
        call("EFI", timeperiod="period"),
        warmup=candles("period", plus=1),
        memory=ema_fade("period"),
        convention="EMA of the close's change times the volume.",
        reference="Elder 1993; TA-Lib EFI",
        chart=AROUND_ZERO,
    ),
    declare(
        "ease_of_movement",
        "Ease of movement",
        Family.VOLUME,
        ("high", "low", "volume"),
        {"period": period(14)},
        _ease_of_movement,
        warmup=candles("period", plus=1),
        memory=candles("period"),
        convention="Mean of the median price's change times the range over the volume, times 10⁸.",
        reference="Arms; TA-Lib MOM, SMA",
        chart=AROUND_ZERO,
    ),
    declare(
        "pvo",
        "Percentage volume oscillator",
        Family.VOLUME,
        ("volume",),
        {**FAST_SLOW, "signal": period(9, label="Signal", high=100)},
        _pvo,
        outputs=("pvo", "signal", "histogram"),
        warmup=candles("slow", "signal", plus=-1),
        memory=lambda p: ema_memory(p["slow"] + p["signal"]),
        convention="Fast EMA minus slow EMA of the volume in percent of the slow one; its EMA is the signal.",
        reference="TA-Lib PVO",
        chart=AROUND_ZERO,
        ordered=("fast", "slow"),
    ),
)
