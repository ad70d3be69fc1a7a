"""How far a trade went for and against its owner before it was closed.

The value of a trade at a price is what it has taken in less what it has laid out, and what is held at
that price, before fees and funding. It is looked at in each execution, and at the extremes of every
minute through which the position was held unchanged. Of a minute inside which a resting order or a stop
was filled nobody knows whether its extremes came before or after: they are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.performance.columns import Executions, Integers
from trading_core.performance.places import places
from trading_core.performance.track import MINUTE_MS, Minutes, TrackRecord, money_of
from trading_core.performance.trades import Trades


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """Money units, one row per trade."""

    best: Integers
    """Maximum favourable excursion, 0 or more."""
    worst: Integers
    """Maximum adverse excursion, 0 or less."""
    known: npt.NDArray[np.bool_]
    """Whether there are candles of the symbol."""


def excursions(track: TrackRecord, trades: Trades) -> Excursions:
    """Return the excursions of each trade."""
    best, worst = np.zeros((2, len(trades)), dtype=np.int64)
    known = np.zeros(len(trades), dtype=np.bool_)
    for code, symbol in enumerate(trades.executions.symbols):
        rows = np.flatnonzero(trades.symbol == code)
        minutes = track.minutes.get(symbol)
        if minutes is None or not len(minutes.open_ms) or not len(rows):
            continue
        known[rows] = True
        high, low = _extremes(trades.only(rows), minutes)
        best[rows] = money_of(np.maximum(high, 0), track.instruments[symbol])
        worst[rows] = -money_of(np.maximum(-low, 0), track.instruments[symbol])
    return Excursions(best, worst, known)


def _extremes(trades: Trades, minutes: Minutes) -> tuple[Integers, Integers]:
    """The highest and the lowest value of each trade, ticks·lots."""
    executions = trades.executions
    counts = trades.stop - trades.first
    begins = np.cumsum(counts) - counts
    inside = np.arange(counts.sum()) - np.repeat(begins, counts)
    rows = trades.order[np.repeat(trades.first, counts) + inside]
    signed = executions.sign[rows] * executions.lots[rows]
    held = _within(np.cumsum(signed), signed, begins, counts)
    spent = signed * executions.ticks[rows]
    laid_out = _within(np.cumsum(spent), spent, begins, counts)
    there = held * executions.ticks[rows] - laid_out
    first, stop = _unchanged(executions, rows, held, minutes)
    through = np.flatnonzero(first < stop)
    top = _ranges(np.maximum, minutes.high, first[through], stop[through])
    bottom = _ranges(np.minimum, minutes.low, first[through], stop[through])
    high, low = there.copy(), there.copy()
    ends = np.stack((held[through] * top, held[through] * bottom)) - laid_out[through]
    high[through] = np.maximum(high[through], ends.max(axis=0))
    low[through] = np.minimum(low[through], ends.min(axis=0))
    return np.maximum.reduceat(high, begins), np.minimum.reduceat(low, begins)


def _within(total: Integers, values: Integers, begins: Integers, counts: Integers) -> Integers:
    """Running sums that begin anew with each trade."""
    before = total[begins] - values[begins]
    running: Integers = total - np.repeat(before, counts)
    return running


def _unchanged(
    executions: Executions, rows: Integers, held: Integers, minutes: Minutes
) -> tuple[Integers, Integers]:
    """The minutes [first, stop) through which what each execution left was held."""
    times = executions.time_ms[rows]
    # What is filled at an open leaves the minute before it whole; any other fill lies inside its minute.
    until = times - np.where(executions.at_open[rows], 0, MINUTE_MS)
    first = places(minutes.open_ms, times)
    stop = places(minutes.open_ms, np.append(until[1:], until[-1:]))
    return first, np.where(held == 0, first, stop)


def _ranges(of: np.ufunc, values: Integers, first: Integers, stop: Integers) -> Integers:
    """The extreme of values[first:stop], for ranges that aren't empty."""
    if not len(first):
        return values[:0]
    padded = values if stop.max() < len(values) else np.append(values, values[-1:])
    reduced: Callable[..., Integers] = of.reduceat
    return reduced(padded, np.stack((first, stop), axis=1).ravel())[::2]
