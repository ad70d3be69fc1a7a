"""One symbol's history, ready to be played: bars in ticks, and what the rules say at each close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.backtest.leaves import Leaves
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles, Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, Recorded
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.performance.track import Minutes
from trading_core.plan.frame import Frame, recent_of
from trading_core.plan.recent import Recent, Tick, candles_needed
from trading_core.rules.evaluate import evaluate
from trading_core.rules.model import TREES
from trading_core.rules.requirements import requirements
from trading_core.rules.verdict import History, Truths, Verdict
from trading_core.simulator.settlement import mark_spans
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks, MarkSpan, nearest_ticks

BASE = Timeframe.M1

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SymbolHistory:
    """Everything of one symbol, minute by minute of the run: each array has one row per minute played."""

    present: npt.NDArray[np.bool_]
    """Whether the minute has a candle; where not, the prices are those of the last one."""
    opens: Ints
    highs: Ints
    lows: Ints
    closes: Ints
    """Ticks; 0 before the first candle."""
    volumes: npt.NDArray[np.float64]
    asked: npt.NDArray[np.bool_]
    """Whether the rules were asked at the close of the minute: there is a candle of the bot's timeframe."""
    trees: dict[str, Truths]
    """What each tree says at the close of the minute; unknown where it was not asked."""
    leaves: Leaves
    """The slots of the verdict packed, in hex; empty where it was not asked."""
    frame: Frame | None = None
    """The candles of the bot's timeframe; None if no plan draws distances from them."""
    marks: Sequence[MarkSpan | None] = ()
    """How far the mark price went about; empty where nobody recorded it."""

    def bar(self, minute: int) -> CandleBar | None:
        """The candle of a minute, if it has one."""
        if not self.present[minute]:
            return None
        prices = (self.opens, self.highs, self.lows, self.closes)
        return CandleBar(
            CandleTicks(*(int(p[minute]) for p in prices)),
            float(self.volumes[minute]),
            self.marks[minute] if self.marks else None,
        )

    def minutes(self, times: Times) -> Minutes:
        """What the market did, without the minutes that have no candle; ``times`` are those of the run."""
        rows = slice(None) if self.present.all() else self.present
        prices = (self.opens, self.highs, self.lows, self.closes)
        return Minutes(times[rows], *(price[rows] for price in prices))

    def tick(self, minute: int) -> Tick:
        """The candle of a minute as plans see it."""
        return Tick(int(self.highs[minute]), int(self.lows[minute]), int(self.closes[minute]))

    def recent(self, close_ms: int, count: int) -> Recent | None:
        """The latest candles of the bot's timeframe; None if that many don't stand in a row."""
        assert self.frame is not None
        return recent_of(self.frame, close_ms, count)

    def verdict(self, minute: int) -> Verdict | None:
        """What the rules say at the close of a minute; None without a candle closing then."""
        if not self.asked[minute]:
            return None
        said = {name: int(truths[minute]) for name, truths in self.trees.items()}
        return Verdict(**said, leaves=bytes.fromhex(self.leaves[minute]))


def load(
    document: BotDocument,
    symbol: str,
    candles: Mapping[str, Candles],
    instrument: Instrument,
    *,
    times: Times,
    tickers: TickersBySymbol | None = None,
    recorded: Recorded = NOTHING_RECORDED,
) -> SymbolHistory:
    """Evaluate a bot's rules for one symbol over all its candles, and turn these into ticks.

    ``times`` are the open times of the minutes to play, rising.
    """
    base = candles[symbol]
    row, present = rows_of(base.open_time, times)
    asked, trees, leaves, frame = asked_of(
        document, symbol, candles, times=times, present=present, tickers=tickers
    )
    closes = nearest_ticks(base.close[row], instrument)
    return SymbolHistory(
        present=present,
        opens=nearest_ticks(base.open[row], instrument),
        highs=nearest_ticks(base.high[row], instrument),
        lows=nearest_ticks(base.low[row], instrument),
        closes=closes if present[0] else np.where(times >= base.open_time[0], closes, 0),
        volumes=base.volume[row],
        asked=asked,
        trees=trees,
        leaves=leaves,
        frame=Frame(document.timeframe, instrument, frame) if candles_needed(document.plan) else None,
        marks=mark_spans(recorded, instrument, times) if len(recorded.mark_open_ms) else (),
    )


class Asked(NamedTuple):
    """What the rules of a bot say of one symbol, minute by minute of a run."""

    asked: npt.NDArray[np.bool_]
    """As in ``SymbolHistory``, as are the next two."""
    trees: dict[str, Truths]
    leaves: Leaves
    frame: Candles
    """The candles of the bot's timeframe."""


def asked_of(
    document: BotDocument,
    symbol: str,
    candles: Mapping[str, Candles],
    *,
    times: Times,
    present: npt.NDArray[np.bool_],
    tickers: TickersBySymbol | None = None,
) -> Asked:
    """Ask the rules about one symbol; ``present`` are those of the minutes that have a candle."""
    until_ms = int(times[-1]) + BASE.ms
    needed = set(requirements(document.rules, symbol=symbol, timeframe=document.timeframe))
    frames = frames_of(candles, needed | {(symbol, document.timeframe)}, until_ms=until_ms)
    said = evaluate(document.rules, frames, symbol=symbol, timeframe=document.timeframe, tickers=tickers)
    return Asked(*_asked(said, times, present), frames[symbol, document.timeframe])


def rows_of(known: Times, times: Times) -> tuple[Ints | slice, npt.NDArray[np.bool_]]:
    """Where each time, or the latest one before it, stands among the known ones, and whether it is there."""
    first = int(np.searchsorted(known, times[0]))
    run = slice(first, first + len(times))
    if np.array_equal(known[run], times):
        return run, np.ones(len(times), dtype=np.bool_)
    last = np.searchsorted(known, times, side="right") - 1
    row = np.maximum(last, 0)
    return row, (last >= 0) & (known[row] == times)


def _asked(
    said: History, times: Times, present: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], dict[str, Truths], Leaves]:
    """What was said at the close of each minute."""
    count = len(times)
    run = slice(0, 0)
    if len(said):
        first = int(np.searchsorted(said.close_ms, times[0] + BASE.ms))
        run = slice(first, first + count)
    if present.all() and np.array_equal(said.close_ms[run] - BASE.ms, times):
        return present, {name: said.trees[name][run] for name in TREES}, Leaves(said.leaves, run, count)
    minutes = np.searchsorted(times, said.close_ms - BASE.ms)
    there = minutes < count
    there[there] = times[minutes[there]] == said.close_ms[there] - BASE.ms
    there[there] = present[minutes[there]]
    places = np.full(count, -1, dtype=np.int64)
    places[minutes[there]] = np.flatnonzero(there)
    trees = {name: np.full(count, -1, dtype=np.int8) for name in TREES}
    for name, truths in trees.items():
        truths[minutes[there]] = said.trees[name][there]
    return places >= 0, trees, Leaves(said.leaves, places, count)
