"""How much of a result could be luck: resampled trades, entries at random, and the number of trades.

Everything drawn is drawn from a seed, so a report says the same twice.
"""

from __future__ import annotations

import math

import numpy as np

from trading_core.performance.columns import Integers
from trading_core.performance.metric import Metric, missing, money, number
from trading_core.performance.track import MINUTE_MS, TrackRecord
from trading_core.performance.trade_figures import NO_TRADES
from trading_core.performance.trades import Trades

FEWEST = 10
"""Trades below which nothing can be drawn anew."""
SEED = 1
RESAMPLES = 1_000
RANDOM_RUNS = 200
_FEWEST_RUNS = 50
_DRAWS = 500_000
"""About so many numbers are drawn for an interval, a third of them for runs at random: with more trades
than that allows, fewer runs, which then differ less."""
_INTERVAL = (5.0, 95.0)
_Z = 1.96
"""95 % of a normal distribution lie within so many deviations."""

GRADES = (("A+", 385), ("A", 267), ("B", 196), ("C", 151), ("D", 107))
"""Fewest trades of a grade: those for which a share of one half is known to ±5, 6, 7, 8 and 9.5 points.

W. G. Cochran, "Sampling Techniques": n = z² · ¼ / e².
"""


def grade_of(trades: int) -> str:
    """The grade that so many trades allow; F below all of them."""
    return next((grade for grade, fewest in GRADES if trades >= fewest), "F")


def margin_points(trades: int) -> float:
    """How far, in points, a win rate of one half may be off after so many trades, at 95 %."""
    return 100.0 * _Z * math.sqrt(0.25 / trades)


def expectancy_interval(net: Integers) -> dict[str, Metric]:
    """The middle 90 % of the mean of as many trades drawn anew from these (bootstrap)."""
    if len(net) < FEWEST:
        none = missing(f"fewer than {FEWEST} trades")
        return {"expectancy_low": none, "expectancy_high": none}
    rng = np.random.default_rng(SEED)
    runs = max(_FEWEST_RUNS, min(RESAMPLES, _DRAWS // len(net)))
    values = net.astype(np.float64)
    width = np.uint16 if len(net) <= 1 << 16 else np.uint32
    means = values.take(rng.integers(0, len(net), (runs, len(net)), dtype=width)).mean(axis=1)
    low, high = np.percentile(means, _INTERVAL)
    return {"expectancy_low": money(round(float(low))), "expectancy_high": money(round(float(high)))}


def random_entries(track: TrackRecord, trades: Trades) -> dict[str, Metric]:
    """How many runs that entered at random this one beats, in percent, and what they made on average.

    Each random trade has side, entered value, holding time and costs of one of ours, and begins at any
    minute of its symbol that leaves it the time. Prices are those of the minutes' closes.
    """
    names = ("random_beaten_pct", "random_net")
    if len(trades) < FEWEST:
        return dict.fromkeys(names, missing(f"fewer than {FEWEST} trades" if len(trades) else NO_TRADES))
    rng = np.random.default_rng(SEED)
    runs = max(_FEWEST_RUNS, min(RANDOM_RUNS, _DRAWS // 3 // len(trades)))
    total = np.full(runs, -float((trades.fees + trades.funding).sum()))
    for code in np.unique(trades.symbol).tolist():
        symbol = trades.executions.symbols[code]
        minutes = track.minutes.get(symbol)
        if minutes is None:
            return dict.fromkeys(names, missing("no candles to enter at random"))
        ours = trades.only(np.flatnonzero(trades.symbol == code))
        held = np.maximum(1, (ours.closed_ms - ours.opened_ms) // MINUTE_MS)
        room = len(minutes.close) - held
        if (room <= 0).any():
            return dict.fromkeys(names, missing("a trade was held throughout"))
        numerator, denominator = track.instruments[symbol].value_scale
        worth = ours.direction * ours.entry_tick_lots * (numerator / denominator)
        close = minutes.close
        begin = (rng.random((runs, len(ours))) * room).astype(np.int64)
        gained = close.take(begin + held) / close.take(begin)
        gained -= 1.0
        gained *= worth
        total += gained.sum(axis=1)
    beaten = 100.0 * float((total < float(trades.net.sum())).mean())
    return {"random_beaten_pct": number(beaten), "random_net": money(round(float(total.mean())))}
