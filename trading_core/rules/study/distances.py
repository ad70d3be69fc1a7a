"""How far every condition was from its bound, at every close of a stretch: ``explain`` for whole histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Floats, Times
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules.columns import Closes, Evaluation
from trading_core.rules.compile import Leaf, compile_rules, numbers
from trading_core.rules.model import Compare, Range, RuleSet, asks_facts

ABOVE = frozenset({">", ">=", "crosses_above"})
BELOW = frozenset({"<", "<=", "crosses_below"})

Table = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distances:
    """One row per condition, one column per close."""

    close_ms: Times
    """Consecutive closes of the bot's timeframe."""
    distance: Table
    """How far the left number is inside (positive) or outside (negative) of where it should be, in its
    own unit; NaN where a number is not ready, and for conditions about the bot itself."""
    percent: Table
    """The same in percent of the bound that matters; NaN where that is zero."""


def distances(
    rules: RuleSet,
    frames: Frames,
    *,
    symbol: str,
    timeframe: Timeframe,
    first_ms: int,
    last_ms: int,
    tickers: TickersBySymbol | None = None,
) -> Distances:
    """Return the distances at the closes from ``first_ms`` to ``last_ms``.

    Frames must reach back as far as ``requirements.frame_start`` says for the first close.
    """
    compiled = compile_rules(rules, timeframe)
    last, rows = last_ms // timeframe.ms - 1, (last_ms - first_ms) // timeframe.ms + 1
    # One close more: rising and falling compare with the close before.
    closes = Closes(timeframe, last, rows + 1)
    scope = Evaluation(frames, tickers).scope(symbol, closes)
    found = np.full((len(compiled.leaves), rows), np.nan)
    percent = found.copy()
    with np.errstate(all="ignore"):
        for place, leaf in enumerate(compiled.leaves):
            if asks_facts(leaf.condition):
                continue
            parts = [np.broadcast_to(numbers(part, scope), rows + 1) for part in leaf.operands]
            distance, bound = _distance(leaf, parts)
            found[place] = distance[1:]
            percent[place] = (distance / np.abs(bound) * 100.0)[1:]
    percent[~np.isfinite(percent)] = np.nan
    return Distances(closes.times[1:], found, percent)


def _distance(leaf: Leaf, parts: Sequence[Floats]) -> tuple[Floats, Floats]:
    """How far inside its bound the left number is, and the bound that matters."""
    condition, left = leaf.condition, parts[0]
    if isinstance(condition, Compare):
        return _inside(left, parts[1], condition.op), parts[1]
    if isinstance(condition, Range):
        above, below = left - parts[1], parts[2] - left
        inside, bound = np.minimum(above, below), np.where(above <= below, parts[1], parts[2])
        return (inside if condition.op == "between" else -inside), bound
    before = np.concatenate(([np.nan], left[:-1]))
    return (left - before if condition.op == "rising" else before - left), before


def _inside(left: Floats, right: Floats, op: str) -> Floats:
    if op in ABOVE:
        return left - right
    if op in BELOW:
        return right - left
    apart = np.abs(left - right)
    return apart if op == "!=" else -apart
