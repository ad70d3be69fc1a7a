"""Rule-sets asked: over a whole history, or about one close, with equal results.

Everything is asked at closes of the bot's timeframe. An operand of a longer timeframe has, at a close,
the value of its candle that closed last by the clock; if that candle is missing it is not ready. A
condition with an operand that is not ready is unknown, and unknown survives *not*: only true acts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules.columns import Closes, Evaluation
from trading_core.rules.compile import compile_rules
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.truth import Truth
from trading_core.rules.verdict import History, Truths, Verdict, pack_truths

_SIGNED = np.array([0, -1, 1], dtype=np.int8)
_VALUES = (0, -1, 1)


def evaluate(rules: RuleSet, frames: Frames, *, symbol: str, timeframe: Timeframe) -> History:
    """Return what the rules say at every candle of the bot's frame."""
    compiled = compile_rules(rules, timeframe)
    evaluation = Evaluation(frames)
    frame = evaluation.dense(symbol, timeframe)
    if frame is None:
        return _nothing(compiled.rules)
    # Closes before the first candle are asked too: other series may know them.
    margin = compiled.rows - 1
    scope = evaluation.scope(symbol, Closes(timeframe, frame.first + len(frame) - 1, len(frame) + margin))
    kept = np.arange(margin, margin + len(frame))
    if frame.present is not None:
        kept = kept[frame.present]
    with np.errstate(all="ignore"):
        trees = {name: np.zeros(len(kept), dtype=np.int8) for name in TREES}
        trees |= {name: _signed(tree.ask(scope), kept) for name, tree in compiled.trees}
        leaves = [_signed(leaf.ask(scope), kept) for leaf in compiled.leaves]
    return History(frames[symbol, timeframe].open_time + timeframe.ms, trees, np.stack(leaves))


def evaluate_last(
    rules: RuleSet,
    frames: Frames,
    *,
    symbol: str,
    timeframe: Timeframe,
    close_ms: int,
    evaluation: Evaluation | None = None,
) -> Verdict:
    """Return what the rules say at one close.

    Pass the same ``evaluation`` for all rule-sets asked about the same frames: each distinct series
    is then computed once. Candles that closed later don't matter.
    """
    compiled = compile_rules(rules, timeframe)
    closes = Closes(timeframe, close_ms // timeframe.ms - 1, compiled.rows)
    scope = (evaluation or Evaluation(frames)).scope(symbol, closes)
    with np.errstate(all="ignore"):
        said = {name: _VALUES[tree.ask(scope)[-1]] for name, tree in compiled.trees}
        leaves = pack_truths([_VALUES[leaf.ask(scope)[-1]] for leaf in compiled.leaves])
    return Verdict(**said, leaves=leaves)


def _signed(truth: Truth, kept: npt.NDArray[np.int64]) -> Truths:
    return _SIGNED[truth[kept]]


def _nothing(rules: RuleSet) -> History:
    empty = np.zeros(0, dtype=np.int8)
    leaves = np.zeros((len(rules.conditions), 0), dtype=np.int8)
    return History(np.zeros(0, dtype=np.int64), dict.fromkeys(TREES, empty), leaves)
