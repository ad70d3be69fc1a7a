"""How far a condition is from turning: the left number against the bound that matters."""

from __future__ import annotations

from collections.abc import Sequence

from trading_core.rules.explanation import Operand
from trading_core.rules.model import Compare, Condition, Range


def distance_of(condition: Condition, shown: Sequence[Operand]) -> tuple[float, float] | tuple[None, None]:
    """How far inside its bound the left number is (negative: outside), and the bound; None where not ready."""
    left, *bounds = [operand.value for operand in shown]
    known = [bound for bound in bounds if bound is not None]
    if left is None or len(known) < len(bounds):
        return None, None
    if isinstance(condition, Compare):
        return _inside(left, known[0], condition.op), known[0]
    if isinstance(condition, Range):
        return _inside_range(left, known[0], known[1], condition.op)
    before = shown[0].before
    if before is None:
        return None, None
    return (left - before if condition.op == "rising" else before - left), before


def _inside(left: float, right: float, op: str) -> float:
    if op == "==":
        return -abs(left - right)
    if op == "!=":
        return abs(left - right)
    return left - right if op in (">", ">=", "crosses_above") else right - left


def _inside_range(left: float, low: float, high: float, op: str) -> tuple[float, float]:
    above, below = left - low, high - left
    inside, bound = (above, low) if above <= below else (below, high)
    return (inside if op == "between" else -inside), bound
