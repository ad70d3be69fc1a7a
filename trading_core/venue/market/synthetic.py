"""A market that exists nowhere: seeded, deterministic, lively, any day computable by itself.

The price at each midnight is a closed formula (slow waves and a hashed nudge); between two
midnights it is a random bridge whose volatility and drift change by regime. Candles are read off
the very path that is traded in mode ``ticks``, so both always agree. Well-known contracts move with
every step of the market, invented ones a few times a minute.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np

from trading_core.market.candle import Candle, Candles, Floats
from trading_core.market.instrument import Instrument
from trading_core.venue.market.days import (
    DAY_MS,
    MINUTES,
    Noise,
    Path,
    Span,
    common_noise,
    make_day,
    times_of,
    traded,
)
from trading_core.venue.market.listing import base_price, is_major, listed_instrument
from trading_core.venue.market.source import MINUTE_MS, STEPS, KnownMarket, Ticks, seed_of

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MINOR_MOVES = 12
"""Moves a minute of an invented contract: what it trades in is thin."""
_WAVES = ((7.3, 0.02), (17.9, 0.04), (41.3, 0.05), (97.7, 0.07))
_NUDGE = 0.012
_ANCHOR_DAY = 20_454
"""2026-01-01: phases are drawn relative to it."""
_TURNOVER, _MINOR_TURNOVER = 1_500_000.0, (5_000.0, 200_000.0)
"""Quote units a minute in the second regime."""
_DAYS_KEPT = 3
"""Days of candles kept for each symbol: this one, the one before, the next one ..."""
_MORE_DAYS_KEPT = 360
"""... and these for whoever asks for older ones, over all symbols."""
_COMMON_KEPT = 6


class SyntheticMarket(KnownMarket):
    """The seeded market of some of the listing's symbols."""

    kind = "synthetic"
    source = "synthetic"
    category = "linear"

    def __init__(
        self,
        symbols: tuple[str, ...],
        *,
        seed: int,
        start_ms: int,
        limit: int | None = None,
        history_days: int = 30,
        funding_rate_e8: int | None = None,
    ) -> None:
        self.seed = seed
        self.name = f"synthetic market, seed {seed}"
        self.start_ms = start_ms - start_ms % MINUTE_MS
        self.end_ms = None if limit is None else self.start_ms + limit * MINUTE_MS
        self.history_ms = self.start_ms - history_days * DAY_MS
        self.instruments: Mapping[str, Instrument] = {s: listed_instrument(s) for s in symbols}
        self._funding = funding_rate_e8
        self._days: Kept[tuple[str, int], Candles] = Kept(_DAYS_KEPT * len(symbols) + _MORE_DAYS_KEPT)
        self._levels: Kept[tuple[str, int], float] = Kept(2 * self._days.most)
        self._commons: Kept[tuple[int, int], Noise] = Kept(_COMMON_KEPT)
        self._paths: dict[str, tuple[int, Path]] = {}
        self._next_paths: dict[str, tuple[int, Path]] = {}
        self._phases: dict[str, Floats] = {}

    def candle(self, symbol: str, open_ms: int) -> Candle | None:
        """The candle that opens then; None outside the market's time."""
        if open_ms % MINUTE_MS or open_ms < self.history_ms or self._is_over(open_ms):
            return None
        day, minute = divmod(open_ms // MINUTE_MS, MINUTES)
        return self._day(symbol, day)[minute]

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """Candles that open in [start_ms, end_ms), back to the first day of history."""
        start = max(start_ms, self.history_ms)
        end = end_ms if self.end_ms is None else min(end_ms, self.end_ms)
        first, last = -(-start // MINUTE_MS), -(-end // MINUTE_MS)
        days = range(first // MINUTES, (last - 1) // MINUTES + 1 if last > first else 0)
        parts = [self._day(symbol, day).between(start, end) for day in days]
        if len(parts) == 1:
            return parts[0]
        columns = zip(*(part.columns() for part in parts), strict=True)
        return Candles.of_columns(map(np.concatenate, columns)) if parts else Candles.of([])

    def open_from(self, ms: int) -> int | None:
        """The next full minute."""
        open_ms = -(-ms // MINUTE_MS) * MINUTE_MS
        return None if self._is_over(open_ms) else open_ms

    def _is_over(self, open_ms: int) -> bool:
        return self.end_ms is not None and open_ms >= self.end_ms

    def path(self, symbol: str, open_ms: int) -> Ticks | None:
        """The traded path of a minute."""
        if self._is_over(open_ms):
            return None
        day, minute = divmod(open_ms // MINUTE_MS, MINUTES)
        kept = self._paths.get(symbol)
        if kept is None or kept[0] != day:
            kept = self._next_paths.pop(symbol, None)
            if kept is None or kept[0] != day:
                kept = (day, traded(self._make(symbol, day)[1], self.instruments[symbol]))
            self._paths[symbol] = kept
        moves = _moves(symbol)
        part = kept[1][minute * moves : (minute + 1) * moves].astype(np.int64)
        return part if moves == STEPS else part.repeat(STEPS // moves)

    def prepare(self, symbol: str, open_ms: int) -> None:
        """Make the day that holds a minute soon to be played, candles and path."""
        day = open_ms // DAY_MS
        known = self._paths.get(symbol), self._next_paths.get(symbol)
        if self._is_over(open_ms) or any(kept is not None and kept[0] == day for kept in known):
            return
        candles, walk = self._make(symbol, day)
        self._days.take((symbol, day), lambda: candles)
        self._next_paths[symbol] = (day, traded(walk, self.instruments[symbol]))

    def funding_rate_e8(self, symbol: str, time_ms: int) -> int:
        """Around 0.01 %, negative about a third of the time."""
        if self._funding is not None:
            return self._funding
        drawn = seed_of(self.seed, symbol, "funding", time_ms).normal(6_000, 12_000)
        return int(max(-75_000, min(75_000, drawn)))

    def _day(self, symbol: str, day: int) -> Candles:
        return self._days.take((symbol, day), lambda: self._make(symbol, day)[0])

    def _make(self, symbol: str, day: int) -> tuple[Candles, Floats]:
        moves = _moves(symbol)
        common = self._commons.take((day, moves), lambda: common_noise(self.seed, day, moves))
        first, last = (self._level(symbol, midnight) for midnight in (day, day + 1))
        span = Span(self.seed, symbol, day, first, last, _turnover(symbol))
        return make_day(span, self.instruments[symbol], common, times_of(day))

    def _level(self, symbol: str, day: int) -> float:
        """Logarithm of the price at a midnight."""
        return self._levels.take((symbol, day), lambda: self._new_level(symbol, day))

    def _new_level(self, symbol: str, day: int) -> float:
        phases = self._phases.get(symbol)
        if phases is None:
            phases = seed_of(self.seed, symbol, "phases").uniform(0, 2 * math.pi, len(_WAVES))
            self._phases[symbol] = phases
        elapsed = day - _ANCHOR_DAY
        waves = sum(
            height * math.sin(2 * math.pi * elapsed / length + float(phase))
            for (length, height), phase in zip(_WAVES, phases, strict=True)
        )
        nudge = seed_of(self.seed, symbol, "midnight", day).normal(0, _NUDGE)
        return math.log(base_price(symbol)) + waves + float(nudge)


def _moves(symbol: str) -> int:
    """Moves a minute."""
    return STEPS if is_major(symbol) else MINOR_MOVES


def _turnover(symbol: str) -> float:
    """Quote units a minute in the second regime: little of an invented contract."""
    if is_major(symbol):
        return _TURNOVER
    low, high = _MINOR_TURNOVER
    return float(low * (high / low) ** seed_of("listing", symbol, "turnover").random())


class Kept(OrderedDict[K, V]):
    """Values that were made, the most recently used ones of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def take(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made now if it isn't kept."""
        if key in self:
            self.move_to_end(key)
            return self[key]
        value = self[key] = make()
        if len(self) > self.most:
            self.popitem(last=False)
        return value
