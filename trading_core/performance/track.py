"""A track record: everything the figures of an account are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from trading_core.market.instrument import Instrument
from trading_core.performance.columns import Equity, Executions, Integers
from trading_core.performance.ledger import FundingRecord

MINUTE_MS = 60_000


class Minutes(NamedTuple):
    """What the market did with one symbol: the minutes that have a candle, rising; prices in ticks."""

    open_ms: Integers
    open: Integers
    high: Integers
    low: Integers
    close: Integers

    def closes_at(self, times: Integers) -> Integers:
        """The last close at or before each time, rising; before the first candle, that one's."""
        if self._are_closed_at(times):
            return self.close
        place = np.searchsorted(self.open_ms, times - MINUTE_MS, side="right") - 1
        return self.close[np.maximum(place, 0)]

    def _are_closed_at(self, times: Integers) -> bool:
        """Whether these are the closes of unbroken minutes, and all of them."""
        if len(times) != len(self.open_ms) or not len(times):
            return False
        first, last = int(self.open_ms[0]), int(self.open_ms[-1])
        unbroken = last - first == (len(times) - 1) * MINUTE_MS
        return unbroken and (int(times[0]), int(times[-1])) == (first + MINUTE_MS, last + MINUTE_MS)


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """One account over a span of time, whoever kept the books: a backtest, paper or live."""

    instruments: Mapping[str, Instrument]
    start_ms: int
    end_ms: int
    start: int
    """Balance at the start, money units."""
    wallet: int
    """Balance at the end, money units."""
    executions: Executions
    equity: Equity
    fundings: Sequence[FundingRecord] = ()
    minutes: Mapping[str, Minutes] = field(default_factory=dict)
    """By symbol; where there are none, what needs them has no figure."""
    traded: Sequence[str] = ()
    """Symbols the account may trade."""
    stops: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Stop attached to the entry, ticks, by (symbol, trade)."""
    touched: int | None = None
    """Minutes, symbol by symbol, that reached an order or a stop; None: nobody counted."""
    ambiguous: int | None = None
    """Those of them that reached one on both sides of their open."""


def money_of(tick_lots: Integers, instrument: Instrument) -> Integers:
    """Money units of Σ ticks·lots, rounded down."""
    numerator, denominator = instrument.value_scale
    if denominator == 1:
        return tick_lots * numerator
    exact = [instrument.notional_floor(int(each)) for each in tick_lots]
    return np.array(exact, dtype=np.int64)
