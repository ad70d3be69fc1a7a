"""What a rule-set says, and what is different from another, in words."""

from __future__ import annotations

from dataclasses import dataclass

from conditions.selectors import TREE_LABELS
from trading_core.rules.difference import Change, Kind, difference
from trading_core.rules.model import RuleSet
from trading_core.rules.prose import said


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One difference, written out."""

    kind: str
    """added, removed, changed, moved."""
    where: str
    path: str
    old: str
    """Empty for what was added."""
    new: str
    """Empty for what was removed."""


def changes(old: RuleSet, new: RuleSet) -> list[ChangeLine]:
    """What was added, removed, changed and moved, tree by tree."""
    return [_line(change) for change in difference(old, new)]


def sentences(rules: RuleSet, tree: str) -> list[str]:
    """One tree in words; none if it is absent."""
    node = getattr(rules, tree)
    return [] if node is None else list(said(RuleSet(**{tree: node})))


def _line(change: Change) -> ChangeLine:
    tree = change.path.partition(".")[0].partition("[")[0]
    place = TREE_LABELS.get(tree, "Signals expire" if tree == "expires" else tree)
    what = [place, *([change.id] if change.id else []), change.kind.value]
    if change.numbers:
        what.append(", ".join(f"{a:g} to {b:g}" for a, b in change.numbers))
    if change.kind is Kind.MOVED and change.old_path:
        origin = change.old_path.partition(".")[0].partition("[")[0]
        what.append(f"from {TREE_LABELS.get(origin, origin).lower()}")
    return ChangeLine(change.kind.value, ", ".join(what), change.path, change.old or "", change.new or "")
