"""How much of an account was at stake, and for how long."""

from __future__ import annotations

import numpy as np

from trading_core.market.candle import Floats
from trading_core.performance.columns import Executions, Integers
from trading_core.performance.curve import Curve
from trading_core.performance.metric import Metric, missing, number
from trading_core.performance.places import places
from trading_core.performance.track import TrackRecord

HOUR_MS = 3_600_000
NO_CANDLES = "no candles to value positions by"


def exposure_figures(track: TrackRecord, curve: Curve) -> dict[str, Metric]:
    """Return time in the market, gross exposure over equity, and the hours capital was locked up.

    Time is counted from the executions. Gross exposure is the value of all positions, whichever way,
    at the closes of the bot. A position worth the whole starting balance for an hour locks one hour.
    """
    held = held_ms(track)
    share = 100.0 * held / (track.end_ms - track.start_ms) if track.end_ms > track.start_ms else 0.0
    figures = {"exposure_time_pct": number(min(100.0, share))}
    if any(symbol not in track.minutes for symbol in track.executions.symbols):
        none = missing(NO_CANDLES)
        return {**figures, "mean_exposure_pct": none, "max_exposure_pct": none, "locked_hours": none}
    value = gross_value(track)
    if not len(value):
        none = missing("no close")
        return {**figures, "mean_exposure_pct": none, "max_exposure_pct": none, "locked_hours": none}
    locked = float(np.einsum("i,i", value, np.diff(curve.times))) / track.start / HOUR_MS
    worthless = curve.values[1:] <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        gross = np.divide(value, curve.values[1:], out=value)
    gross[worthless] = 0.0
    return {
        **figures,
        "mean_exposure_pct": number(100.0 * float(gross.mean())),
        "max_exposure_pct": number(100.0 * float(gross.max())),
        "locked_hours": number(locked),
    }


def gross_value(track: TrackRecord) -> Floats:
    """Value of all positions at each close of the bot, money units."""
    times = track.equity.close_ms
    total: Floats = np.zeros(len(times))
    for code, symbol in enumerate(track.executions.symbols):
        numerator, denominator = track.instruments[symbol].value_scale
        changed, lots = _held(track.executions, code)
        if not len(changed):
            continue
        # Lots stand from one execution to the next: the closes between them all see the same.
        first = places(times, changed)
        worth = np.repeat(np.abs(lots) * (numerator / denominator), np.diff(first, append=len(times)))
        closes = track.minutes[symbol].closes_at(times)[first[0] :]
        if code == 0:
            np.multiply(worth, closes, out=total[first[0] :])
        else:
            total[first[0] :] += np.multiply(worth, closes, out=worth)
    return total


def held_ms(track: TrackRecord) -> int:
    """Milliseconds with at least one position."""
    executions, steps = track.executions, np.zeros(len(track.executions), dtype=np.int64)
    for code in range(len(executions.symbols)):
        rows = np.flatnonzero(executions.symbol == code)
        lots = np.cumsum(executions.sign[rows] * executions.lots[rows])
        steps[rows] = np.diff((lots != 0).astype(np.int64), prepend=0)
    open_then = np.cumsum(steps) > 0
    return int(np.diff(executions.time_ms, append=track.end_ms)[open_then].sum())


def _held(executions: Executions, code: int) -> tuple[Integers, Integers]:
    """When the lots of a symbol changed, and to what; what is filled at an open comes after the close before."""
    rows = np.flatnonzero(executions.symbol == code)
    lots: Integers = np.cumsum(executions.sign[rows] * executions.lots[rows])
    # A resting order that took inside a minute counts as one at its end: what followed came no earlier.
    return np.maximum.accumulate(executions.time_ms[rows] + executions.at_open[rows]), lots
