"""Where the nodes of a tree stand: paths as errors, layers and differences name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trading_core.rules.model import All, AnyOf, AtLeast, Count, Named, Node, Not, RuleSet, children
from trading_core.rules.reading import below


class Place(NamedTuple):
    """Where a node stands."""

    path: str
    """``long.all[0]``, as in the document."""
    level: int
    """1 for the root."""


def places(node: Node, path: str, level: int = 1) -> Iterator[tuple[Place, Node]]:
    """Every node at and below one, parents first; a named node and what it names share a place."""
    yield Place(path, level), node
    deeper = level if isinstance(node, Named) else level + 1
    for step, child in zip(_steps(node), children(node), strict=True):
        yield from places(child, below(path, step) if step else path, deeper)


def placed(rules: RuleSet) -> Iterator[tuple[Place, Node]]:
    """Every node of a rule-set, tree by tree."""
    for name, tree in rules.trees():
        if tree is not None:
            yield from places(tree, name)


def child_paths(node: Node, path: str) -> tuple[str, ...]:
    """The paths of the nodes directly below."""
    return tuple(below(path, step) if step else path for step in _steps(node))


def _steps(node: Node) -> tuple[str, ...]:
    if isinstance(node, (All, AnyOf)):
        kind = "all" if isinstance(node, All) else "any"
        return tuple(f"{kind}[{i}]" for i in range(len(node.nodes)))
    if isinstance(node, AtLeast):
        return tuple(f"at_least.of[{i}]" for i in range(len(node.nodes)))
    if isinstance(node, Not):
        return ("not",)
    if isinstance(node, Count):
        return (f"{node.kind}.of",)
    return ("",) if isinstance(node, Named) else ()
