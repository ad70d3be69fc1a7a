"""How the volume of a simulated minute is spread over its trades."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candle
from trading_core.market.instrument import Instrument
from trading_core.simulator.volume import whole_lots
from trading_core.venue.market.source import Ticks

Lots = npt.NDArray[np.int64]


def shares(lots: int, prices: Ticks, rng: np.random.Generator) -> Lots:
    """Lots traded at each price of a path; they add up to ``lots``.

    The last price and both extremes are traded first, so that the candle of the trades is the
    candle of the path as soon as there are three lots. The rest is spread unevenly, by ``rng``.
    """
    shared = np.zeros(len(prices), dtype=np.int64)
    needed = dict.fromkeys((len(prices) - 1, int(prices.argmax()), int(prices.argmin())))
    for at in list(needed)[:lots]:
        shared[at] = 1
    grown = np.cumsum(rng.exponential(size=len(prices)))
    upto = np.floor((lots - int(shared.sum())) * (grown / grown[-1])).astype(np.int64)
    shared += np.diff(upto, prepend=0)
    return shared


def outline(candle: Candle, instrument: Instrument) -> list[tuple[int, int]]:
    """(ticks, lots) of four trades that make up a candle whose inside nobody walked.

    The extreme behind the open comes first, as in 94 % of one-minute candles.
    """
    extremes = (candle.low, candle.high) if candle.close >= candle.open else (candle.high, candle.low)
    prices = [instrument.nearest_ticks(price) for price in (candle.open, *extremes, candle.close)]
    lots, spare = divmod(whole_lots(candle.volume, instrument), len(prices))
    sizes = (lots, lots, lots, lots + spare)
    return [(ticks, size) for ticks, size in zip(prices, sizes, strict=True) if size]
