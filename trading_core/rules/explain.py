"""Why a rule-set said what it said at a close, with the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trading_core.market.candle import number_or_none
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules import truth as t
from trading_core.rules.columns import Closes, Column, Evaluation, Scope
from trading_core.rules.compile import Branch, Leaf, compile_rules
from trading_core.rules.distances import distance_of
from trading_core.rules.explanation import Explanation, Line, Operand
from trading_core.rules.facts import fact_number, fact_truth
from trading_core.rules.fold import PLACES, SIGNED, fold, gathered
from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Count,
    Named,
    Node,
    Not,
    RuleSet,
    Trend,
    asks_facts,
    operands,
)
from trading_core.rules.moving import sliced
from trading_core.rules.operands import Constant
from trading_core.rules.operands import Operand as Written
from trading_core.rules.text import operand_text, to_text
from trading_core.rules.verdict import Verdict, pack_truths

__all__ = ["Explanation", "Line", "Operand", "explain"]

RECENT = 100
"""Closes over which an operand's usual movement is measured."""


@dataclass(slots=True)
class _Asked:
    """What the lines are written from."""

    scope: Scope
    facts: Mapping[str, float]
    leaves: list[int]
    """The truths of the conditions told so far, from left to right."""
    counts: list[int]
    depth: int = 0
    """Counts around what is being told."""


def explain(
    rules: RuleSet,
    frames: Frames,
    *,
    symbol: str,
    timeframe: Timeframe,
    close_ms: int,
    tickers: TickersBySymbol | None = None,
    facts: Mapping[str, float] | None = None,
) -> Explanation:
    """Return the verdict at a close with every condition's numbers and its distance to being true.

    ``facts``: the numbers of the bot itself, by the text of their operand (``position.pnl_pct``), as they
    were when it decided; conditions about those that are missing are unknown.
    """
    compiled = compile_rules(rules, timeframe)
    closes = Closes(timeframe, close_ms // timeframe.ms - 1, max(RECENT, compiled.rows))
    asked = _Asked(Evaluation(frames, tickers).scope(symbol, closes), facts or {}, [], [])
    with np.errstate(all="ignore"):
        trees = {name: _line(tree, asked) for name, tree in compiled.trees}
    slots = [*asked.leaves, *asked.counts]
    folded = fold(rules, np.array(slots, dtype=np.int8)[:, np.newaxis])
    said = {name: int(truths[0]) for name, truths in folded.items()}
    return Explanation(symbol, timeframe, close_ms, Verdict(**said, leaves=pack_truths(slots)), trees)


def _line(branch: Branch | Leaf, asked: _Asked) -> Line:
    if isinstance(branch, Leaf):
        return _leaf_line(branch, asked)
    node = branch.node
    if isinstance(node, Named):
        return replace(_line(branch.children[0], asked), id=node.id, tags=node.tags)
    if isinstance(node, Count):
        return _count_line(branch, node, asked)
    below = tuple(_line(child, asked) for child in branch.children)
    parts = np.array([PLACES[child.truth] for child in below], dtype=np.uint8)[:, np.newaxis]
    truth = t.opposite(parts[0]) if isinstance(node, Not) else gathered(node, parts)
    k = node.k if isinstance(node, AtLeast) else None
    return Line(_kind(node), to_text(node), int(SIGNED[truth[0]]), children=below, k=k)


def _count_line(branch: Branch, node: Count, asked: _Asked) -> Line:
    truth = int(SIGNED[branch.ask(asked.scope)[-1]])
    if not asked.depth:
        asked.counts.append(truth)
    asked.depth += 1
    below = (_line(branch.children[0], asked),)
    asked.depth -= 1
    seen = tuple(SIGNED[branch.children[0].ask(asked.scope)[-node.n :]].tolist())
    return Line(node.kind, to_text(node), truth, children=below, k=node.k, n=node.n, seen=seen)


def _kind(node: Node) -> str:
    if isinstance(node, All):
        return "all"
    if isinstance(node, AnyOf):
        return "any"
    return "at_least" if isinstance(node, AtLeast) else "not"


def _leaf_line(leaf: Leaf, asked: _Asked) -> Line:
    condition, scope = leaf.condition, asked.scope
    if asks_facts(condition):
        truth = fact_truth(condition, asked.facts)
        shown = tuple(_fact(operand, asked.facts) for operand in operands(condition))
    else:
        truth = int(SIGNED[leaf.ask(scope)[-1]])
        shown = tuple(
            _operand(operand_text(said), part, scope)
            for said, part in zip(operands(condition), leaf.operands, strict=True)
        )
    place = len(asked.leaves)
    asked.leaves.append(truth)
    distance, bound = distance_of(condition, shown)
    line = Line(condition.op, leaf.text, truth, place, shown, distance)
    if distance is not None:
        percent = distance / abs(bound) * 100.0 if bound else None
        usual = _usual(leaf.operands[0], scope)
        line = replace(line, distance_pct=percent, distance_sd=distance / usual if usual else None)
    if isinstance(condition, Trend):
        return replace(line, n=condition.n, path=_path(leaf.operands[0], condition.n, scope))
    return line


def _fact(operand: Written, facts: Mapping[str, float]) -> Operand:
    return Operand(
        operand_text(operand),
        number_or_none(fact_number(operand, facts)),
        None,
        fixed=isinstance(operand, Constant),
    )


def _operand(text: str, part: Column | float, scope: Scope) -> Operand:
    if isinstance(part, float):
        return Operand(text, part, part, fixed=True)
    values = part.at(scope)
    return Operand(text, number_or_none(values[-1]), number_or_none(values[-2]))


def _usual(part: Column | float, scope: Scope) -> float | None:
    """How far an operand usually is from its mean; None where it did not move, or too little is known."""
    if isinstance(part, float):
        return None
    values = part.at(scope)[-RECENT:]
    values = values[np.isfinite(values)]
    return float(values.std()) if len(values) > RECENT // 2 and values.std() > 0 else None


def _path(part: Column | float, n: int, scope: Scope) -> tuple[float | None, ...]:
    """The last n + 1 values on an operand's own candles; the last is missing where its candle is."""
    assert isinstance(part, Column)
    number = int(scope.closes.numbers(part.grid.timeframe)[-1])
    frame = scope.evaluation.dense(part.grid.symbol or scope.symbol, part.grid.timeframe)
    values = part.native(scope.evaluation, scope.symbol, number - n)
    if frame is None or values is None:
        return (None,) * (n + 1)
    row = number - frame.first
    there = 0 <= row < len(frame) and (frame.present is None or bool(frame.present[row]))
    found = [number_or_none(value) for value in sliced(values, row - n, n + 1)]
    return (*found[:-1], found[-1] if there else None)
