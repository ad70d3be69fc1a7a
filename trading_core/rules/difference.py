"""What changed from one rule-set to another, by meaning: the order inside a group is none."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum

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
)
from trading_core.rules.places import child_paths
from trading_core.rules.text import to_text
from trading_core.rules.words import numbers_of


class Kind(StrEnum):
    """What happened to a node."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    kind: Kind
    path: str
    """Where it stands now; where it stood if it was removed."""
    old: str | None = None
    """Its text before; None for what was added."""
    new: str | None = None
    """Its text now; None for what was removed."""
    numbers: tuple[tuple[float, float], ...] = ()
    """Where only numbers differ: each from and to."""
    old_path: str | None = None
    """Where it stood, if it was moved."""
    id: str | None = None
    """Its name, if it has one."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node and where it stands."""

    path: str
    node: Node

    def below(self) -> list[_Spot]:
        """The nodes directly below, a name being none of its own."""
        bare = _bare(self.node)
        return [
            _Spot(path, node) for path, node in zip(child_paths(bare, self.path), children(bare), strict=True)
        ]


def difference(old: RuleSet, new: RuleSet) -> list[Change]:
    """Return what changed, tree by tree; empty if both say the same, in another order at most."""
    found: list[Change] = []
    if old.expires != new.expires:
        numbers = ((float(old.expires), float(new.expires)),)
        found.append(Change(Kind.CHANGED, "expires", str(old.expires), str(new.expires), numbers))
    for (name, before), (_, after) in zip(old.trees(), new.trees(), strict=True):
        if before is not None and after is not None:
            found += _compared(_Spot(name, before), _Spot(name, after))
        elif before is not None or after is not None:
            found += _matched(_conditions(name, before), _conditions(name, after))
    return _with_moves(found)


def _conditions(name: str, tree: Node | None) -> list[_Spot]:
    """What a tree that is there on one side only asks for."""
    if tree is None:
        return []
    return _Spot(name, tree).below() if isinstance(tree, All) else [_Spot(name, tree)]


def _compared(old: _Spot, new: _Spot) -> Iterator[Change]:
    if _meaning(old.node) == _meaning(new.node):
        return
    if children(_bare(old.node)) and _head(old.node) == _head(new.node):
        yield from _matched(old.below(), new.below())
    elif _holds(new, old):
        yield from _matched([old], new.below())
    elif _holds(old, new):
        yield from _matched(old.below(), [new])
    else:
        before, after = to_text(old.node), to_text(new.node)
        yield Change(Kind.CHANGED, new.path, before, after, _numbers(before, after), id=_id(new.node))


def _holds(group: _Spot, spot: _Spot) -> bool:
    """Whether a group is another node with something added beside it."""
    if not isinstance(group.node, (All, AnyOf)):
        return False
    return any(_meaning(child) == _meaning(spot.node) for child in group.node.nodes)


def _matched(left: list[_Spot], right: list[_Spot]) -> Iterator[Change]:
    """What changed among two lists of nodes in no order."""
    pairs: list[tuple[_Spot, _Spot]] = []
    for key in _KEYS:
        pairs += _pairs(left, right, key)
    for before, after in pairs:
        yield from _compared(before, after)
    for spot in left:
        yield Change(Kind.REMOVED, spot.path, old=to_text(spot.node), id=_id(spot.node))
    for spot in right:
        yield Change(Kind.ADDED, spot.path, new=to_text(spot.node), id=_id(spot.node))


def _pairs(
    left: list[_Spot], right: list[_Spot], key: Callable[[Node], Hashable]
) -> Iterator[tuple[_Spot, _Spot]]:
    """Take nodes with equal keys (None equals nothing) out of both lists."""
    for spot in tuple(left):
        wanted = key(spot.node)
        match = next((other for other in right if wanted is not None and key(other.node) == wanted), None)
        if match is not None:
            left.remove(spot)
            right.remove(match)
            yield spot, match


def _bare(node: Node) -> Node:
    return node.node if isinstance(node, Named) else node


def _id(node: Node) -> str | None:
    return node.id if isinstance(node, Named) else None


def _head(node: Node) -> Hashable:
    """A group without its nodes."""
    name = (node.id, tuple(sorted(node.tags))) if isinstance(node, Named) else None
    bare = _bare(node)
    k = bare.k if isinstance(bare, (AtLeast, Count)) else 0
    n = bare.n if isinstance(bare, Count) else 0
    return name, type(bare).__name__, k, n


def _meaning(node: Node) -> Hashable:
    """Equal for nodes that say the same, whatever their order in a group."""
    bare = _bare(node)
    if not children(bare):
        return _head(node), to_text(bare)
    return _head(node), tuple(sorted(map(_meaning, children(bare)), key=repr))


def _subject(node: Node) -> Hashable:
    """What a node is about: its text with every number blank."""
    return numbers_of(to_text(_bare(node)))[0]


def _left(node: Node) -> Hashable:
    """The left operand of a condition."""
    bare = _bare(node)
    if isinstance(bare, Count):
        return _left(bare.node)
    return bare.left if isinstance(bare, (Compare, Range, Trend)) else None


def _group(node: Node) -> Hashable:
    bare = _bare(node)
    return type(bare).__name__ if isinstance(bare, (All, AnyOf, AtLeast, Not)) else None


_KEYS: tuple[Callable[[Node], Hashable], ...] = (
    _id,
    _meaning,
    lambda node: _meaning(_bare(node)),
    _subject,
    _left,
    _group,
)
"""Two nodes are taken for one by name, else by meaning, else by what they are about."""


def _numbers(old: str, new: str) -> tuple[tuple[float, float], ...]:
    (shape, from_), (other, to) = numbers_of(old), numbers_of(new)
    return tuple((a, b) for a, b in zip(from_, to, strict=True) if a != b) if shape == other else ()


def _with_moves(found: list[Change]) -> list[Change]:
    """What was removed here and added there was moved."""
    added = [change for change in found if change.kind is Kind.ADDED]
    moved: dict[Change, Change] = {}
    gone: set[Change] = set()
    for removed in found:
        if removed.kind is not Kind.REMOVED:
            continue
        match = next((change for change in added if _one_node(removed, change)), None)
        if match is not None:
            added.remove(match)
            gone.add(removed)
            old, new = removed.old or "", match.new or ""
            moved[match] = Change(
                Kind.MOVED, match.path, old, new, _numbers(old, new), removed.path, match.id
            )
    return [moved.get(change, change) for change in found if change not in gone]


def _one_node(removed: Change, added: Change) -> bool:
    """Whether both are one node: by its name, else by its text."""
    return removed.old == added.new or (removed.id is not None and removed.id == added.id)
