"""Mark and index price of a simulated market, where the last price is all there is.

There is no spot market to ask, so the index is a smoothed last price: half of it and half of the mean
close of the five minutes before. The mark is Bybit's: the median of the last price, of the index with
the funding still to come, and of the index with its mean distance from the last price. Within a minute
both only rise and fall with the last price: so the candles of all three can be told from each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candles, Floats
from trading_core.market.instrument import Instrument
from trading_core.simulator.ledger import Marks
from trading_core.simulator.walk import nearest_ticks
from trading_core.venue.market.source import MINUTE_MS, MarketSource, Ticks
from trading_core.venue.market.upstream import UpstreamMarket

MEAN_MINUTES = 5
LOOK_BACK_MS = 2 * MEAN_MINUTES * MINUTE_MS
"""How much history the prices of a minute depend on."""

_E8 = 10**8
Times = npt.NDArray[np.int64]


class Minute(NamedTuple):
    """What makes mark and index out of the last price in a minute."""

    mean: int | None
    """Mean close of the minutes before, ticks; None: unknown, and the last price is all there is."""
    basis: float
    """Mean distance of those closes from the index, ticks."""
    premium: float
    """Funding rate that is still to come."""

    def prices(self, last: int) -> tuple[int, int]:
        """(mark, index) in ticks at a last price in ticks."""
        if self.mean is None:
            return last, last
        index = (last + self.mean) / 2
        mark = sorted((float(last), index * (1 + self.premium), index + self.basis))[1]
        return max(1, round(mark)), max(1, round(index))


class Minutes(NamedTuple):
    """The same for a run of minutes; where there is no mean, ``known`` is False."""

    mean: Ticks
    basis: Floats
    premium: Floats
    known: npt.NDArray[np.bool_]

    def marks(self, last: Ticks) -> Ticks:
        """Mark prices in ticks, one for each minute."""
        index = (last + self.mean) / 2
        three = np.stack([last.astype(np.float64), index * (1 + self.premium), index + self.basis])
        return self._rounded(np.sort(three, axis=0)[1], last)

    def indexes(self, last: Ticks) -> Ticks:
        """Index prices in ticks, one for each minute."""
        return self._rounded((last + self.mean) / 2, last)

    def _rounded(self, prices: Floats, last: Ticks) -> Ticks:
        return np.where(self.known, np.maximum(1, np.rint(prices).astype(np.int64)), last)


def minutes(source: MarketSource, symbol: str, closed: Candles, opens: Times) -> Minutes:
    """What holds in the minutes that open then, given the candles closed before them."""
    closes = nearest_ticks(closed.close, source.instruments[symbol])
    mean, known = _mean(closed.open_time, closes, opens)
    at_close, was_known = _mean(closed.open_time, closes, closed.open_time)
    twice = np.where(was_known, closes - np.rint(at_close).astype(np.int64), 0)
    distance, _ = _mean(closed.open_time, twice, opens)
    premium = _premium(source, symbol, opens)
    return Minutes(np.rint(mean).astype(np.int64), distance / 2, premium, known)


def minute(source: MarketSource, symbol: str, closed: Candles, open_ms: int) -> Minute:
    """What holds in the minute that opens then."""
    made = minutes(source, symbol, closed, np.array([open_ms], dtype=np.int64))
    mean = int(made.mean[0]) if made.known[0] else None
    return Minute(mean, float(made.basis[0]), float(made.premium[0]))


class LazyMarks(Marks):
    """Mark and index by symbol; what isn't known is derived when somebody asks for it."""

    def __init__(self, derive: Callable[[str], tuple[int, int]]) -> None:
        super().__init__()
        self._derive = derive

    def __missing__(self, symbol: str) -> tuple[int, int]:
        self[symbol] = made = self._derive(symbol)
        return made


class Marker:
    """Mark and index of the symbols of a market, minute by minute."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source
        self._minutes: dict[str, tuple[int, Minute]] = {}

    def at(self, symbol: str, ticks: int, open_ms: int | None) -> tuple[int, int]:
        """(mark, index) in ticks: what an upstream tells, else derived; the last price where time has ended."""
        told = self._source.marks(symbol) if isinstance(self._source, UpstreamMarket) else None
        if told is not None:
            return told
        if open_ms is None:
            return ticks, ticks
        kept = self._minutes.get(symbol)
        if kept is None or kept[0] != open_ms:
            closed = self._source.candles(symbol, open_ms - LOOK_BACK_MS, open_ms)
            kept = (open_ms, minute(self._source, symbol, closed, open_ms))
            self._minutes[symbol] = kept
        return kept[1].prices(ticks)


def _mean(times: Times, values: Ticks, opens: Times) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The mean of the values of the five minutes before each opening, and whether there was one."""
    sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))
    first = np.searchsorted(times, opens - MEAN_MINUTES * MINUTE_MS)
    last = np.searchsorted(times, opens)
    return (sums[last] - sums[first]) / np.maximum(last - first, 1), last > first


def _premium(source: MarketSource, symbol: str, opens: Times) -> Floats:
    interval = source.instruments[symbol].funding_interval_min * MINUTE_MS
    following = (opens // interval + 1) * interval
    ends, nth = np.unique(following, return_inverse=True)
    rates = np.array([source.funding_rate_e8(symbol, int(end)) for end in ends], dtype=np.float64)
    return rates[nth] / _E8 * (following - opens) / interval


def price_candles(source: MarketSource, symbol: str, candles: Candles, before: Candles, kind: str) -> Candles:
    """Candles of the ``mark`` or ``index`` price, given those of the last price and those before them."""
    instrument = source.instruments[symbol]
    made = minutes(source, symbol, before.then(candles), candles.open_time)
    told = made.marks if kind == "mark" else made.indexes
    prices = (candles.open, candles.high, candles.low, candles.close)
    opened, high, low, close = (_priced(told(nearest_ticks(p, instrument)), instrument) for p in prices)
    return Candles(candles.open_time, opened, high, low, close, candles.volume, candles.turnover)


def _priced(ticks: Ticks, instrument: Instrument) -> Floats:
    digits = max(0, -int(instrument.tick_size.normalize().as_tuple().exponent))
    return np.round(ticks * float(instrument.tick_size), digits)
