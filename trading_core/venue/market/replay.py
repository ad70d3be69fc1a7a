"""A market that was: stored candles played again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from trading_core.errors import InvalidInput
from trading_core.market.candle import Candle, Candles
from trading_core.market.files import read_candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, Recorded, RecordedBySymbol
from trading_core.market.recorded_files import beside, files_of, read_recorded
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.simulator.walk import CandleTicks
from trading_core.venue.instruments import derived_instrument, known_instrument
from trading_core.venue.market.source import STEPS, KnownMarket, Ticks, seed_of

_USUAL_ORDER = 0.9
"""Share of minutes whose earlier extreme is the one behind the open (measured: 89 to 94 %)."""


class ReplayMarket(KnownMarket):
    """Candles of one source and category, as read; prices are published exactly as stored."""

    kind = "replay"

    def __init__(
        self,
        series: dict[SeriesKey, Candles],
        *,
        start_ms: int | None = None,
        limit: int | None = None,
        funding_rate_e8: int = 0,
        seed: int = 0,
        recorded: RecordedBySymbol | None = None,
    ) -> None:
        self.seed = seed
        self._funding = funding_rate_e8
        self._recorded = recorded or {}
        first = next(iter(series))
        self.source, self.category = first.source, "linear"
        self.name = f"replay of {', '.join(str(key) for key in series)}"
        self._candles = {key.symbol: candles for key, candles in series.items()}
        self.instruments: Mapping[str, Instrument] = {s: _instrument(s, c) for s, c in self._candles.items()}
        times = np.unique(np.concatenate([c.open_time for c in self._candles.values()]))
        if start_ms is not None:
            times = times[times >= start_ms]
        self._times = times if limit is None else times[:limit]
        if not len(self._times):
            raise InvalidInput("start", "expected a time before the last candle")
        self.start_ms = int(self._times[0])
        self._end_ms = int(self._times[-1]) + 1

    @classmethod
    def read(
        cls,
        files: tuple[Path, ...],
        *,
        start_ms: int | None = None,
        limit: int | None = None,
        funding_rate_e8: int | None = None,
        seed: int = 0,
    ) -> ReplayMarket:
        """The market of some candle files; raise InvalidInput or CandlesInvalid.

        Without a constant ``funding_rate_e8``, the funding and mark prices beside the candles are its own.
        """
        series: dict[SeriesKey, Candles] = {}
        for file in files:
            key, candles = read_candles(file)
            if key.timeframe is not Timeframe.M1:
                raise InvalidInput(file.name, f"expected 1m candles to play, was {key.timeframe}")
            if any((key.source, key.category) != (k.source, k.category) for k in series):
                raise InvalidInput(file.name, "expected one source and category: series never mix")
            if any(key.symbol == k.symbol for k in series):
                raise InvalidInput(file.name, f"expected one file for {key.symbol}")
            series[key] = candles
        return cls(
            series,
            start_ms=start_ms,
            limit=limit,
            funding_rate_e8=funding_rate_e8 or 0,
            seed=seed,
            recorded=_beside(files, series) if funding_rate_e8 is None else None,
        )

    def candle(self, symbol: str, open_ms: int) -> Candle | None:
        """The candle that opens then; None if there is none."""
        candles = self._candles[symbol]
        at = int(np.searchsorted(candles.open_time, open_ms))
        if open_ms >= self._end_ms or at >= len(candles) or int(candles.open_time[at]) != open_ms:
            return None
        return candles[at]

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """Candles that open in [start_ms, end_ms)."""
        return self._candles[symbol].between(start_ms, min(end_ms, self._end_ms))

    def open_from(self, ms: int) -> int | None:
        """The first candle time at or after ``ms``."""
        at = int(np.searchsorted(self._times, ms))
        return int(self._times[at]) if at < len(self._times) else None

    def path(self, symbol: str, open_ms: int) -> Ticks | None:
        """A simulated path: through all four prices, the swings between them are invented."""
        candle = self.candle(symbol, open_ms)
        if candle is None:
            return None
        rng = seed_of(self.seed, symbol, open_ms)
        return _path(CandleTicks.of(candle, self.instruments[symbol]), rng)

    def funding_rate_e8(self, symbol: str, time_ms: int) -> int:
        """The recorded rate, or the configured constant."""
        recorded = self._recorded.get(symbol)
        return self._funding if recorded is None else recorded.rates_e8.get(time_ms, 0)

    def recorded(self, symbol: str) -> Recorded:
        """What stood beside the candles."""
        return self._recorded.get(symbol, NOTHING_RECORDED)


def _beside(files: tuple[Path, ...], series: Iterable[SeriesKey]) -> dict[str, Recorded]:
    keys = list(series)
    market = {"source": keys[0].source, "category": keys[0].category}
    found = files_of(beside(files), **market, symbols={key.symbol for key in keys})
    return {symbol: read_recorded(those) for symbol, those in found.items()}


def _instrument(symbol: str, candles: Candles) -> Instrument:
    return known_instrument(symbol) or derived_instrument(symbol, candles)


def _path(candle: CandleTicks, rng: np.random.Generator) -> Ticks:
    """Straight lines open, one extreme, the other, close; with noise that stays inside the candle."""
    up = candle.close >= candle.open
    extremes = (candle.low, candle.high) if up == (rng.random() < _USUAL_ORDER) else (candle.high, candle.low)
    first, second = sorted(rng.integers(STEPS // 8, STEPS - 1, 2).tolist())
    second = max(second, first + 1)
    knots = [0, first, second, STEPS - 1]
    line = np.interp(np.arange(STEPS), knots, [candle.open, *extremes, candle.close])
    noise = rng.standard_normal(STEPS) * (candle.high - candle.low) * 0.06
    path = np.clip(np.rint(line + noise), candle.low, candle.high).astype(np.int64)
    path[first], path[second], path[-1] = extremes[0], extremes[1], candle.close
    return path
