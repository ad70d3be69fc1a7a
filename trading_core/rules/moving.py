"""Operands over the last candles of another: change, slope, percentile, and the turnover of a day.

Each value depends on the last n rows only, bit for bit, so a window gives what the history gives.
"""

from __future__ import annotations

import numpy as np
import talib

from trading_core.indicators.spec import SOURCE, Family, Indicator, Param, Params
from trading_core.market.candle import Floats
from trading_core.rules.limits import MAX_LOOKBACK

DAY = 1440
"""Base candles in a day."""

_CHUNK = 32_768


def clean(values: Floats) -> Floats:
    """The values with NaN for what is not finite, in place."""
    values[~np.isfinite(values)] = np.nan
    return values


def shifted(values: Floats, by: int) -> Floats:
    """The values ``by`` rows earlier."""
    return sliced(values, -by, len(values))


def sliced(values: Floats, start: int, rows: int) -> Floats:
    """That many rows from ``start`` on, NaN outside."""
    if start >= 0 and start + rows <= len(values):
        return values[start : start + rows]
    part = np.full(rows, np.nan)
    low, high = max(start, 0), min(start + rows, len(values))
    if low < high:
        part[low - start : high - start] = values[low:high]
    return part


def change(now: Floats, then: Floats) -> Floats:
    """Percent from one number to the other; a change from zero is not ready."""
    return clean((now - then) / np.abs(then) * 100.0)


def percentile(values: Floats, n: int) -> Floats:
    """Share in percent of the last n values, this one included, that are at or below this one.

    Equal means equal to the last bit. NaN where one of the n is not ready. Compares row by row, n
    times: up to n = 500 that is faster than a sorted window, and its result is a whole count.
    """
    rows = values.shape[-1]
    shares = np.full(values.shape, np.nan)
    for start in range(n - 1, rows, _CHUNK):
        stop = min(start + _CHUNK, rows)
        now = values[..., start:stop]
        count = np.zeros(now.shape, dtype=np.uint16)
        for back in range(n):
            count += np.less_equal(values[..., start - back : stop - back], now)
        shares[..., start:stop] = count * 100.0 / n
    shares[~_ready(values, n)] = np.nan
    return shares


def _ready(values: Floats, n: int) -> np.ndarray:
    """Where none of the last n values is missing; rows before the first are."""
    rows = np.arange(values.shape[-1])
    missing = np.maximum.accumulate(np.where(np.isnan(values), rows, -1), axis=-1)
    ready: np.ndarray = rows - missing >= n
    return ready


def day_sums(values: Floats, first: int) -> Floats:
    """The sum of the last 1,440 rows at each row; NaN where one is missing.

    ``first`` is the candle number of the first row. Each sum is what was left of one block of 1,440
    candles and what has come of the next, so it depends on no row outside it and none is added twice.
    """
    rows = len(values)
    before = first % DAY
    whole = np.full(-(-(before + rows) // DAY) * DAY, np.nan)
    whole[before : before + rows] = values
    blocks = whole.reshape(-1, DAY)
    come = np.cumsum(blocks, axis=1)
    left = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1]
    sums = np.full_like(blocks, np.nan)
    sums[1:, :-1] = come[1:, :-1] + left[:-1, 1:]
    sums[:, -1] = come[:, -1]
    return np.asarray(sums.reshape(-1)[before : before + rows])


def _run_slope(inputs: tuple[Floats, ...], params: Params) -> tuple[Floats, ...]:
    n = int(params["n"])
    slope = talib.LINEARREG_SLOPE(inputs[0], n)
    # Rounding leaves crumbs where nothing moved: flat is flat.
    slope[talib.MAX(inputs[0], n) == talib.MIN(inputs[0], n)] = 0.0
    return (slope,)


SLOPE = Indicator(
    "slope",
    "Slope",
    Family.TREND,
    (SOURCE,),
    {"n": Param("Candles", 5, 2, MAX_LOOKBACK)},
    ("value",),
    _run_slope,
    warmup=lambda p: int(p["n"]),
    memory=None,
    convention="Slope of the least-squares line through the last candles.",
    reference="TA-Lib LINEARREG_SLOPE",
)
