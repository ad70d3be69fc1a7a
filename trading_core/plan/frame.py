"""From stored candles to the integers that plans draw distances from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading_core.market.candle import Candles, Floats
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.plan.recent import Recent


@dataclass(frozen=True, slots=True)
class Frame:
    """Closed candles of one timeframe, rising in time."""

    timeframe: Timeframe
    instrument: Instrument
    candles: Candles


def recent_of(frame: Frame, close_ms: int, count: int) -> Recent | None:
    """The last candles up to a close; None if that many don't stand there in a row."""
    candles, step = frame.candles, frame.timeframe.ms
    end = int(np.searchsorted(candles.open_time, close_ms - step, side="right"))
    rows = slice(end - count, end)
    if end < count or int(candles.open_time[end - count]) != close_ms - count * step:
        return None
    return Recent(
        *(_ticks(column[rows], frame.instrument) for column in (candles.high, candles.low, candles.close))
    )


def _ticks(prices: Floats, instrument: Instrument) -> tuple[int, ...]:
    return tuple(instrument.nearest_ticks(float(price)) for price in prices)
