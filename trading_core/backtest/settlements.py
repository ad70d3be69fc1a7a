"""Recorded funding of a run: what is due, the next minute at which anything is, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trading_core.market.candle import Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import RecordedBySymbol
from trading_core.market.timeframe import MINUTE_MS
from trading_core.plan.state import PlanState
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.settlement import Due, funding_due

_NOTHING = np.empty(0, dtype=np.int64)


class Settlements:
    """The recorded figures of a run's symbols over its minutes."""

    def __init__(self, recorded: RecordedBySymbol, times: Times) -> None:
        self._recorded = recorded
        self.times = frozenset(time_ms for known in recorded.values() for time_ms in known.rates_e8)
        """When anything is settled at all."""
        self._minutes = {
            symbol: np.flatnonzero(
                np.isin(times, np.array(sorted(known.rates_e8), dtype=np.int64) - MINUTE_MS)
            )
            if known.rates_e8
            else _NOTHING
            for symbol, known in recorded.items()
        }
        self._marked = {
            symbol: bool(len(known.mark_open_ms)) and bool(np.isfinite(known.spans(times)[0]).any())
            for symbol, known in recorded.items()
        }

    def due(self, symbol: str, instrument: Instrument, time_ms: int, quotes: Quotes) -> Due | None:
        """What a position in a symbol settles at a time; None if nothing is due."""
        return funding_due(self._recorded[symbol], instrument, time_ms=time_ms, last_ticks=quotes[symbol][0])

    def next(self, plans: Mapping[str, PlanState], minute: int, never: int) -> int:
        """The first minute, from this one on, at whose close a position may settle."""
        found = never
        for symbol, plan in plans.items():
            if not plan.is_flat:
                minutes = self._minutes[symbol]
                place = int(np.searchsorted(minutes, minute))
                found = min(found, int(minutes[place])) if place < len(minutes) else found
        return found

    def funding_told(self) -> str:
        """Which funding was booked, for people."""
        return _told({s: bool(len(m)) for s, m in self._minutes.items()}, "recorded rates", "not booked")

    def judge_told(self) -> str:
        """What liquidations looked at, for people."""
        return _told(self._marked, "recorded mark price", "last price")


def _told(known: Mapping[str, bool], recorded: str, without: str) -> str:
    there = [symbol for symbol, is_there in known.items() if is_there]
    if len(there) == len(known):
        return recorded
    return f"{recorded} of {', '.join(there)}; {without} elsewhere" if there else without
