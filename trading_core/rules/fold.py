"""What the trees say, from the slots of a verdict alone: no candle is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trading_core.rules import truth as t
from trading_core.rules.model import (
    TREES,
    All,
    AtLeast,
    Compare,
    Count,
    Named,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
    children,
    conditions,
)
from trading_core.rules.truth import Truth
from trading_core.rules.verdict import Truths, Verdict, slots_of, unpack_truths

SIGNED = np.array([0, -1, 1], dtype=np.int8)
"""A truth as 1 true, 0 false, -1 unknown, by its place."""

PLACES = np.array([t.FALSE, t.TRUE, t.UNKNOWN], dtype=np.uint8)
"""The other way: unknown, -1, is the last."""


def fold(rules: RuleSet, leaves: Truths) -> dict[str, Truths]:
    """Return what each tree says at each close, given the slots: ``int8[slots, closes]``.

    Trees are by name, absent ones false throughout. Raise ValueError if the slots are not those of the rules.
    """
    if len(leaves) != slots_of(rules):
        raise ValueError(f"expected {slots_of(rules)} slots, was {len(leaves)}")
    slots = _Slots.of(rules, leaves)
    said = {name: np.zeros(leaves.shape[1], dtype=np.int8) for name in TREES}
    for name, tree in rules.trees():
        if tree is not None:
            said[name] = SIGNED[_folded(tree, slots)]
    return said


def tags_of(rules: RuleSet, tree: str, verdict: Verdict) -> tuple[str, ...]:
    """Return the tags of the named nodes that are true in a tree, from left to right, each once.

    Below a count what is true at this close is meant; a count below another is not remembered, and
    what stands above it there is taken as unknown.
    """
    tags: dict[str, None] = {}
    slots = _Slots.of(rules, leaves_of(rules, verdict))
    for name, node in rules.trees():
        if node is not None:
            named: list[tuple[Named, Truth]] = []
            _folded(node, slots, named)
            if name == tree:
                for each, truth in named:
                    tags |= dict.fromkeys(each.tags if truth[0] == t.TRUE else ())
    return tuple(tags)


def leaves_of(rules: RuleSet, verdict: Verdict) -> Truths:
    """The slots of one verdict, as ``fold`` takes them: one column."""
    return np.array(unpack_truths(verdict.leaves, slots_of(rules)), dtype=np.int8)[:, np.newaxis]


@dataclass(slots=True)
class _Slots:
    """The slots, taken from left to right."""

    conditions: Iterator[Truth]
    counts: Iterator[Truth]
    unknown: Truth
    depth: int = 0
    """Counts around what is being looked at."""

    @classmethod
    def of(cls, rules: RuleSet, leaves: Truths) -> _Slots:
        places = PLACES[leaves]
        known = len(rules.conditions)
        unknown = np.full(leaves.shape[1], t.UNKNOWN, dtype=np.uint8)
        return cls(iter(places[:known]), iter(places[known:]), unknown)


def _folded(node: Node, slots: _Slots, named: list[tuple[Named, Truth]] | None = None) -> Truth:
    """What a node says; ``named`` collects the named nodes at and below it, in the order of the text."""
    if isinstance(node, (Compare, Range, Trend)):
        return next(slots.conditions)
    if isinstance(node, Count):
        return _count(node, slots, named)
    place = len(named) if named is not None else 0
    parts = [_folded(child, slots, named) for child in children(node)]
    if isinstance(node, Named):
        if named is not None:
            named.insert(place, (node, parts[0]))
        return parts[0]
    if isinstance(node, Not):
        return t.opposite(parts[0])
    return gathered(node, np.stack(parts))


def _count(node: Count, slots: _Slots, named: list[tuple[Named, Truth]] | None) -> Truth:
    """A count's own slot; what is below it is passed over, and only looked at for names."""
    said = slots.unknown if slots.depth else next(slots.counts)
    slots.depth += 1
    if named is None:
        for _ in conditions(node.node):
            next(slots.conditions)
    else:
        _folded(node.node, slots, named)
    slots.depth -= 1
    return said


def gathered(node: Node, parts: Truth) -> Truth:
    """What ``all``, ``any`` or ``at_least`` says of its children, stacked along the first axis."""
    if isinstance(node, AtLeast):
        return t.enough((parts == t.TRUE).sum(axis=0), (parts == t.UNKNOWN).sum(axis=0), node.k)
    return np.asarray((np.minimum if isinstance(node, All) else np.maximum).reduce(parts, axis=0))
