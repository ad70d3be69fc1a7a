"""What rules would have said over the stored past, by the evaluator that decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bots.services import store
from bots.services.frames import StoreFrames
from bots.services.tickers import tickers_for
from trading_core.errors import InvalidInput
from trading_core.market.candle import Floats, Times
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.rules.evaluate import evaluate
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.requirements import check_timeframe, frame_start
from trading_core.rules.verdict import UNKNOWN, YES

DAYS_MAX = 30
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where rules are tried."""

    source: str
    category: str
    symbol: str
    timeframe: Timeframe


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was true and how often unknown, in closes."""

    true: int
    unknown: int
    starts: Times
    """Closes (ms) at which it became true."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Rules over a stretch of the stored past."""

    place: Place
    asked_days: int
    close_ms: Times
    """Closes asked, oldest first."""
    close: Floats
    trees: dict[str, Tally]
    """Of the trees that the rules have."""
    conditions: tuple[Tally, ...]
    """In the order of ``RuleSet.conditions``."""
    entries: dict[str, npt.NDArray[np.bool_]]
    """For ``long`` and ``short`` whether an entry would have been asked for, close by close; where
    both were true neither is."""

    @property
    def closes(self) -> int:
        """How many closes were asked."""
        return len(self.close_ms)


def preview(rules: RuleSet, place: Place, *, days: int = DAYS_MAX) -> Preview:
    """Ask rules at every stored close of the last ``days`` (1 to 30).

    What depends on a position or the portfolio is unknown here. Raise InvalidInput for other days and
    RulesInvalid if the rules can't be used on that timeframe.
    """
    if not 1 <= days <= DAYS_MAX:
        raise InvalidInput("days", f"expected 1 to {DAYS_MAX}, was {days}")
    check_timeframe(rules, place.timeframe)
    end_ms = _last_close(place)
    first_ms = end_ms - days * DAY_MS
    warm_ms = frame_start(rules, symbol=place.symbol, timeframe=place.timeframe, close_ms=first_ms)
    frames = StoreFrames(place.source, place.category, start_ms=max(0, warm_ms), close_ms=end_ms)
    told = ticker_symbols(rules, place.symbol)
    tickers = tickers_for(told, place.source, place.category, max(0, warm_ms), end_ms) if told else None
    said = evaluate(rules, frames, symbol=place.symbol, timeframe=place.timeframe, tickers=tickers)
    kept = said.close_ms > first_ms
    times = said.close_ms[kept]
    trees = {name: truths[kept] for name, truths in said.trees.items()}
    return Preview(
        place,
        days,
        times,
        frames[place.symbol, place.timeframe].close[kept],
        {name: _tally(trees[name], times) for name in TREES if getattr(rules, name) is not None},
        tuple(_tally(leaf[kept], times) for leaf in said.leaves[: len(rules.conditions)]),
        _entries(trees),
    )


def _last_close(place: Place) -> int:
    newest = store.last_open(SeriesKey(place.source, place.category, place.symbol, store.BASE))
    if newest is None:
        return 0
    return (newest + store.BASE.ms) // place.timeframe.ms * place.timeframe.ms


def _tally(truths: npt.NDArray[np.int8], times: Times) -> Tally:
    return Tally(int((truths == YES).sum()), int((truths == UNKNOWN).sum()), times[started(truths == YES)])


def started(true: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where something became true; what is true in the first row counts."""
    return true & ~np.concatenate((np.zeros(min(1, len(true)), dtype=np.bool_), true[:-1]))


def _entries(trees: dict[str, npt.NDArray[np.int8]]) -> dict[str, npt.NDArray[np.bool_]]:
    long, short = trees["long"] == YES, trees["short"] == YES
    return {"long": long & ~short, "short": short & ~long}
