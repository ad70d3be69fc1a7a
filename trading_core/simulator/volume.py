"""The volume of the candles being played, and the share of it that one account may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil
from trading_core.simulator.walk import CandleTicks, MarkSpan, Share

ROUNDING = 1e-6
"""Of a lot: a volume that is whole lots but for its binary digits."""


class CandleBar(NamedTuple):
    """A candle as the matching model needs it."""

    ticks: CandleTicks
    volume: float
    """In base coin."""
    mark: MarkSpan | None = None
    """How far the mark price went about then; None: nobody knows, and the last price stands for it."""


@dataclass(slots=True)
class Volumes:
    """The candles being played, shared by all accounts of a market; each has the volume for itself."""

    candles: Mapping[str, CandleBar] = field(default_factory=dict)
    """Empty while nobody plays any: then no fill is bounded."""
    close_ms: int = 0

    def share(self, instrument: Instrument, *, ticks: int, share_ppm: int | None) -> Share | None:
        """The share of a symbol's candle at that price; None if no candle is played, or all may be taken."""
        if share_ppm is None or not self.candles:
            return None
        bar = self.candles.get(instrument.symbol)
        volume = 0.0 if bar is None else bar.volume
        return Share(self.close_ms, share_of(volume, instrument, ticks=ticks, share_ppm=share_ppm))


def whole_lots(volume: float, instrument: Instrument) -> int:
    """The lots of a volume, rounded down: trades never tell more than their candle."""
    return math.floor(volume / float(instrument.qty_step) + ROUNDING)


def share_of(volume: float, instrument: Instrument, *, ticks: int, share_ppm: int) -> int:
    """The lots one account may take of a candle's volume at that price, rounded down.

    At least the smallest order the instrument takes there, if so much was traded: an account whose
    orders cannot be smaller is not kept out of a quiet market.
    """
    traded = whole_lots(volume, instrument)
    num, den = instrument.value_scale
    smallest = max(instrument.min_lots, mul_div_ceil(instrument.min_notional, den, num * ticks))
    return min(traded, max(traded * share_ppm // PPM, smallest))
