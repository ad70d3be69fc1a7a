"""Which conditions kept a tree from being true, told from the recorded truths alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bots.services.journal import Decision
from trading_core.engine.outcome import OutcomeCode
from trading_core.rules.model import (
    All,
    AnyOf,
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
from trading_core.rules.packed import unpack_closes
from trading_core.rules.study.blockers import sole_blockers
from trading_core.rules.verdict import NO, UNKNOWN, YES, Verdict, slots_of

ENTRIES = ("long", "short")
PER_BYTE = 4
"""Truths packed into a byte."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A node with its truth at a close."""

    node: Node
    truth: int
    below: tuple[Branch, ...] = ()
    leaf: int | None = None
    """Place among ``RuleSet.conditions``; None for a node over others."""

    def leaves(self) -> Iterator[Branch]:
        """The conditions at and below."""
        if self.leaf is not None:
            yield self
        for one in self.below:
            yield from one.leaves()


def trees(rules: RuleSet, leaves: bytes) -> dict[str, Branch]:
    """The trees with the recorded truth of every node; what was not recorded is unknown."""
    slots = _Slots(rules, leaves)
    return {name: slots.branch(tree) for name, tree in rules.trees() if tree is not None}


def failing(tree: Branch) -> list[Branch]:
    """The conditions that kept a tree from being true; none for one that is true.

    Under *not* these are the ones that were not false; under ``for`` and its kin, where an earlier
    close may be to blame, at least those that were asked.
    """
    return list(_blocking(tree, YES))


def near_misses(rules: RuleSet, decided: Iterable[Decision], step_ms: int) -> set[tuple[str, int]]:
    """Symbol and close of the decisions that one condition alone kept from being an entry signal.

    A tree of a single condition is never near: nothing else was there. Below ``for`` and its kin the
    closes before count as well, as far as they are among these.
    """
    by_symbol: dict[str, list[Decision]] = {}
    for one in decided:
        by_symbol.setdefault(one.symbol, []).append(one)
    return {
        (symbol, close_ms) for symbol, ones in by_symbol.items() for close_ms in _near(rules, ones, step_ms)
    }


def _near(rules: RuleSet, decided: Sequence[Decision], step_ms: int) -> Iterator[int]:
    first = min(one.close_ms for one in decided)
    leaves = unpack_closes({one.close_ms: one.leaves for one in decided}, slots_of(rules), step_ms)
    trees = [tree for tree in ENTRIES if len(conditions(getattr(rules, tree) or All(()))) > 1]
    blamed = np.zeros(leaves.shape[1], dtype=np.bool_)
    for tree in trees:
        blamed |= sole_blockers(rules, leaves, tree).any(axis=0)
    for one in decided:
        if one.code == OutcomeCode.NO_SIGNAL and blamed[(one.close_ms - first) // step_ms]:
            yield one.close_ms


def nearest(rules: RuleSet, leaves: bytes) -> Branch | None:
    """The entry tree with the fewest conditions in its way."""
    found = trees(rules, leaves)
    return min(
        (found[name] for name in ENTRIES if name in found), key=lambda tree: len(failing(tree)), default=None
    )


class _Slots:
    """Deals out recorded truths in the order of the conditions, then of the outermost counts."""

    def __init__(self, rules: RuleSet, leaves: bytes) -> None:
        self._said = Verdict(leaves=leaves)
        self._size = len(leaves) * PER_BYTE
        self._next = 0
        self._next_count = len(rules.conditions)

    def branch(self, node: Node, *, counted: bool = False) -> Branch:
        if isinstance(node, (Compare, Range, Trend)):
            place, self._next = self._next, self._next + 1
            return Branch(node, self._truth(place), leaf=place)
        if isinstance(node, Count) and not counted:
            place, self._next_count = self._next_count, self._next_count + 1
            return Branch(node, self._truth(place), self._below(node, counted=True))
        below = self._below(node, counted=counted)
        return Branch(node, _truth_of(node, [one.truth for one in below]), below)

    def _below(self, node: Node, *, counted: bool) -> tuple[Branch, ...]:
        return tuple(self.branch(child, counted=counted) for child in children(node))

    def _truth(self, place: int) -> int:
        return self._said.leaf(place) if place < self._size else UNKNOWN


def _truth_of(node: Node, truths: list[int]) -> int:
    """Three-valued: unknown stays unknown unless the known ones decide."""
    if isinstance(node, Not):
        return {YES: NO, NO: YES}.get(truths[0], UNKNOWN)
    if isinstance(node, Named):
        return truths[0]
    needed = {All: len(truths), AnyOf: 1}.get(type(node), node.k if isinstance(node, AtLeast) else 0)
    sure, possible = truths.count(YES), len(truths) - truths.count(NO)
    if not needed:  # a count inside a count: earlier closes decide, and they were not recorded
        return UNKNOWN
    return YES if sure >= needed else NO if possible < needed else UNKNOWN


def _blocking(branch: Branch, wanted: int) -> Iterator[Branch]:
    if branch.truth == wanted:
        return
    if branch.leaf is not None:
        yield branch
        return
    below = (YES if wanted == NO else NO) if isinstance(branch.node, Not) else wanted
    found = [leaf for child in branch.below for leaf in _blocking(child, below)]
    yield from found or branch.leaves()
