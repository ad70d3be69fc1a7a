"""Why a rule-set said what it said at a close, with the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules.columns import Closes, Column, Evaluation, Scope
from trading_core.rules.compile import Branch, Leaf, compile_rules
from trading_core.rules.evaluate import evaluate_last
from trading_core.rules.model import (
    TREES,
    All,
    AnyOf,
    AtLeast,
    Compare,
    Count,
    Node,
    Range,
    RuleSet,
    operands,
)
from trading_core.rules.text import operand_text, to_text
from trading_core.rules.verdict import NO, UNKNOWN, YES, Verdict

_VALUES = (NO, UNKNOWN, YES)
_WORDS = {YES: "yes", NO: "no", UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand with its number at the close and at the close before; None where not ready."""

    text: str
    value: float | None
    before: float | None
    fixed: bool = False
    """Whether it is a number written in the rules."""


@dataclass(frozen=True, slots=True)
class Line:
    """A node or condition with its truth (1, 0, -1) at the close."""

    kind: str
    """``all any not at_least within for count`` or the operator of a condition."""
    text: str
    truth: int
    leaf: int | None = None
    """Place among ``RuleSet.conditions``; None for a node."""
    operands: tuple[Operand, ...] = ()
    distance: float | None = None
    """How far the left number is inside (positive) or outside (negative) of where it should be."""
    distance_pct: float | None = None
    """The same in percent of the bound."""
    children: tuple[Line, ...] = field(default=())

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        data: dict[str, Any] = {"kind": self.kind, "text": self.text, "truth": _WORDS[self.truth]}
        if self.leaf is None:
            return {**data, "children": [child.as_data() for child in self.children]}
        shown = [{"text": o.text, "value": o.value, "before": o.before} for o in self.operands]
        return {
            **data,
            "leaf": self.leaf,
            "operands": shown,
            "distance": self.distance,
            "distance_pct": self.distance_pct,
        }

    def leaves(self) -> Iterator[Line]:
        """The conditions at and below this line, from left to right."""
        if self.leaf is not None:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with its reasons, tree by tree."""

    symbol: str
    timeframe: Timeframe
    close_ms: int
    verdict: Verdict
    trees: dict[str, Line]
    """By name; absent trees are left out."""

    def failing(self, tree: str) -> tuple[Line, ...]:
        """The conditions that keep a tree from being true; empty for one that is true or absent.

        Under *not* these are the conditions that are not false; under ``for`` and its kin, where
        an earlier close may be to blame, at least the conditions that were asked.
        """
        line = self.trees.get(tree)
        return () if line is None else tuple(_blocking(line, YES))

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe.value,
            "close_ms": self.close_ms,
            "verdict": {name: _WORDS[getattr(self.verdict, name)] for name in TREES},
            "trees": {name: line.as_data() for name, line in self.trees.items()},
            "failing": {name: [leaf.leaf for leaf in self.failing(name)] for name in self.trees},
        }

    def as_text(self) -> str:
        """Lines for a person: each tree, indented, with truth and numbers."""
        lines = [f"{self.symbol} {self.timeframe}, close {self.close_ms}"]
        for name, line in self.trees.items():
            lines.append(f"{name}: {_WORDS[line.truth]}")
            lines.extend(_told(line, 1))
        return "\n".join(lines)


def explain(
    rules: RuleSet, frames: Frames, *, symbol: str, timeframe: Timeframe, close_ms: int
) -> Explanation:
    """Return the verdict at a close with every condition's numbers and its distance to being true."""
    compiled = compile_rules(rules, timeframe)
    evaluation = Evaluation(frames)
    closes = Closes(timeframe, close_ms // timeframe.ms - 1, max(2, compiled.rows))
    scope = evaluation.scope(symbol, closes)
    verdict = evaluate_last(
        rules, frames, symbol=symbol, timeframe=timeframe, close_ms=close_ms, evaluation=evaluation
    )
    places = iter(range(len(compiled.leaves)))
    with np.errstate(all="ignore"):
        trees = {name: _line(tree, scope, places) for name, tree in compiled.trees}
    return Explanation(symbol, timeframe, close_ms, verdict, trees)


def _line(branch: Branch | Leaf, scope: Scope, places: Iterator[int]) -> Line:
    truth = _VALUES[branch.ask(scope)[-1]]
    if isinstance(branch, Leaf):
        return _leaf_line(branch, scope, truth, next(places))
    below = tuple(_line(child, scope, places) for child in branch.children)
    return Line(_kind(branch.node), to_text(branch.node), truth, children=below)


def _kind(node: Node) -> str:
    if isinstance(node, Count):
        return node.kind
    if isinstance(node, All):
        return "all"
    if isinstance(node, AnyOf):
        return "any"
    return "at_least" if isinstance(node, AtLeast) else "not"


def _leaf_line(leaf: Leaf, scope: Scope, truth: int, place: int) -> Line:
    condition = leaf.condition
    shown = tuple(
        _operand(operand_text(said), part, scope)
        for said, part in zip(operands(condition), leaf.operands, strict=True)
    )
    distance, bound = _distance(leaf, shown)
    percent = None if distance is None or not bound else distance / abs(bound) * 100.0
    return Line(condition.op, leaf.text, truth, place, shown, distance, percent)


def _operand(text: str, part: Column | float, scope: Scope) -> Operand:
    if isinstance(part, float):
        return Operand(text, part, part, fixed=True)
    values = part.at(scope)
    return Operand(text, _number(values[-1]), _number(values[-2]))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _distance(leaf: Leaf, shown: tuple[Operand, ...]) -> tuple[float | None, float | None]:
    """How far inside its bound the left number is, and the bound that matters."""
    condition = leaf.condition
    left, *bounds = [operand.value for operand in shown]
    if left is None or None in bounds:
        return None, None
    if isinstance(condition, Compare):
        return _inside(left, bounds[0], condition.op), bounds[0]
    if isinstance(condition, Range):
        return _inside_range(left, bounds[0], bounds[1], condition.op)
    before = shown[0].before
    if before is None:
        return None, None
    return (left - before if condition.op == "rising" else before - left), before


def _inside(left: float, right: float | None, op: str) -> float | None:
    if right is None:
        return None
    return left - right if op in (">", ">=", "crosses_above") else right - left


def _inside_range(
    left: float, low: float | None, high: float | None, op: str
) -> tuple[float | None, float | None]:
    if low is None or high is None:
        return None, None
    above, below = left - low, high - left
    inside, bound = (above, low) if above <= below else (below, high)
    return (inside if op == "between" else -inside), bound


def _blocking(line: Line, wanted: int) -> Iterator[Line]:
    if line.truth == wanted:
        return
    if line.leaf is not None:
        yield line
        return
    below = (YES if wanted == NO else NO) if line.kind == "not" else wanted
    found = [leaf for child in line.children for leaf in _blocking(child, below)]
    yield from found or line.leaves()


def _told(line: Line, level: int) -> Iterator[str]:
    numbers = "".join(
        f"; {o.text} = {'not ready' if o.value is None else f'{o.value:.8g}'}"
        for o in line.operands
        if not o.fixed
    )
    miss = "" if line.distance is None else f"; distance {line.distance:.8g}"
    yield f"{'  ' * level}[{_WORDS[line.truth]}] {line.text}{numbers}{miss}"
    for child in line.children:
        yield from _told(child, level + 1)
