"""Rules as an outline: every group with visible brackets, every condition with where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Count,
    Named,
    Node,
    Not,
    RuleSet,
    children,
)
from trading_core.rules.text import to_text

BASE, OWN, OVERRIDE, OFF = "base", "own", "override", "off"


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of an outline."""

    head: str
    """The text of a condition, or what a group asks of those below: ``all of``."""
    id: str
    tags: tuple[str, ...]
    origin: str
    """``base``, ``own``, ``override`` or ``off``; empty for a group."""
    slot: int
    """The condition's place in the verdict's leaves; -1 for a group or what is switched off."""
    below: tuple[Branch, ...] = ()

    def data(self) -> dict[str, Any]:
        """The branch as plain data."""
        said: dict[str, Any] = {"text": self.head, "id": self.id or None, "tags": list(self.tags)}
        if self.below:
            return {**said, "of": [branch.data() for branch in self.below]}
        return {**said, "origin": self.origin, "condition": self.slot if self.slot >= 0 else None}


@dataclass(frozen=True, slots=True)
class Outline:
    """One tree of a rule-set."""

    tree: str
    root: Branch | None
    off: tuple[Branch, ...] = ()
    """What SON says in this tree and the layer switched off."""


def outline(
    rules: RuleSet, origins: Sequence[str], *, base: RuleSet | None = None, disabled: Sequence[str] = ()
) -> list[Outline]:
    """Return the trees in order; a tree that nothing says and nothing was taken from is left out."""
    slots = count()
    found = []
    for (tree, root), (_, under) in zip(rules.trees(), (base or rules).trees(), strict=True):
        off = tuple(_off(under, disabled)) if base is not None and under is not None else ()
        branch = None if root is None else _branch(root, slots, origins)
        if branch is not None or off:
            found.append(Outline(tree, branch, off))
    return found


def named_nodes(node: Node) -> Iterator[Named]:
    """The nodes with a name at and below a node, outer ones first."""
    if isinstance(node, Named) and node.id is not None:
        yield node
    for child in children(node):
        yield from named_nodes(child)


def _branch(node: Node, slots: Iterator[int], origins: Sequence[str]) -> Branch:
    name, tags = "", tuple[str, ...]()
    while isinstance(node, Named):
        name, tags, node = name or node.id or "", (*tags, *node.tags), node.node
    below = tuple(_branch(child, slots, origins) for child in children(node))
    if below:
        return Branch(_head(node), name, tags, "", -1, below)
    slot = next(slots)
    return Branch(to_text(node), name, tags, origins[slot] if slot < len(origins) else OWN, slot)


def _off(node: Node, disabled: Sequence[str]) -> Iterator[Branch]:
    for named in named_nodes(node):
        if named.id in disabled:
            yield Branch(to_text(named.node), named.id or "", named.tags, OFF, -1)


def _head(node: Node) -> str:
    if isinstance(node, All):
        return "all of"
    if isinstance(node, AnyOf):
        return "any of"
    if isinstance(node, Not):
        return "not"
    if isinstance(node, AtLeast):
        return f"at least {node.k} of"
    assert isinstance(node, Count)
    heads = {
        "within": f"at one of the last {node.n} closes",
        "for": f"at each of the last {node.n} closes",
        "count": f"at {node.k} or more of the last {node.n} closes",
    }
    return heads[node.kind]
