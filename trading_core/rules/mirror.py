"""Long made short and short made long, so that a person writes one side.

The trees change sides, and each comparison is turned upside down (``mirror_operand``): above becomes
below, rising falling, RSI under 30 RSI over 70, the upper band the lower. A condition made of what has
no direction (volume, ATR, the clock, the portfolio) says the same. One that compares a direction with
what has none (RSI with ADX, a price with a fixed number) has no mirror: it stays and is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isclose

from trading_core.rules.limits import MAX_NUMBER
from trading_core.rules.mirror_operand import Image, image
from trading_core.rules.model import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Combined,
    Compare,
    Condition,
    Constant,
    Count,
    Named,
    Node,
    Not,
    Operand,
    Range,
    RuleSet,
    Trend,
)
from trading_core.rules.places import child_paths

OPPOSITE = {
    "long": "short",
    "short": "long",
    "exit_long": "exit_short",
    "exit_short": "exit_long",
    "average_long": "average_short",
    "average_short": "average_long",
}
"""The tree of the other side."""

_TURNED = {
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "crosses_above": "crosses_below",
    "crosses_below": "crosses_above",
    "rising": "falling",
    "falling": "rising",
}


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A rule-set in the mirror."""

    rules: RuleSet
    kept: tuple[str, ...]
    """Paths in ``rules`` of the conditions that have no mirror and stay as they were."""


def mirror(rules: RuleSet) -> Mirrored:
    """Return the rules with long and short in each other's place. Mirrored twice they are the same."""
    kept: list[str] = []
    trees = {
        OPPOSITE[name]: _node(tree, OPPOSITE[name], kept) for name, tree in rules.trees() if tree is not None
    }
    order = {name: place for place, name in enumerate(OPPOSITE)}
    return Mirrored(
        RuleSet(**trees, expires=rules.expires),
        tuple(sorted(kept, key=lambda path: order[path.partition(".")[0]])),
    )


def _node(node: Node, path: str, kept: list[str]) -> Node:
    if isinstance(node, (Compare, Range, Trend)):
        turned = mirrored_condition(node)
        if turned is None:
            kept.append(path)
            return node
        return turned
    if isinstance(node, (All, AnyOf, AtLeast)):
        nodes = tuple(
            _node(child, place, kept)
            for child, place in zip(node.nodes, child_paths(node, path), strict=True)
        )
        return AtLeast(node.k, nodes) if isinstance(node, AtLeast) else type(node)(nodes)
    (place,) = child_paths(node, path)
    inner = _node(node.node, place, kept)
    if isinstance(node, Named):
        return Named(inner, node.id, node.tags)
    return Not(inner) if isinstance(node, Not) else Count(node.k, node.n, inner, node.kind)


def mirrored_condition(condition: Condition) -> Condition | None:
    """The condition in the mirror; None if it has none, or if its own mirror would not be it again."""
    turned = _turned(condition)
    return turned if turned is not None and _turned(turned) == condition else None


def _turned(condition: Condition) -> Condition | None:
    left = image(condition.left)
    if left is None:
        return None
    if isinstance(condition, Compare):
        return _compare(condition, left)
    if isinstance(condition, Range):
        return _range(condition, left)
    op = _TURNED[condition.op] if left.turned else condition.op
    return Trend(left.operand, op, condition.n)


def _compare(condition: Compare, left: Image) -> Compare | None:
    right = image(condition.right)
    if right is None:
        return None
    if not left.turned and not right.turned:
        return Compare(left.operand, condition.op, right.operand)
    op = _TURNED.get(condition.op, condition.op)
    if not left.turned:
        bound = _bound(right, left)
        return None if bound is None else Compare(bound, op, right.operand)
    bound = _bound(left, right)
    return _distance(condition, left, right) if bound is None else Compare(left.operand, op, bound)


def _range(condition: Range, left: Image) -> Range | None:
    low, high = image(condition.low), image(condition.high)
    if low is None or high is None:
        return None
    if not (left.turned or low.turned or high.turned):
        return Range(left.operand, condition.op, low.operand, high.operand)
    if not left.turned:
        return None
    new_low, new_high = _bound(left, high), _bound(left, low)
    if new_low is None or new_high is None:
        return None
    return Range(left.operand, condition.op, new_low, new_high)


def _bound(turned: Image, other: Image) -> Operand | None:
    """What the image of something turned is compared with: A and the shifts must cancel out."""
    if isinstance(other.operand, Constant):
        return None if turned.levels else _constant(turned.shift, other.operand.value)
    if other.turned and isclose(turned.levels, other.levels) and isclose(turned.shift, other.shift):
        return other.operand
    return None


def _constant(shift: float, value: float) -> Constant | None:
    """``shift - value`` in decimals, so that 100 - 0.1 is 99.9 and back."""
    turned = float(Decimal(repr(shift)) - Decimal(repr(value))) + 0.0
    return Constant(turned) if abs(turned) <= MAX_NUMBER else None


def _distance(condition: Compare, left: Image, right: Image) -> Compare | None:
    """A distance beside a size: ``close - ema > atr`` becomes ``ema - close > atr``."""
    inner = left.operand
    if not left.centred_at_zero or right.turned:
        return None
    if not isinstance(inner, Combined) or inner.operation is not Arithmetic.SUB:
        return None
    return Compare(Combined(Arithmetic.SUB, inner.right, inner.left), condition.op, right.operand)
