"""Sole blockers: the conditions that alone kept a tree from being true at a close.

A condition is one if the tree would have been true had it, and nothing else, answered differently at
that close: true instead of false or unknown, under *not* false. Where the same condition stands at
several places of the tree it is one condition, with one answer. Earlier closes stay as they were, so
that below ``within``, ``for`` and ``count`` only the answer of the close itself is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.rules import truth as t
from trading_core.rules.fold import PLACES, gathered
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
    children,
)
from trading_core.rules.truth import Truth
from trading_core.rules.verdict import Truths, slots_of

Flags = npt.NDArray[np.bool_]


def sole_blockers(rules: RuleSet, leaves: Truths, tree: str) -> Flags:
    """Return for every condition and close whether it alone kept a tree from being true.

    ``leaves`` is ``int8[slots, closes]`` of consecutive closes, as in ``History.leaves``; a close of
    which nothing is known is -1 throughout. The answer is ``bool[conditions, closes]``: conditions of
    other trees are never to blame. Raise ValueError if the slots are not those of the rules.
    """
    if len(leaves) != slots_of(rules):
        raise ValueError(f"expected {slots_of(rules)} slots, was {len(leaves)}")
    found = np.zeros((len(rules.conditions), leaves.shape[1]), dtype=np.bool_)
    root = dict(_placed_trees(rules, PLACES[leaves])).get(tree)
    if root is None:
        return found
    for condition, places in _same(root).items():
        blames = np.zeros(leaves.shape[1], dtype=np.bool_)
        for helps in sorted({answer for _, answer in places}):
            answer = np.full(leaves.shape[1], helps, dtype=np.uint8)
            blames |= (root.if_answered(condition, answer) == t.TRUE) & (root.told(condition) != helps)
        found[[place for place, _ in places]] = blames & (root.truth != t.TRUE)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """A node with what it said at every close."""

    node: Node
    truth: Truth
    below: tuple[_Placed, ...]
    leaf: int | None
    """Place of a condition among ``RuleSet.conditions``."""

    def conditions(self, helps: int = t.TRUE) -> Iterator[tuple[Condition, int, int]]:
        """The conditions at and below, with their places and the answer that would help."""
        if self.leaf is not None:
            assert isinstance(self.node, (Compare, Range, Trend))
            yield self.node, self.leaf, helps
        wanted = t.TRUE - helps if isinstance(self.node, Not) else helps
        for child in self.below:
            yield from child.conditions(wanted)

    def told(self, condition: Condition) -> Truth:
        """What a condition below said."""
        return next(p.truth for p in self.all() if p.node == condition)

    def all(self) -> Iterator[_Placed]:
        """This node and those below."""
        yield self
        for child in self.below:
            yield from child.all()

    def if_answered(self, condition: Condition, answer: Truth) -> Truth:
        """What the node would have said at each close had a condition answered so there, and there only."""
        if self.leaf is not None:
            return answer if self.node == condition else self.truth
        parts = [child.if_answered(condition, answer) for child in self.below]
        if all(part is child.truth for part, child in zip(parts, self.below, strict=True)):
            return self.truth
        if isinstance(self.node, Count):
            return _counted_now(self.node, self.below[0].truth, parts[0])
        return _said(self.node, parts)


def _placed_trees(rules: RuleSet, slots: Truth) -> Iterator[tuple[str, _Placed]]:
    known = iter(enumerate(slots[: len(rules.conditions)]))
    counts = iter(slots[len(rules.conditions) :])
    for name, tree in rules.trees():
        if tree is not None:
            yield name, _placed(tree, known, counts)


def _placed(node: Node, known: Iterator[tuple[int, Truth]], counts: Iterator[Truth] | None) -> _Placed:
    """A node and what is below; ``counts`` is None below a count, whose own counts are not recorded."""
    if isinstance(node, (Compare, Range, Trend)):
        leaf, truth = next(known)
        return _Placed(node, truth, (), leaf)
    inner = None if isinstance(node, Count) else counts
    below = tuple(_placed(child, known, inner) for child in children(node))
    if not isinstance(node, Count):
        return _Placed(node, _said(node, [child.truth for child in below]), below, None)
    truth = t.counted(below[0].truth, node.k, node.n) if counts is None else next(counts)
    return _Placed(node, truth, below, None)


def _same(root: _Placed) -> Mapping[Condition, list[tuple[int, int]]]:
    """Each distinct condition with its places and the answers that would help there."""
    found: dict[Condition, list[tuple[int, int]]] = {}
    for condition, place, helps in root.conditions():
        found.setdefault(condition, []).append((place, helps))
    return found


def _said(node: Node, parts: list[Truth]) -> Truth:
    if isinstance(node, Named):
        return parts[0]
    if isinstance(node, Not):
        return t.opposite(parts[0])
    return gathered(node, np.stack(parts))


def _counted_now(count: Count, was: Truth, now: Truth) -> Truth:
    """What a count says if its node says ``now`` at the close, and what it ``was`` before."""
    before = np.minimum(count.n - 1, np.arange(len(was)))
    missing = count.n - 1 - before
    trues, unknowns = (_sum_before(was == truth, count.n) for truth in (t.TRUE, t.UNKNOWN))
    return t.enough(trues + (now == t.TRUE), unknowns + missing + (now == t.UNKNOWN), count.k)


def _sum_before(mask: Flags, n: int) -> npt.NDArray[np.int64]:
    """How many of the n - 1 rows before each one are set."""
    total = np.concatenate(([0], np.cumsum(mask, dtype=np.int64)))
    rows = np.arange(len(mask))
    return total[rows] - total[np.maximum(rows - n + 1, 0)]
