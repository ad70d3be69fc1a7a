"""Small real things to test with."""

from __future__ import annotations

import numpy as np

from trading_core.market.candle import Candle, Candles
from trading_core.market.timeframe import Timeframe

START_MS = 1_735_689_600_000
"""2025-01-01 00:00 UTC."""


def candles(closes: str, *, start_ms: int = START_MS, timeframe: Timeframe = Timeframe.M1) -> Candles:
    """Candles with these closes; ``-`` leaves a gap. Opens are the closes before, volume is 1."""
    rows: list[Candle] = []
    before: float | None = None
    for i, word in enumerate(closes.split()):
        if word == "-":
            continue
        close = float(word)
        open_ = close if before is None else before
        low, high = min(open_, close), max(open_, close)
        rows.append(Candle(start_ms + i * timeframe.ms, open_, high, low, close, 1.0))
        before = close
    return Candles.of(rows)


def random_walk(
    count: int,
    *,
    seed: int = 1,
    start_ms: int = START_MS,
    timeframe: Timeframe = Timeframe.M1,
    price: float = 100.0,
    gaps: int = 0,
) -> Candles:
    """A seeded walk of ``count`` candles, of which ``gaps`` runs of one to five are missing."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0, 0.002, count)))
    open_ = np.concatenate(([price], close[:-1]))
    spread = np.abs(rng.normal(0, 0.001, (2, count)))
    high = np.maximum(open_, close) * (1 + spread[0])
    low = np.minimum(open_, close) * (1 - spread[1])
    volume = np.round(rng.lognormal(1.0, 1.0, count), 3)
    kept = np.ones(count, dtype=bool)
    for at in rng.integers(0, max(1, count), gaps):
        kept[int(at) : int(at) + int(rng.integers(1, 6))] = False
    time = start_ms + np.arange(count, dtype=np.int64) * timeframe.ms
    whole = Candles(time, open_, high, low, close, volume, volume * close)
    return Candles.of_columns(column[kept] for column in whole.columns())
