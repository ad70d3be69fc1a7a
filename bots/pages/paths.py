"""Where each condition stands in a rule-set's document, for links and for edits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trading_core.rules.model import Compare, Constant, Operand, Range, RuleSet, Trend
from trading_core.rules.places import placed
from trading_core.rules.text import condition_text

_STEP = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Spot:
    """One condition and the numbers written in it."""

    leaf: int
    """Place among ``RuleSet.conditions``."""
    tree: str
    path: str
    text: str
    constants: dict[str, float]
    """By the path of the number."""


def spots(rules: RuleSet) -> list[Spot]:
    """Every condition of a rule-set, in the order of ``RuleSet.conditions``."""
    found: list[Spot] = []
    for place, node in placed(rules):
        if isinstance(node, (Compare, Range, Trend)):
            constants = {
                f"{place.path}.{name}": one.value for name, one in _bounds(node) if isinstance(one, Constant)
            }
            tree = place.path.partition(".")[0]
            found.append(Spot(len(found), tree, place.path, condition_text(node), constants))
    return found


def _bounds(condition: Compare | Range | Trend) -> Iterator[tuple[str, Operand]]:
    yield "left", condition.left
    if isinstance(condition, Compare):
        yield "right", condition.right
    elif isinstance(condition, Range):
        yield "low", condition.low
        yield "high", condition.high


def without(rules: RuleSet, path: str) -> dict[str, Any]:
    """The document of a rule-set as if the condition at a path had never been written.

    A group that is left empty goes with it, up to the tree itself.
    """
    document = rules.canonical()
    tree, *steps = _steps(path)
    left = _without(document[str(tree)], steps)
    return {name: left if name == tree else value for name, value in document.items() if name != tree or left}


def _steps(path: str) -> list[str | int]:
    found: list[str | int] = []
    for name, number in _STEP.findall(path):
        found += [name] if number == "" else [name, int(number)]
    return found


def _without(data: Any, steps: list[str | int]) -> Any:
    """The rest of a part of the document; None where nothing is left."""
    if not steps:
        return None
    here, below = steps[0], steps[1:]
    rest = _without(data[here], below)
    if isinstance(data, list):
        kept = [rest if number == here else one for number, one in enumerate(data)]
        return [one for one in kept if one is not None] or None
    return None if rest is None else {**data, here: rest}
