"""One day of a synthetic price: a random bridge between two midnights, and the candles read off it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candles, Floats, Times
from trading_core.market.instrument import Instrument
from trading_core.venue.market.source import MINUTE_MS, STEPS, seed_of

MINUTES = 1_440
DAY_MS = MINUTES * MINUTE_MS

Noise = npt.NDArray[np.float32]
Path = npt.NDArray[np.int32]

# Regimes: chance, volatility of a minute's return, drift of a minute as a share of it.
_REGIMES = ((0.40, 0.0005, 0.00), (0.34, 0.0010, 0.10), (0.20, 0.0018, 0.16), (0.06, 0.0032, 0.12))
_REGIME_MINUTES = 38.0
_BOUNDS = np.cumsum([chance for chance, _, _ in _REGIMES])
_COMMON = 0.55
"""Share of each move that all symbols have in common."""


class Span(NamedTuple):
    """A day of a symbol, and the prices at its two ends."""

    seed: int
    symbol: str
    day: int
    first: float
    """Logarithm of the price at the midnight before."""
    last: float
    """And at the one behind."""
    turnover: float
    """Quote units a minute in the second regime."""


def common_noise(seed: int, day: int, moves: int) -> Noise:
    """The moves all symbols share on a day, for those that move so many times a minute."""
    noise = seed_of(seed, "common", day).standard_normal((MINUTES, STEPS), dtype=np.float32)
    if moves == STEPS:
        return noise
    joined: Noise = noise.reshape(MINUTES, moves, -1).sum(axis=2) / np.float32(math.sqrt(STEPS // moves))
    return joined


def times_of(day: int) -> Times:
    """Open times of a day's candles."""
    return np.arange(MINUTES, dtype=np.int64) * MINUTE_MS + day * DAY_MS


def make_day(span: Span, instrument: Instrument, common: Noise, times: Times) -> tuple[Candles, Floats]:
    """(candles, walk): the walk is the logarithm of the price after each move of the day."""
    moves = common.shape[1]
    rng = seed_of(span.seed, span.symbol, span.day)
    sigma, drift = _regimes(rng)
    own = rng.standard_normal((MINUTES, moves), dtype=np.float32)
    noise = math.sqrt(1 - _COMMON**2) * own + _COMMON * common
    steps = noise * (sigma / math.sqrt(moves))[:, None] + (drift / moves)[:, None]
    walk = np.cumsum(steps.ravel(), dtype=np.float64)
    progress = np.arange(1, walk.size + 1) / walk.size
    walk += span.first + (span.last - span.first - walk[-1]) * progress
    return _candles(walk.reshape(MINUTES, moves), span, sigma, rng, instrument, times), walk


def traded(walk: Floats, instrument: Instrument) -> Path:
    """The prices of a walk, in ticks."""
    return np.maximum(1, np.rint(np.exp(walk) / float(instrument.tick_size))).astype(np.int32)


def _regimes(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(volatility, drift) of each minute of a day."""
    sigma, drift = np.empty(MINUTES), np.empty(MINUTES)
    minute = 0
    while minute < MINUTES:
        length = 3 + int(rng.exponential(_REGIME_MINUTES))
        _, volatility, share = _REGIMES[int(_BOUNDS.searchsorted(rng.random(), side="right"))]
        direction = (1, -1)[int(rng.integers(2))]
        sigma[minute : minute + length] = volatility
        drift[minute : minute + length] = direction * share * volatility
        minute += length
    return sigma, drift


def _candles(
    walk: Floats, span: Span, sigma: Floats, rng: np.random.Generator, instrument: Instrument, times: Times
) -> Candles:
    """The candles of a day's walk: a price rises with its logarithm, so extremes are found on the walk."""
    close = traded(walk[:, -1], instrument)
    opened = np.concatenate(([round(math.exp(span.first) / float(instrument.tick_size))], close[:-1]))
    high = np.maximum(opened, traded(walk.max(axis=1), instrument))
    low = np.minimum(opened, traded(walk.min(axis=1), instrument))
    tick, digits = float(instrument.tick_size), _digits(instrument.tick_size)
    first, most, least, last = (np.round(part * tick, digits) for part in (opened, high, low, close))
    volume = _volume(rng, sigma * span.turnover, np.asarray(close * tick), instrument)
    return Candles(times, first, most, least, last, volume, np.round(volume * last, 4))


def _volume(rng: np.random.Generator, turnover: Floats, prices: Floats, instrument: Instrument) -> Floats:
    drawn = turnover / _REGIMES[1][1] * rng.lognormal(0, 0.5, MINUTES)
    lot = float(instrument.qty_step)
    lots = np.maximum(1, np.rint(drawn / prices / lot))
    return np.round(lots * lot, _digits(instrument.qty_step))


def _digits(step: Decimal) -> int:
    """Decimals of a step."""
    return max(0, -int(step.normalize().as_tuple().exponent))
