"""A market that is followed: what another venue has told so far, kept in memory.

Nothing here asks anybody; the follower and the journal tell it what they learn.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

import numpy as np

from trading_core.market.candle import Candle, Candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, Recorded
from trading_core.venue.market.source import MINUTE_MS, Ticks

PASSED_ON = (
    "fundingRate", "nextFundingTime", "fundingCap", "fundingIntervalHour", "openInterest", "openInterestValue",
    "turnover24h", "volume24h", "prevPrice24h", "price24hPcnt", "highPrice24h", "lowPrice24h", "prevPrice1h",
)  # fmt: skip
"""Ticker fields told as the upstream tells them."""
_MARKS = ("markPrice", "indexPrice")

_LATE_MAX = 1_440
"""Candles learnt one by one before they join the arrays."""


class UpstreamMarket:
    """The candles, funding rates and ticker fields that were heard of another venue's market."""

    kind = "upstream"
    category = "linear"

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        history: Mapping[str, Candles],
        *,
        source: str,
        name: str,
        start_ms: int,
        seed: int,
    ) -> None:
        self.instruments = instruments
        self.source = source
        self.name = name
        self.start_ms = start_ms
        self.seed = seed
        self._candles = dict(history)
        self._late: dict[str, list[Candle]] = {symbol: [] for symbol in instruments}
        self._rates: dict[str, dict[int, int]] = {symbol: {} for symbol in instruments}
        self._told: dict[str, dict[str, str]] = {symbol: {} for symbol in instruments}
        self._marks: dict[str, dict[str, int]] = {symbol: {} for symbol in instruments}

    def candle(self, symbol: str, open_ms: int) -> Candle | None:
        """The candle that opens then; None if it isn't known, or never was."""
        found = self.candles(symbol, open_ms, open_ms + 1)
        return found[0] if len(found) else None

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """Known candles that open in [start_ms, end_ms)."""
        late = self._late[symbol]
        first, last = (
            bisect_left(late, ms, key=lambda candle: candle.open_time) for ms in (start_ms, end_ms)
        )
        return self._candles[symbol].between(start_ms, end_ms).then(Candles.of(late[first:last]))

    def open_from(self, ms: int) -> int | None:
        """The next full minute: this market has no end."""
        return -(-ms // MINUTE_MS) * MINUTE_MS

    def path(self, _symbol: str, _open_ms: int) -> Ticks | None:
        """None: prices are heard, not made."""
        return None

    def recorded(self, symbol: str) -> Recorded:
        """Nothing: its own figures are asked for."""
        return NOTHING_RECORDED

    def funding_rate_e8(self, symbol: str, time_ms: int) -> int:
        """The rate told for that time; 0 if none was."""
        return self._rates[symbol].get(time_ms, 0)

    def prepare(self, symbol: str, open_ms: int) -> None:
        """Nothing: what is to come isn't known."""

    def close(self, open_ms: int, record: Mapping[str, Any]) -> Mapping[str, Candle]:
        """Keep the candles of a minute and the rates settled at its end."""
        candles = {symbol: Candle(open_ms, *values) for symbol, values in record["candles"].items()}
        for symbol, candle in candles.items():
            self.learn(symbol, candle)
        for symbol, rate_e8 in record["rates"].items():
            self.learn_rate(symbol, open_ms + MINUTE_MS, rate_e8)
        return candles

    def told(self, symbol: str) -> Mapping[str, str]:
        """The newest ticker fields among ``PASSED_ON``."""
        return self._told[symbol]

    def marks(self, symbol: str) -> tuple[int, int] | None:
        """The newest mark and index price, ticks; None before both were told."""
        told = self._marks[symbol]
        return (told["markPrice"], told["indexPrice"]) if len(told) == len(_MARKS) else None

    def learn(self, symbol: str, candle: Candle) -> None:
        """Keep a closed candle; one of a known time is replaced, one before all history forgotten."""
        late, kept = self._late[symbol], self._candles[symbol]
        last = late[-1].open_time if late else int(kept.open_time[-1]) if len(kept) else -1
        if candle.open_time > last:
            late.append(candle)
            if len(late) >= _LATE_MAX:
                self._join(symbol)
            return
        kept = self._join(symbol)
        at = int(np.searchsorted(kept.open_time, candle.open_time))
        known = int(kept.open_time[at]) == candle.open_time
        if at or known:
            after = kept.rows(at + known, len(kept))
            self._candles[symbol] = kept.rows(0, at).then(Candles.of([candle])).then(after)

    def _join(self, symbol: str) -> Candles:
        joined = self._candles[symbol].then(Candles.of(self._late[symbol]))
        self._candles[symbol], self._late[symbol] = joined, []
        return joined

    def learn_rate(self, symbol: str, time_ms: int, rate_e8: int) -> None:
        """Keep the funding rate (10⁻⁸) settled, or to be settled, at a time."""
        self._rates[symbol][time_ms] = rate_e8

    def learn_ticker(self, symbol: str, fields: Mapping[str, object]) -> None:
        """Keep what a ticker, whole or changed fields only, says; raise ValueError for no number."""
        told = self._told[symbol]
        told |= {name: value for name in PASSED_ON if isinstance(value := fields.get(name), str) and value}
        near = self.instruments[symbol].nearest_ticks
        self._marks[symbol] |= {
            name: near(float(value))
            for name in _MARKS
            if isinstance(value := fields.get(name), str) and value
        }
        if "fundingRate" in told and "nextFundingTime" in told:
            rate = round(float(told["fundingRate"]) * 10**8)
            self.learn_rate(symbol, int(told["nextFundingTime"]), rate)
