"""Drawdowns of mark-to-market equity: the deepest, the longest, the one that is on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trading_core.performance.columns import Integers
from trading_core.performance.curve import Curve

EPISODES = 5

_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Drawdown:
    """From a peak down and back up to it."""

    peak_ms: int
    trough_ms: int
    """Time of the largest relative fall."""
    recovered_ms: int | None
    """When equity was back at the peak; None: it isn't yet."""
    end_ms: int
    """``recovered_ms``, or the end of the run."""
    peak: int
    """Money units."""
    trough: int

    @property
    def fall(self) -> int:
        """Money units lost from peak to trough."""
        return self.peak - self.trough

    @property
    def depth(self) -> float:
        """The fall as a share of the peak."""
        return self.fall / self.peak if self.peak > 0 else 0.0

    @property
    def length_ms(self) -> int:
        """Time under water."""
        return self.end_ms - self.peak_ms


def drawdowns(curve: Curve) -> list[Drawdown]:
    """Every drawdown of a run, in order of time."""
    peaks = _peaks(curve.values)
    ends = np.append(peaks[1:], len(curve.values))
    falls = np.flatnonzero(ends - peaks > 1)
    edges = zip((peaks[falls] + 1).tolist(), ends[falls].tolist(), strict=True)
    return [_drawdown(curve, first, stop) for first, stop in edges]


def _peaks(values: Integers) -> Integers:
    """The points below none before them, rising; most blocks are far below a peak, and only looked at as such."""
    whole = len(values) // _BLOCK * _BLOCK
    blocks = values[:whole].reshape(-1, _BLOCK)
    tops = blocks.max(axis=1)
    before = np.maximum.accumulate(np.concatenate((values[:1], tops)))
    high = np.flatnonzero(tops >= before[:-1])
    reached = np.maximum(np.maximum.accumulate(blocks[high], axis=1), before[high, np.newaxis])
    block, row = np.nonzero(blocks[high] == reached)
    rest = values[whole:]
    last = np.flatnonzero(rest == np.maximum(np.maximum.accumulate(rest), before[-1])) + whole
    return np.concatenate((high[block] * _BLOCK + row, last))


def _drawdown(curve: Curve, first: int, stop: int) -> Drawdown:
    """The one of points [first, stop), which lie below the point before them."""
    times, values = curve
    trough = first + int(values[first:stop].argmin())
    recovered = int(times[stop]) if stop < len(times) else None
    return Drawdown(
        peak_ms=int(times[first - 1]),
        trough_ms=int(times[trough]),
        recovered_ms=recovered,
        end_ms=int(times[-1]) if recovered is None else recovered,
        peak=int(values[first - 1]),
        trough=int(values[trough]),
    )


def deepest(found: Sequence[Drawdown]) -> list[Drawdown]:
    """The five with the largest share lost, the deepest first."""
    return sorted(found, key=lambda each: (-each.depth, each.peak_ms))[:EPISODES]
