"""What documents and text may not say alike."""

from __future__ import annotations

import re

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_DEPTH, MAX_TAGS, MAX_TREND
from trading_core.rules.model import (
    Clock,
    Compare,
    Condition,
    Constant,
    Count,
    Fact,
    Named,
    Node,
    Operand,
    Range,
    Session,
    Trend,
    asks_facts,
    conditions,
    operands,
)
from trading_core.rules.operands import atoms, levels
from trading_core.rules.places import places
from trading_core.rules.reading import Budget, shown

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAG = re.compile(r"[a-z][a-z0-9_-]{0,19}")
_CHANGING = "expected something that can change, was a number"


def check_condition(condition: Condition, path: str) -> Condition:
    """Return the condition; raise RulesInvalid if it asks what can't be answered or never changes."""
    if isinstance(condition, Trend):
        _check_trend(condition, path)
    elif isinstance(condition, Compare):
        if isinstance(condition.left, Constant) and isinstance(condition.right, Constant):
            raise RulesInvalid(path, "expected something that can change, compares two numbers")
    else:
        _check_range(condition, path)
    if asks_facts(condition):
        _check_facts(condition, path)
    return condition


def _check_trend(trend: Trend, path: str) -> None:
    if trend.n > MAX_TREND:
        raise RulesInvalid(f"{path}.n", f"expected at most {MAX_TREND}, was {trend.n}")
    if isinstance(trend.left, Constant):
        raise RulesInvalid(f"{path}.left", _CHANGING)
    if has(trend.left, Clock, Session):
        raise RulesInvalid(f"{path}.left", "the clock and sessions neither rise nor fall; compare them")


def _check_range(condition: Range, path: str) -> None:
    low, high = condition.low, condition.high
    if isinstance(condition.left, Constant):
        raise RulesInvalid(f"{path}.left", _CHANGING)
    if isinstance(low, Constant) and isinstance(high, Constant) and low.value >= high.value:
        raise RulesInvalid(f"{path}.low", "expected a low bound below the high bound")


def _check_facts(condition: Condition, path: str) -> None:
    """Facts are known at this close only and don't live on candles."""
    if isinstance(condition, Trend) or condition.op.startswith("crosses"):
        raise RulesInvalid(
            f"{path}.op",
            "position and portfolio are known at this close only; compare them by < <= > >= == !=, "
            f"between or outside, not {condition.op}",
        )
    for operand in operands(condition):
        for atom in atoms(operand):
            if not isinstance(atom, (Constant, Fact)):
                raise RulesInvalid(
                    path, "position and portfolio are compared with numbers and each other only"
                )


def has(operand: Operand, *kinds: type) -> bool:
    """Whether an operand is computed from one of those kinds."""
    return any(isinstance(atom, kinds) for atom in atoms(operand))


def lasting(count: Count, path: str) -> Count:
    """Return the count; raise RulesInvalid if what it counts is not known of earlier closes."""
    if any(asks_facts(condition) for condition in conditions(count.node)):
        raise RulesInvalid(
            path, "position and portfolio are known at this close only; they can't stand within, for or count"
        )
    return count


def named(node: Node, name: object, tags: object, path: str, budget: Budget) -> Node:
    """Return the node with its name (None: without) and tags; raise RulesInvalid if one won't do."""
    if name is None and tags in ([], ()):
        return node
    if isinstance(node, Named):
        raise RulesInvalid(path, "has a name or tags already; write them once")
    if name is not None and not (isinstance(name, str) and _ID.fullmatch(name)):
        raise RulesInvalid(f"{path}.id", f"expected a name such as oversold_2 (a-z 0-9 _), was {shown(name)}")
    if not isinstance(tags, (list, tuple)) or len(tags) > MAX_TAGS:
        raise RulesInvalid(f"{path}.tags", f"expected a list of at most {MAX_TAGS} tags")
    for i, tag in enumerate(tags):
        if not isinstance(tag, str) or not _TAG.fullmatch(tag):
            raise RulesInvalid(
                f"{path}.tags[{i}]", f"expected a tag such as dip (a-z 0-9 _ -), was {shown(tag)}"
            )
        if tag in tags[:i]:
            raise RulesInvalid(f"{path}.tags[{i}]", f"the tag {tag!r} appears twice")
        budget.tag(tag, f"{path}.tags[{i}]")
    if name is not None:
        budget.id(name, f"{path}.id")
    return Named(node, name, tuple(tags))


def check_depth(tree: Node, path: str) -> None:
    """Raise RulesInvalid if a tree has more levels, down to the innermost operand, than may be."""
    for place, node in places(tree, path):
        below = operands(node) if isinstance(node, (Compare, Range, Trend)) else ()
        level = place.level + max(map(levels, below), default=0)
        if level > MAX_DEPTH:
            raise RulesInvalid(place.path, f"expected at most {MAX_DEPTH} levels, has {level}")
