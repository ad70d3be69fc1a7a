"""Recorded funding and mark prices as the matching model takes them: ticks, spans, what is due when.

Backtest and replay share it, so that both settle and judge by the same figures.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trading_core.market.candle import Floats, Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import Recorded
from trading_core.market.timeframe import MINUTE_MS
from trading_core.simulator.walk import MarkSpan


class Due(NamedTuple):
    """One funding payment to settle."""

    rate_e8: int
    mark_ticks: int


def funding_due(recorded: Recorded, instrument: Instrument, *, time_ms: int, last_ticks: int) -> Due | None:
    """What is settled at a time: at the recorded mark, at the last price where none is known then."""
    if time_ms % (instrument.funding_interval_min * MINUTE_MS):
        return None
    rate = recorded.rates_e8.get(time_ms, 0)
    if not rate:
        return None
    mark = recorded.mark_at(time_ms)
    return Due(rate, last_ticks if mark is None else instrument.nearest_ticks(mark))


def mark_columns(recorded: Recorded, instrument: Instrument, times: Times) -> tuple[Floats, Floats]:
    """The lowest and the highest mark of the minutes that open then, whole ticks; NaN where nobody knows."""
    tick = float(instrument.tick_size)
    low, high = recorded.spans(times)
    return np.rint(low / tick), np.rint(high / tick)


def mark_spans(recorded: Recorded, instrument: Instrument, times: Times) -> list[MarkSpan | None]:
    """How far the mark price went about in the minutes that open then; None where nobody knows."""
    if not len(recorded.mark_open_ms):
        return [None] * len(times)
    low, high = mark_columns(recorded, instrument, times)
    spans = zip(low.tolist(), high.tolist(), strict=True)
    return [None if bottom != bottom else MarkSpan(int(bottom), int(top)) for bottom, top in spans]  # noqa: PLR0124 - NaN


def mark_span(recorded: Recorded, instrument: Instrument, open_ms: int) -> MarkSpan | None:
    """How far the mark price went about in one minute."""
    return mark_spans(recorded, instrument, np.array([open_ms]))[0] if len(recorded.mark_open_ms) else None
