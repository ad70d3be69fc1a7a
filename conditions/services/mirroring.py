"""One side of a draft written from the other."""

from __future__ import annotations

from dataclasses import dataclass

from conditions.models import RuleSet
from conditions.services.drafts import save_draft
from conditions.services.reading import read_draft, valid
from trading_core.errors import RulesInvalid
from trading_core.rules.mirror import OPPOSITE, mirror
from trading_core.rules.model import All, AnyOf, AtLeast, Count, Named, Node, Not
from trading_core.rules.model import RuleSet as Rules

SIDES = ("short", "long")
_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class MirroredDraft:
    """What mirroring made of a draft."""

    rules: Rules
    kept: tuple[str, ...]
    """Paths of the written side's conditions that have no mirror and say what the other side says."""


def mirrored(rule_set: RuleSet, *, side: str) -> MirroredDraft:
    """Return the draft with one side written from the other, names told apart by the side.

    Raise RulesInvalid for a draft that can't be read, for a layer (it says only how it differs from SON),
    and where the other side says nothing.
    """
    if side not in SIDES:
        raise RulesInvalid("side", f"expected {' or '.join(SIDES)}, was {side[:20]!r}")
    if rule_set.is_layer:
        raise RulesInvalid("extends", "a layer over SON has no sides of its own; mirror a set of plain rules")
    reading = valid(read_draft(rule_set.draft))
    assert reading.rules is not None
    written = [tree for tree in OPPOSITE if tree.endswith(side)]
    if all(getattr(reading.rules, OPPOSITE[tree]) is None for tree in written):
        raise RulesInvalid(OPPOSITE[side], f"says nothing, so {side} can't be written from it")
    image = mirror(reading.rules)
    trees = {name: getattr(image.rules if name in written else reading.rules, name) for name in OPPOSITE}
    for name in written:
        if trees[name] is not None:
            trees[name] = _renamed(trees[name], side)
    kept = tuple(path for path in image.kept if path.partition(".")[0] in written)
    return MirroredDraft(Rules(**trees, expires=reading.rules.expires), kept)


def mirror_draft(rule_set: RuleSet, *, side: str) -> MirroredDraft:
    """Save the draft with one side written from the other; raises as ``mirrored`` does."""
    made = mirrored(rule_set, side=side)
    save_draft(rule_set, document=made.rules.canonical())
    return made


def _renamed(node: Node, side: str) -> Node:
    """The node with its names turned to the side: ``long_trend`` to ``short_trend``, ``dip`` to ``dip_short``."""
    if isinstance(node, Named):
        name = None if node.id is None else _name(node.id, side)
        return Named(_renamed(node.node, side), name, node.tags)
    if isinstance(node, (All, AnyOf)):
        return type(node)(tuple(_renamed(child, side) for child in node.nodes))
    if isinstance(node, AtLeast):
        return AtLeast(node.k, tuple(_renamed(child, side) for child in node.nodes))
    if isinstance(node, Not):
        return Not(_renamed(node.node, side))
    if isinstance(node, Count):
        return Count(node.k, node.n, _renamed(node.node, side), node.kind)
    return node


def _name(name: str, side: str) -> str:
    words = name.split("_")
    other = OPPOSITE[side]
    if other in words:
        return "_".join(side if word == other else word for word in words)
    return f"{name[: _MAX_NAME - len(side) - 1]}_{side}"
