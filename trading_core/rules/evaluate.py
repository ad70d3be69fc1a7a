"""Rule-sets asked: over a whole history, or about one close, with equal results.

Everything is asked at closes of the bot's timeframe. An operand of a longer timeframe has, at a close,
the value of its candle that closed last by the clock; if that candle is missing it is not ready. A
condition with an operand that is not ready is unknown, and unknown survives *not*: only true acts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules.columns import Closes, Evaluation, Scope
from trading_core.rules.compile import compile_rules
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.truth import Truth
from trading_core.rules.verdict import History, Truths, Verdict, pack_truths, slots_of

_VALUES = (0, -1, 1)

_BLOCK = 65_536
"""Closes of a history asked at a time: what a condition makes on its way stays in the processor's cache."""


def evaluate(
    rules: RuleSet,
    frames: Frames,
    *,
    symbol: str,
    timeframe: Timeframe,
    tickers: TickersBySymbol | None = None,
) -> History:
    """Return what the rules say at every candle of the bot's frame."""
    compiled = compile_rules(rules, timeframe)
    evaluation = Evaluation(frames, tickers)
    frame = evaluation.dense(symbol, timeframe)
    if frame is None:
        return _nothing(compiled.rules)
    candles = frames[symbol, timeframe]
    trees = {name: np.zeros(len(candles), dtype=np.int8) for name in TREES}
    leaves = np.empty((len(compiled.slots), len(candles)), dtype=np.int8)
    # Closes before the first candle are asked too: other series may know them.
    margin = compiled.rows - 1
    rows = max(_BLOCK - margin, 8 * margin)
    done = 0
    with np.errstate(all="ignore"):
        for start in range(0, len(frame), rows):
            count = min(rows, len(frame) - start)
            closes = Closes(timeframe, frame.first + start + count - 1, count + margin)
            scope = Scope(evaluation, symbol, closes)
            here = None if frame.present is None else frame.present[start : start + count]
            end = done + (count if here is None else int(np.count_nonzero(here)))
            for name, tree in compiled.trees:
                trees[name][done:end] = _signed(tree.ask(scope)[margin:], here)
            for slot, truths in zip(compiled.slots, leaves, strict=True):
                truths[done:end] = _signed(slot.ask(scope)[margin:], here)
            done = end
    return History(candles.open_time + timeframe.ms, trees, leaves)


def evaluate_last(
    rules: RuleSet,
    frames: Frames,
    *,
    symbol: str,
    timeframe: Timeframe,
    close_ms: int,
    tickers: TickersBySymbol | None = None,
    evaluation: Evaluation | None = None,
) -> Verdict:
    """Return what the rules say at one close.

    Pass the same ``evaluation``, made of these frames and tickers, for all rule-sets asked: each distinct series is
    then computed once. Candles that closed later don't matter.
    """
    compiled = compile_rules(rules, timeframe)
    closes = Closes(timeframe, close_ms // timeframe.ms - 1, compiled.rows)
    scope = (evaluation or Evaluation(frames, tickers)).scope(symbol, closes)
    with np.errstate(all="ignore"):
        said = {name: _VALUES[tree.ask(scope)[-1]] for name, tree in compiled.trees}
        leaves = pack_truths([_VALUES[slot.ask(scope)[-1]] for slot in compiled.slots])
    return Verdict(**said, leaves=leaves)


def _signed(truth: Truth, kept: npt.NDArray[np.bool_] | None) -> Truths:
    """1 true, 0 false, -1 unknown, of the rows that are kept."""
    asked = truth if kept is None else truth[kept]
    found: Truths = ((asked >> np.uint8(1)) - (asked & np.uint8(1))).view(np.int8)
    return found


def _nothing(rules: RuleSet) -> History:
    empty = np.zeros(0, dtype=np.int8)
    leaves = np.zeros((slots_of(rules), 0), dtype=np.int8)
    return History(np.zeros(0, dtype=np.int64), dict.fromkeys(TREES, empty), leaves)
