"""What entries draw from the latest candles, for every close of a bot at once: ``plan.recent`` over columns."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trading_core.backtest.compiled.bot import Ticks
from trading_core.backtest.compiled.layout import NONE, Ints
from trading_core.market.candle import Times
from trading_core.market.timeframe import MINUTE_MS
from trading_core.money import PPM
from trading_core.plan.frame import Frame
from trading_core.plan.params import PlanParams
from trading_core.plan.recent import candles_needed
from trading_core.simulator.walk import nearest_ticks


def drawn_of(plan: PlanParams, frame: Frame, times: Times) -> Ticks:
    """(mean true range in ppm, lowest low, highest high) of the candles a plan asks for, by minute of the run.

    The range is NONE where no candle closes, or too few of them stand in a row.
    """
    table = np.full((3, len(times)), NONE, dtype=np.int32)
    candles, count = frame.candles, candles_needed(plan)
    if len(candles) < count:
        return table
    high, low, close = (
        nearest_ticks(prices, frame.instrument) for prices in (candles.high, candles.low, candles.close)
    )
    last = np.arange(count - 1, len(candles))
    in_a_row = (
        candles.open_time[last] - candles.open_time[last - count + 1] == (count - 1) * frame.timeframe.ms
    )
    minutes = np.searchsorted(times, candles.open_time[last] + frame.timeframe.ms - MINUTE_MS)
    there = minutes < len(times)
    there[there] = times[minutes[there]] == candles.open_time[last[there]] + frame.timeframe.ms - MINUTE_MS
    known, rows = there & in_a_row, minutes[there & in_a_row]
    table[0, rows] = _range_ppm(high, low, close, plan.range_candles)[last[known]]
    table[1, rows] = _extreme(low, plan.extreme_candles, np.min)[last[known]]
    table[2, rows] = _extreme(high, plan.extreme_candles, np.max)[last[known]]
    return table


def _range_ppm(high: Ints, low: Ints, close: Ints, candles: int) -> Ints:
    """The mean true range of the candles up to each, in millionths of its close, rounded up."""
    if not candles:
        return np.zeros_like(close)
    before = np.concatenate((close[:1], close[:-1]))
    summed = np.concatenate(([0], np.cumsum(np.maximum(high, before) - np.minimum(low, before))))
    total = np.zeros_like(close)
    total[candles - 1 :] = summed[candles:] - summed[:-candles]
    found: Ints = -(-total * PPM // (candles * close))
    return found


def _extreme(prices: Ints, candles: int, of: object) -> Ints:
    """The extreme of the candles up to each."""
    if not candles:
        return np.zeros_like(prices)
    found = prices.copy()
    found[candles - 1 :] = of(sliding_window_view(prices, candles), axis=1)  # type: ignore[operator]
    return found
