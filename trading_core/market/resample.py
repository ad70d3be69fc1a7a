"""Higher candles out of base candles."""

from __future__ import annotations

import numpy as np

from trading_core.market.candle import Candles
from trading_core.market.timeframe import Timeframe


def resample(candles: Candles, base: Timeframe, to: Timeframe, *, until_ms: int) -> Candles:
    """Return the candles of timeframe ``to`` that have closed, aligned to the epoch.

    A higher candle exists when its last base candle is there, or when ``until_ms`` (the market
    clock, ms) has reached its close; base candles missing inside it are simply not counted. Pass
    base candles from the start of a higher candle on: a first part cannot be told from a gap.
    Raise ValueError if ``to`` is no whole multiple of ``base``.
    """
    if to.ms % base.ms:
        raise ValueError(f"expected a multiple of {base}, was {to}")
    if to == base or not len(candles):
        return candles
    bucket = candles.open_time // to.ms
    firsts = np.concatenate(([0], np.flatnonzero(bucket[1:] != bucket[:-1]) + 1))
    lasts = np.concatenate((firsts[1:], [len(candles)])) - 1
    open_time = bucket[firsts] * to.ms
    last_close = int(open_time[-1]) + to.ms
    complete = int(candles.open_time[-1]) + base.ms == last_close or until_ms >= last_close
    higher = Candles(
        open_time,
        candles.open[firsts],
        np.maximum.reduceat(candles.high, firsts),
        np.minimum.reduceat(candles.low, firsts),
        candles.close[lasts],
        np.add.reduceat(candles.volume, firsts),
        np.add.reduceat(candles.turnover, firsts),
    )
    return higher if complete else higher.rows(0, len(higher) - 1)
