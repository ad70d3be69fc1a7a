"""Rule-sets made ready to be asked: trees of closures over compiled columns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe
from trading_core.rules import truth as t
from trading_core.rules.columns import Column, Evaluation, Scope, column
from trading_core.rules.model import (
    All,
    AtLeast,
    Compare,
    Condition,
    Count,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
    children,
)
from trading_core.rules.requirements import Grid, check_timeframe, lookback
from trading_core.rules.text import condition_text
from trading_core.rules.truth import Number, Truth

_KEPT = 4096
"""Compiled rule-sets kept at a time."""

Ask = Callable[[Scope], Truth]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A compiled condition."""

    condition: Condition
    text: str
    answer: Ask
    operands: tuple[Column | float, ...]

    def ask(self, scope: Scope) -> Truth:
        """Its truth at each close; conditions that read the same are asked once."""
        found = scope.truths.get(self.text)
        if found is None:
            found = scope.truths[self.text] = self.answer(scope)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A compiled node over others."""

    node: Node
    ask: Ask
    children: tuple[Branch | Leaf, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A rule-set made ready to be asked for bots of one timeframe."""

    rules: RuleSet
    timeframe: Timeframe
    trees: tuple[tuple[str, Branch | Leaf], ...]
    """The trees that there are."""
    leaves: tuple[Leaf, ...]
    rows: int
    """Closes to ask about so that the last is answered in full: a power of two, so that rule-sets share."""


_compiled: OrderedDict[tuple[str, Timeframe], Compiled] = OrderedDict()


def compile_rules(rules: RuleSet, timeframe: Timeframe) -> Compiled:
    """Return the rule-set compiled; raise RulesInvalid if bots of that timeframe can't use it.

    Compiled rule-sets are kept by hash, so equal documents of different owners are one.
    """
    key = (rules.hash, timeframe)
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = _compile(rules, timeframe)
        if len(_compiled) > _KEPT:
            _compiled.popitem(last=False)
    return found


def _compile(rules: RuleSet, timeframe: Timeframe) -> Compiled:
    check_timeframe(rules, timeframe)
    home = Grid(None, timeframe)
    leaves = tuple(_leaf(condition, home) for condition in rules.conditions)
    waiting = iter(leaves)
    present = [(name, tree) for name, tree in rules.trees() if tree is not None]
    trees = tuple((name, _branch(tree, waiting)) for name, tree in present)
    back = max((lookback(tree) for _, tree in present), default=0)
    return Compiled(rules, timeframe, trees, leaves, 1 << back.bit_length())


def _branch(node: Node, leaves: Iterator[Leaf]) -> Branch | Leaf:
    """The compiled node; ``leaves`` yields its conditions from left to right."""
    if isinstance(node, (Compare, Range, Trend)):
        return next(leaves)
    below = tuple(_branch(child, leaves) for child in children(node))
    return Branch(node, _ask(node, tuple(child.ask for child in below)), below)


def _ask(node: Node, asks: tuple[Ask, ...]) -> Ask:
    if isinstance(node, Not):
        return lambda scope: t.opposite(asks[0](scope))
    if isinstance(node, Count):
        k, n = node.k, node.n
        return lambda scope: t.counted(asks[0](scope), k, n)
    if isinstance(node, AtLeast):
        return _at_least(node.k, asks)
    return _folded(np.minimum if isinstance(node, All) else np.maximum, asks)


def _folded(fold: np.ufunc, asks: tuple[Ask, ...]) -> Ask:
    def answer(scope: Scope) -> Truth:
        truth = asks[0](scope)
        for ask in asks[1:]:
            truth = fold(truth, ask(scope))
        return truth

    return answer


def _at_least(k: int, asks: tuple[Ask, ...]) -> Ask:
    def answer(scope: Scope) -> Truth:
        rows = np.stack([ask(scope) for ask in asks])
        return t.enough((rows == t.TRUE).sum(axis=0), (rows == t.UNKNOWN).sum(axis=0), k)

    return answer


def _leaf(condition: Condition, home: Grid) -> Leaf:
    text = condition_text(condition)
    left = column(condition.left, home)
    if isinstance(condition, Trend):
        assert isinstance(left, Column)
        answer = _trend(left, condition.n, text, up=condition.op == "rising")
        return Leaf(condition, text, answer, (left,))
    if isinstance(condition, Range):
        low, high = column(condition.low, home), column(condition.high, home)
        return Leaf(condition, text, _range(left, low, high, condition.op), (left, low, high))
    right = column(condition.right, home)
    return Leaf(condition, text, _COMPARE[condition.op](left, right), (left, right))


def numbers(part: Column | float, scope: Scope) -> Number:
    """The numbers of a compiled operand at each close."""
    return part if isinstance(part, float) else part.at(scope)


def _sign(left: Column | float, right: Column | float, scope: Scope) -> Floats:
    return t.order(numbers(left, scope), numbers(right, scope))


def _compare(says: Callable[[Floats], Truth]) -> Callable[[Column | float, Column | float], Ask]:
    return lambda left, right: lambda scope: says(_sign(left, right, scope))


def _cross(
    was: Callable[[Floats], Truth], now: Callable[[Floats], Truth]
) -> Callable[[Column | float, Column | float], Ask]:
    def build(left: Column | float, right: Column | float) -> Ask:
        def answer(scope: Scope) -> Truth:
            sign = _sign(left, right, scope)
            return t.both(t.before(was(sign)), now(sign))

        return answer

    return build


_COMPARE = {
    "<": _compare(t.below),
    "<=": _compare(t.at_most),
    ">": _compare(t.above),
    ">=": _compare(t.at_least),
    "crosses_above": _cross(t.at_most, t.above),
    "crosses_below": _cross(t.at_least, t.below),
}


def _range(left: Column | float, low: Column | float, high: Column | float, op: str) -> Ask:
    def answer(scope: Scope) -> Truth:
        value = numbers(left, scope)
        inside = t.both(
            t.at_least(t.order(value, numbers(low, scope))), t.at_most(t.order(value, numbers(high, scope)))
        )
        return inside if op == "between" else t.opposite(inside)

    return answer


def _trend(left: Column, n: int, text: str, *, up: bool) -> Ask:
    """Steps are counted on the operand's own candles, then shown at the closes."""

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        values = left.native(evaluation, symbol, wanted - n)
        return None if values is None else t.steady(values, n, up=up)

    steps = Column(text, left.grid, 0, make)

    def answer(scope: Scope) -> Truth:
        values = steps.at(scope)
        return t.known(values, values > 0)

    return answer
