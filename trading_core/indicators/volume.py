"""What was traded."""

from __future__ import annotations

import numpy as np
import talib

from trading_core.indicators.smoothing import blank
from trading_core.indicators.spec import Chart, Family, Indicator, Pane, Params, period
from trading_core.market.candle import Floats

Columns = tuple[Floats, ...]

_LARGE = 2.0**60


def _volume_sma(inputs: Columns, params: Params) -> Columns:
    return (talib.SMA(inputs[0], int(params["period"])),)


def _vwap(inputs: Columns, params: Params) -> Columns:
    high, low, close, volume = inputs
    length = int(params["period"])
    typical = (high + low + close) / 3.0
    traded = talib.SUM(volume, length)
    values = np.full(len(close), np.nan)
    # A running sum keeps crumbs of large volumes gone by: the largest of the window tells real zeros.
    usable = talib.MAX(volume, length) > 0.0
    np.divide(talib.SUM(typical * volume, length), traded, out=values, where=usable)
    return (values,)


def _mfi(inputs: Columns, params: Params) -> Columns:
    high, low, close, volume = inputs
    length = int(params["period"])
    # TA-Lib says 0 where less than one unit of money flowed; a power of two lifts every real flow above.
    values = talib.MFI(high, low, close, volume * _LARGE, length)
    typical = high + low + close
    flow = np.zeros(len(close))
    flow[1:] = np.where(typical[1:] != typical[:-1], volume[1:], 0.0)
    return (blank(values, talib.MAX(flow, length) == 0.0),)


def _length(params: Params) -> int:
    return int(params["period"])


def _length_before(params: Params) -> int:
    return int(params["period"]) - 1


INDICATORS = (
    Indicator(
        "volume_sma",
        "Average volume",
        Family.VOLUME,
        ("volume",),
        {"period": period(20)},
        ("value",),
        _volume_sma,
        warmup=_length,
        memory=_length_before,
        convention="Arithmetic mean of the volume, base units.",
        reference="TA-Lib SMA",
    ),
    Indicator(
        "vwap",
        "Rolling volume-weighted average price",
        Family.VOLUME,
        ("high", "low", "close", "volume"),
        {"period": period(60)},
        ("value",),
        _vwap,
        warmup=_length,
        memory=_length_before,
        convention="Typical price weighted by volume over the last candles; not reset by the day.",
        reference="Berkowitz 1988",
        chart=Chart(Pane.PRICE),
    ),
    Indicator(
        "mfi",
        "Money flow index",
        Family.VOLUME,
        ("high", "low", "close", "volume"),
        {"period": period(14, high=200)},
        ("value",),
        _mfi,
        warmup=lambda p: int(p["period"]) + 1,
        memory=_length,
        convention="Share of rising typical price's money flow in the last candles.",
        reference="Quong, Soudack 1989; TA-Lib MFI",
        chart=Chart(low=0.0, high=100.0, guides=(20.0, 80.0)),
    ),
)
