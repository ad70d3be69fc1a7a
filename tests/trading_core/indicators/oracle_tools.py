"""The few tools that the oracles share: plain loops and plain windows, nothing of TA-Lib."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trading_core.market.candle import Candles, Floats

Oracle = Callable[..., tuple[Floats, ...]]
"""Candles and the indicator's parameters in, its outputs out, NaN until ready."""

NAN = float("nan")


def roll(x: Floats, n: int, function: Callable[[Floats], float]) -> Floats:
    """A function of every window of n values."""
    made = np.full(len(x), NAN)
    if len(x) >= n:
        made[n - 1 :] = [function(window) for window in sliding_window_view(x, n)]
    return made


def sma(x: Floats, n: int) -> Floats:
    return roll(x, n, np.mean)


def total(x: Floats, n: int) -> Floats:
    return roll(x, n, np.sum)


def top(x: Floats, n: int) -> Floats:
    return roll(x, n, np.max)


def bottom(x: Floats, n: int) -> Floats:
    return roll(x, n, np.min)


def weighted(x: Floats, weights: Floats) -> Floats:
    return roll(x, len(weights), lambda window: float((window * weights).sum() / weights.sum()))


def wma(x: Floats, n: int) -> Floats:
    return weighted(x, np.arange(1.0, n + 1.0))


def triangle(x: Floats, n: int) -> Floats:
    return weighted(x, np.minimum(np.arange(1.0, n + 1.0), np.arange(n, 0.0, -1.0)))


def smoothed(x: Floats, n: int, weight: float) -> Floats:
    """A running average seeded with the mean of the first n numbers."""
    made = np.full(len(x), NAN)
    start = int(np.isfinite(x).argmax())
    value = float(np.mean(x[start : start + n]))
    made[start + n - 1] = value
    for row in range(start + n, len(x)):
        value += weight * (x[row] - value)
        made[row] = value
    return made


def ema(x: Floats, n: int) -> Floats:
    return smoothed(x, n, 2.0 / (n + 1.0))


def rma(x: Floats, n: int) -> Floats:
    return smoothed(x, n, 1.0 / n)


def lag(x: Floats, n: int) -> Floats:
    return np.concatenate((np.full(n, NAN), x[: len(x) - n]))


def change(x: Floats, n: int = 1) -> Floats:
    return x - lag(x, n)


def roc(x: Floats, n: int) -> Floats:
    return (x / lag(x, n) - 1.0) * 100.0


def true_range(c: Candles) -> Floats:
    before = lag(c.close, 1)
    return np.maximum(c.high, before) - np.minimum(c.low, before)


def atr(c: Candles, n: int) -> Floats:
    return rma(true_range(c), n)


def rsi(x: Floats, n: int) -> Floats:
    moves = change(x)
    up, down = rma(np.maximum(moves, 0.0), n), rma(np.maximum(-moves, 0.0), n)
    return 100.0 * up / (up + down)


def line(x: Floats, n: int, at: float) -> Floats:
    """The least-squares line through every window, ``at`` candles after its first."""
    return roll(x, n, lambda window: float(np.polyval(np.polyfit(np.arange(n), window, 1), at)))


def slope(x: Floats, n: int) -> Floats:
    return roll(x, n, lambda window: float(np.polyfit(np.arange(n), window, 1)[0]))


def ranked(x: Floats, n: int) -> Floats:
    """Percent of the n values before that were smaller."""

    def share(window: Floats) -> float:
        smaller = window[:-1] < window[-1]
        return 100.0 * float(smaller.mean()) if np.isfinite(window).all() else NAN

    return roll(x, n + 1, share)


def efficiency(x: Floats, n: int) -> Floats:
    """The change over n candles by the sum of the sizes of theirs, signed."""
    return change(x, n) / total(np.abs(change(x)), n)


def place(c: Candles, n: int) -> Floats:
    """Percent of the range at which the close stands."""
    low = bottom(c.low, n)
    return 100.0 * (c.close - low) / (top(c.high, n) - low)


def flow(c: Candles) -> Floats:
    return (2.0 * c.close - c.high - c.low) / (c.high - c.low) * c.volume


def typical(c: Candles) -> Floats:
    return (c.high + c.low + c.close) / 3.0


def median(c: Candles) -> Floats:
    return (c.high + c.low) / 2.0
