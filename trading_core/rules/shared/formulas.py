"""Conditions and nodes of all rule-sets, each distinct one once, numbered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import (
    All,
    AtLeast,
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
)
from trading_core.rules.requirements import WORST_CLOSE_MS, check_timeframe, frame_start, lookback
from trading_core.rules.shared.board import Places
from trading_core.rules.shared.recipes import Recipes, Source

UNKNOWN, FALSE = 0, 1
"""The formulas that every plan has."""


class Test(NamedTuple):
    """Two sources, by their numbers, compared by an operator."""

    op: str
    left: int
    right: int


class Gathered(NamedTuple):
    """``all``, ``any``, or at least k of others; ``not`` of one."""

    kind: str
    k: int
    parts: tuple[int, ...]


class Counted(NamedTuple):
    """Another true at k of the last n closes."""

    k: int
    n: int
    part: int


Formula = Test | Gathered | Counted


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A rule-set as formulas."""

    rules: RuleSet
    trees: tuple[int, ...]
    """The formula of each tree, in the order of ``TREES``."""
    slots: tuple[int, ...]
    """The formulas of its conditions, then of its outermost counts."""
    used: Places
    """Every formula at and below these."""
    rows: int
    """Closes to run over so that the last is answered in full."""
    reach_ms: int
    """How far back its candles go, at most."""


class Formulas:
    """What the rule-sets of one timeframe are made of; only ever grows."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.recipes = Recipes(timeframe)
        self.sources: list[Source] = []
        self.formulas: list[Formula | None] = [None, None]
        self.levels: list[int] = [0, 0]
        """Formulas that must be known before each, one above the other."""
        self._sources: dict[Source, int] = {}
        self._known: dict[Formula, int] = {}

    def program(self, rules: RuleSet) -> Program:
        """Return a rule-set as formulas; raise RulesInvalid if it can't be asked at this timeframe."""
        check_timeframe(rules, self.timeframe)
        leaves: list[int] = []
        counts: list[int] = []
        trees = tuple(
            FALSE if tree is None else self._formula(tree, leaves, counts) for _, tree in rules.trees()
        )
        back = max((lookback(tree) for _, tree in rules.trees() if tree is not None), default=0)
        start = frame_start(rules, symbol="", timeframe=self.timeframe, close_ms=WORST_CLOSE_MS)
        slots = (*leaves, *counts)
        used = sorted({f for root in (*trees, *slots) for f in self._under(root)})
        reach = WORST_CLOSE_MS - start
        return Program(rules, trees, slots, np.array(used, dtype=np.int64), back + 1, reach)

    def _formula(self, node: Node, leaves: list[int], counts: list[int] | None) -> int:
        """The number of a node; ``leaves`` and, outside of counts, ``counts`` are noted from left to right."""
        if isinstance(node, (Compare, Range, Trend)):
            leaves.append(self._condition(node))
            return leaves[-1]
        if isinstance(node, Named):
            return self._formula(node.node, leaves, counts)
        if isinstance(node, Count):
            # Its place comes before anything below it, where there are no places.
            part = self._formula(node.node, leaves, None)
            found = self._add(Counted(node.k, node.n, part))
            if counts is not None:
                counts.append(found)
            return found
        parts = [self._formula(child, leaves, counts) for child in children(node)]
        if isinstance(node, Not):
            return self._opposite(parts[0])
        if isinstance(node, AtLeast):
            return self._add(Gathered("least", node.k, tuple(sorted(parts))))
        return self._gathered("all" if isinstance(node, All) else "any", parts)

    def _condition(self, condition: Condition) -> int:
        if asks_facts(condition):
            return UNKNOWN
        if isinstance(condition, Trend):
            return self._test(">", self.recipes.steps(condition), 0.0)
        left = self.recipes.source(condition.left)
        if isinstance(condition, Compare):
            return self._test(condition.op, left, self.recipes.source(condition.right))
        bounds = ((">=", condition.low), ("<=", condition.high))
        inside = self._gathered("all", [self._test(op, left, self.recipes.source(b)) for op, b in bounds])
        return inside if condition.op == "between" else self._opposite(inside)

    def _test(self, op: str, left: Source, right: Source) -> int:
        return self._add(Test(op, self._source(left), self._source(right)))

    def _opposite(self, part: int) -> int:
        return self._add(Gathered("not", 1, (part,)))

    def _gathered(self, kind: str, parts: list[int]) -> int:
        distinct = tuple(sorted(set(parts)))
        return distinct[0] if len(distinct) == 1 else self._add(Gathered(kind, 1, distinct))

    def _source(self, source: Source) -> int:
        found = self._sources.get(source)
        if found is None:
            found = self._sources[source] = len(self.sources)
            self.sources.append(source)
        return found

    def _add(self, formula: Formula) -> int:
        found = self._known.get(formula)
        if found is None:
            found = self._known[formula] = len(self.formulas)
            self.formulas.append(formula)
            self.levels.append(max((self.levels[part] + 1 for part in parts_of(formula)), default=0))
        return found

    def _under(self, number: int) -> Iterator[int]:
        yield number
        formula = self.formulas[number]
        if formula is not None:
            for part in parts_of(formula):
                yield from self._under(part)


def parts_of(formula: Formula) -> tuple[int, ...]:
    """The formulas directly below."""
    if isinstance(formula, Gathered):
        return formula.parts
    return (formula.part,) if isinstance(formula, Counted) else ()
