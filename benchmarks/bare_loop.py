"""The limit: one strategy as a bare loop over arrays, floats all the way, without orders, journal or report."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import talib

TARGET, STOP, FEE, WEAK = 0.015, 0.01, 0.00055, 70


@numba.njit(cache=False)
def _trades(
    opens: Any, highs: Any, lows: Any, fast: Any, slow: Any, strength: Any
) -> tuple[int, float]:  # pragma: no cover - machine code
    count, gained, entry, held = 0, 0.0, 0.0, False
    for i in range(1, len(opens)):
        if held:
            if lows[i] <= entry * (1 - STOP):
                held, count, gained = False, count + 1, gained - STOP - 2 * FEE
            elif highs[i] >= entry * (1 + TARGET):
                held, count, gained = False, count + 1, gained + TARGET - 2 * FEE
        elif i > 1 and fast[i - 1] > slow[i - 1] and fast[i - 2] <= slow[i - 2] and strength[i - 1] < WEAK:
            held, entry = True, opens[i]
    return count, gained


def play(candles: Any) -> int:
    """Indicators and loop; the number of trades."""
    close = np.ascontiguousarray(candles.close)
    series = (talib.EMA(close, 9), talib.EMA(close, 21), talib.RSI(close, 14))
    return int(_trades(candles.open, candles.high, candles.low, *series)[0])
