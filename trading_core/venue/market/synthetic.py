"""A market that exists nowhere: seeded, deterministic, lively, any day computable by itself.

The price at each midnight is a closed formula (slow waves and a hashed nudge); between two
midnights it is a random bridge whose volatility and drift change by regime. Candles are read off
the very path that is traded in mode ``ticks``, so both always agree.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.errors import InvalidInput
from trading_core.market.candle import Candle, Candles, Floats
from trading_core.market.instrument import Instrument
from trading_core.venue.instruments import known_instrument
from trading_core.venue.market.source import MINUTE_MS, STEPS, Ticks, seed_of

DAY_MS = 86_400_000
_MINUTES = 1_440

_BASE_PRICES = {
    "BTCUSDT": 104_000.0, "ETHUSDT": 3_450.0, "SOLUSDT": 162.0, "XRPUSDT": 2.35,
    "DOGEUSDT": 0.182, "LTCUSDT": 94.0, "ADAUSDT": 0.72, "TRXUSDT": 0.28,
}  # fmt: skip
_WAVES = ((7.3, 0.02), (17.9, 0.04), (41.3, 0.05), (97.7, 0.07))
_NUDGE = 0.012
_ANCHOR_DAY = 20_454
"""2026-01-01: phases are drawn relative to it."""

# Regimes: chance, volatility of a minute's return, drift of a minute as a share of it.
_REGIMES = ((0.40, 0.0005, 0.00), (0.34, 0.0010, 0.10), (0.20, 0.0018, 0.16), (0.06, 0.0032, 0.12))
_REGIME_MINUTES = 38.0
_COMMON = 0.55
"""Share of each move that all symbols have in common."""
_TURNOVER = 1_500_000.0
"""Quote units a minute in the second regime."""
_DAYS_KEPT = 400


@dataclass(frozen=True, slots=True)
class _Day:
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Floats


class SyntheticMarket:
    """The seeded market of some well-known symbols."""

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
        self.instruments: Mapping[str, Instrument] = {symbol: _instrument(symbol) for symbol in symbols}
        self._funding = funding_rate_e8
        self._days: OrderedDict[tuple[str, int], _Day] = OrderedDict()
        self._paths: dict[str, tuple[int, npt.NDArray[np.int32]]] = {}
        self._common: tuple[int, npt.NDArray[np.float32]] | None = None

    def candle(self, symbol: str, open_ms: int) -> Candle | None:
        """The candle that opens then; None outside the market's time."""
        found = self.candles(symbol, open_ms, open_ms + 1)
        return found[0] if len(found) else None

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """Candles that open in [start_ms, end_ms), back to the first day of history."""
        start = max(start_ms, self.history_ms)
        end = end_ms if self.end_ms is None else min(end_ms, self.end_ms)
        first, last = -(-start // MINUTE_MS), -(-end // MINUTE_MS)
        parts = []
        for day in range(first // _MINUTES, (last - 1) // _MINUTES + 1 if last > first else 0):
            whole = self._candles_of_day(symbol, day)
            parts.append(whole.between(start, end))
        run = Candles.of([])
        for part in parts:
            run = run.then(part)
        return run

    def open_from(self, ms: int) -> int | None:
        """The next full minute."""
        open_ms = -(-ms // MINUTE_MS) * MINUTE_MS
        return None if self.end_ms is not None and open_ms >= self.end_ms else open_ms

    def path(self, symbol: str, open_ms: int) -> Ticks | None:
        """The traded path of a minute."""
        if self.end_ms is not None and open_ms >= self.end_ms:
            return None
        day, minute = divmod(open_ms // MINUTE_MS, _MINUTES)
        kept = self._paths.get(symbol)
        if kept is None or kept[0] != day:
            kept = (day, self._generate(symbol, day)[1].astype(np.int32))
            self._paths[symbol] = kept
        return kept[1][minute * STEPS : (minute + 1) * STEPS].astype(np.int64)

    def funding_rate_e8(self, symbol: str, time_ms: int) -> int:
        """Around 0.01 %, negative about a third of the time."""
        if self._funding is not None:
            return self._funding
        drawn = seed_of(self.seed, symbol, "funding", time_ms).normal(6_000, 12_000)
        return int(max(-75_000, min(75_000, drawn)))

    def _candles_of_day(self, symbol: str, day: int) -> Candles:
        made = self._days.get((symbol, day)) or self._generate(symbol, day)[0]
        tick = float(self.instruments[symbol].tick_size)
        digits = max(0, -int(self.instruments[symbol].tick_size.normalize().as_tuple().exponent))
        times = np.arange(_MINUTES, dtype=np.int64) * MINUTE_MS + day * DAY_MS
        opened, high, low, close = (
            np.round(part * tick, digits) for part in (made.open, made.high, made.low, made.close)
        )
        turnover = np.round(made.volume * close, 4)
        return Candles(times, opened, high, low, close, made.volume, turnover)

    def _generate(self, symbol: str, day: int) -> tuple[_Day, Ticks]:
        instrument = self.instruments[symbol]
        rng = seed_of(self.seed, symbol, day)
        sigma, drift = _regimes(rng)
        own = rng.standard_normal((_MINUTES, STEPS), dtype=np.float32)
        noise = math.sqrt(1 - _COMMON**2) * own + _COMMON * self._common_noise(day)
        steps = noise * (sigma / math.sqrt(STEPS))[:, None] + (drift / STEPS)[:, None]
        walk = np.cumsum(steps.ravel(), dtype=np.float64)
        start, end = self._level(symbol, day), self._level(symbol, day + 1)
        progress = np.arange(1, walk.size + 1) / walk.size
        walk += start + (end - start - walk[-1]) * progress
        tick = float(instrument.tick_size)
        path = np.maximum(1, np.rint(np.exp(walk) / tick)).astype(np.int64)
        made = _candles(
            path,
            round(math.exp(start) / tick),
            _volume(rng, sigma, np.asarray(path * tick, dtype=np.float64), instrument),
        )
        self._keep(symbol, day, made)
        return made, path

    def _common_noise(self, day: int) -> npt.NDArray[np.float32]:
        """The moves all symbols share on a day."""
        if self._common is None or self._common[0] != day:
            noise = seed_of(self.seed, "common", day).standard_normal((_MINUTES, STEPS), dtype=np.float32)
            self._common = (day, noise)
        return self._common[1]

    def _keep(self, symbol: str, day: int, made: _Day) -> None:
        self._days[symbol, day] = made
        while len(self._days) > _DAYS_KEPT * len(self.instruments):
            self._days.popitem(last=False)

    def _level(self, symbol: str, day: int) -> float:
        """Logarithm of the price at a midnight."""
        phases = seed_of(self.seed, symbol, "phases").uniform(0, 2 * math.pi, len(_WAVES))
        elapsed = day - _ANCHOR_DAY
        waves = sum(
            height * math.sin(2 * math.pi * elapsed / length + float(phase))
            for (length, height), phase in zip(_WAVES, phases, strict=True)
        )
        nudge = seed_of(self.seed, symbol, "midnight", day).normal(0, _NUDGE)
        return math.log(_BASE_PRICES[symbol]) + waves + float(nudge)


def _instrument(symbol: str) -> Instrument:
    instrument = known_instrument(symbol)
    if instrument is None or symbol not in _BASE_PRICES:
        known = ", ".join(sorted(_BASE_PRICES))
        raise InvalidInput("symbols", f"expected some of {known}, was {symbol!r}")
    return instrument


def _regimes(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(volatility, drift) of each minute of a day."""
    sigma, drift = np.empty(_MINUTES), np.empty(_MINUTES)
    minute = 0
    chances = [chance for chance, _, _ in _REGIMES]
    while minute < _MINUTES:
        length = 3 + int(rng.exponential(_REGIME_MINUTES))
        _, volatility, share = _REGIMES[int(rng.choice(len(_REGIMES), p=chances))]
        direction = int(rng.choice((1, -1)))
        sigma[minute : minute + length] = volatility
        drift[minute : minute + length] = direction * share * volatility
        minute += length
    return sigma, drift


def _candles(path: Ticks, opened: int, volume: Floats) -> _Day:
    steps = path.reshape(_MINUTES, STEPS)
    close = steps[:, -1]
    opens = np.concatenate(([opened], close[:-1]))
    high = np.maximum(opens, steps.max(axis=1))
    low = np.minimum(opens, steps.min(axis=1))
    return _Day(opens, high, low, close.copy(), volume)


def _volume(rng: np.random.Generator, sigma: Floats, prices: Floats, instrument: Instrument) -> Floats:
    turnover = _TURNOVER * (sigma / _REGIMES[1][1]) * rng.lognormal(0, 0.5, _MINUTES)
    lot = float(instrument.qty_step)
    digits = max(0, -int(instrument.qty_step.normalize().as_tuple().exponent))
    lots = np.maximum(1, np.rint(turnover / prices[STEPS - 1 :: STEPS] / lot))
    return np.round(lots * lot, digits)
