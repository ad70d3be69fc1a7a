"""Rule-sets made ready to be asked: trees of closures over compiled columns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Dense
from trading_core.rules import truth as t
from trading_core.rules.columns import Column, Evaluation, Scope, column, present
from trading_core.rules.fold import gathered
from trading_core.rules.model import (
    Compare,
    Condition,
    Count,
    Named,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
    asks_facts,
    children,
    operands,
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
    slots: tuple[Branch | Leaf, ...]
    """What a verdict keeps the truth of: every condition, then the counts of ``RuleSet.counts``."""
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
    asked = [(name, tree) for name, tree in rules.trees() if tree is not None]
    trees = tuple((name, _branch(tree, waiting)) for name, tree in asked)
    counts = tuple(count for _, tree in trees for count in _outer_counts(tree))
    back = max((lookback(tree) for _, tree in asked), default=0)
    return Compiled(rules, timeframe, trees, leaves, (*leaves, *counts), 1 << back.bit_length())


def _outer_counts(branch: Branch | Leaf) -> Iterator[Branch]:
    if isinstance(branch, Branch):
        if isinstance(branch.node, Count):
            yield branch
        else:
            for child in branch.children:
                yield from _outer_counts(child)


def _branch(node: Node, leaves: Iterator[Leaf]) -> Branch | Leaf:
    """The compiled node; ``leaves`` yields its conditions from left to right."""
    if isinstance(node, (Compare, Range, Trend)):
        return next(leaves)
    below = tuple(_branch(child, leaves) for child in children(node))
    return Branch(node, _ask(node, tuple(child.ask for child in below)), below)


def _ask(node: Node, asks: tuple[Ask, ...]) -> Ask:
    if isinstance(node, Named):
        return asks[0]
    if isinstance(node, Not):
        return lambda scope: t.opposite(asks[0](scope))
    if isinstance(node, Count):
        k, n = node.k, node.n
        return lambda scope: t.counted(asks[0](scope), k, n)
    return _gathered(node, asks)


def _gathered(node: Node, asks: tuple[Ask, ...]) -> Ask:
    return lambda scope: gathered(node, np.stack([ask(scope) for ask in asks]))


def _leaf(condition: Condition, home: Grid) -> Leaf:
    text = condition_text(condition)
    parts = tuple(column(operand, home) for operand in operands(condition))
    if asks_facts(condition):
        return Leaf(condition, text, _unknown, parts)
    if isinstance(condition, Trend):
        assert isinstance(parts[0], Column)
        return Leaf(condition, text, _trend(parts[0], condition.n, text, up=condition.op == "rising"), parts)
    ask = t.ranged if isinstance(condition, Range) else t.compared
    op = condition.op

    def answer(scope: Scope) -> Truth:
        return ask(op, *(numbers(part, scope) for part in parts))

    return Leaf(condition, text, answer, parts)


def numbers(part: Column | float, scope: Scope) -> Number:
    """The numbers of a compiled operand at each close."""
    return part if isinstance(part, float) else part.at(scope)


def _unknown(scope: Scope) -> Truth:
    """What is said to everyone of what a bot alone knows."""
    return np.full(scope.closes.rows, t.UNKNOWN, dtype=np.uint8)


def _trend(left: Column, n: int, text: str, *, up: bool) -> Ask:
    """Steps are counted on the operand's own candles, then shown at the closes."""
    steps = trend_column(left, n, text, up=up)

    def answer(scope: Scope) -> Truth:
        return t.compared(">", steps.at(scope), 0.0)

    return answer


def trend_column(left: Column, n: int, text: str, *, up: bool) -> Column:
    """1 where each of the last n steps of a column went up (or down), 0 where one did not."""

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, _: int) -> tuple[Floats, ...]:
            values = left.native(evaluation, symbol, wanted - n)
            assert values is not None
            return (present(t.steady(values, n, up=up), frame),)

        made = evaluation.series(left.grid.symbol or symbol, left.grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return Column(text, left.grid, 0, make)
