"""Three-valued truth as arrays: false 0, unknown 1, true 2, so that *and* is the least, *or* the most.

Time runs along the last axis; whatever stands before it (conditions, symbols) is carried along.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Floats
from trading_core.rules.operators import EQUAL_WITHIN

Truth = npt.NDArray[np.uint8]

FALSE, UNKNOWN, TRUE = 0, 1, 2

Order = npt.NDArray[np.uint8]
"""How one number stands to another."""

BELOW, EQUAL, ABOVE, NEITHER = 0, 1, 2, 3
"""``NEITHER``: one of the two is not ready."""

ORDERS = 4

Number = Floats | float

_FEW = 16
_CHUNK = 16_384
"""Rows compared at a time: what fits a processor's cache is compared several times faster."""

SAYS: Mapping[str, Truth] = MappingProxyType(
    {
        "<": np.array([TRUE, FALSE, FALSE, UNKNOWN], dtype=np.uint8),
        "<=": np.array([TRUE, TRUE, FALSE, UNKNOWN], dtype=np.uint8),
        ">": np.array([FALSE, FALSE, TRUE, UNKNOWN], dtype=np.uint8),
        ">=": np.array([FALSE, TRUE, TRUE, UNKNOWN], dtype=np.uint8),
        "==": np.array([FALSE, TRUE, FALSE, UNKNOWN], dtype=np.uint8),
        "!=": np.array([TRUE, FALSE, TRUE, UNKNOWN], dtype=np.uint8),
    }
)
"""What each comparison says of an order."""

_TRUE_OF = {
    operator: tuple(np.flatnonzero(answers == TRUE).astype(np.uint8)) for operator, answers in SAYS.items()
}
"""The orders of which it is true."""

CROSSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"crosses_above": ("<=", ">"), "crosses_below": (">=", "<")}
)
"""The comparison that held at the close before, and the one that holds now."""


def order(left: Number, right: Number) -> Order:
    """How left stands to right: ``BELOW``, ``EQUAL``, ``ABOVE``, or ``NEITHER`` where one is not ready.

    A relative difference under 10⁻⁹ is equal.
    """
    shape = np.broadcast_shapes(np.shape(left), np.shape(right))
    if len(shape) != 1 or shape[0] <= _CHUNK:
        return _order(left, right)
    found = np.empty(shape, dtype=np.uint8)
    for start in range(0, shape[0], _CHUNK):
        part = slice(start, start + _CHUNK)
        found[part] = _order(_part(left, part), _part(right, part))
    return found


def _part(number: Number, part: slice) -> Number:
    return number[part] if isinstance(number, np.ndarray) and number.ndim else number


def _order(left: Number, right: Number) -> Order:
    found: Order = np.greater(left, right).view(np.uint8) * np.uint8(NEITHER - ABOVE)
    found += np.equal(left, right).view(np.uint8) * np.uint8(NEITHER - EQUAL)
    found += np.less(left, right).view(np.uint8) * np.uint8(NEITHER - BELOW)
    np.subtract(NEITHER, found, out=found)
    distance = np.abs(np.subtract(left, right))
    # Whatever is that near to the larger of the two is nearly that near to the right one.
    if np.count_nonzero(distance < np.abs(right) * (2.0 * EQUAL_WITHIN)):
        found[distance < EQUAL_WITHIN * np.maximum(np.abs(left), np.abs(right))] = EQUAL
    return found


def said(operator: str, order: Order) -> Truth:
    """What a comparison says of an order, row by row."""
    found = np.equal(order, NEITHER).view(np.uint8)  # unknown is 1
    for place in _TRUE_OF[operator]:
        found += np.equal(order, place).view(np.uint8) * np.uint8(TRUE)
    return found


def crossed(operator: str, order: Order) -> Truth:
    """Whether the one comparison held a row before and the other holds now."""
    was, now = CROSSES[operator]
    return both(before(said(was, order)), said(now, order))


def compared(operator: str, left: Number, right: Number) -> Truth:
    """What an operator says of two numbers, row by row."""
    found = order(left, right)
    return crossed(operator, found) if operator in CROSSES else said(operator, found)


def ranged(operator: str, value: Number, low: Number, high: Number) -> Truth:
    """Whether the value is ``between`` two bounds, or ``outside``."""
    inside = both(said(">=", order(value, low)), said("<=", order(value, high)))
    return inside if operator == "between" else opposite(inside)


def before(truth: Truth) -> Truth:
    """What was so one row earlier; unknown in the first row."""
    earlier = np.empty_like(truth)
    earlier[..., 0] = UNKNOWN
    earlier[..., 1:] = truth[..., :-1]
    return earlier


def both(left: Truth, right: Truth) -> Truth:
    """Kleene's *and*."""
    return np.minimum(left, right)


def either(left: Truth, right: Truth) -> Truth:
    """Kleene's *or*."""
    return np.maximum(left, right)


def opposite(truth: Truth) -> Truth:
    """Kleene's *not*."""
    return np.uint8(TRUE) - truth


def enough(trues: npt.NDArray[np.integer], unknowns: npt.NDArray[np.integer], k: int) -> Truth:
    """True where k are true, false where even the unknown would not make k."""
    truth = np.full(trues.shape, UNKNOWN, dtype=np.uint8)
    truth[trues >= k] = TRUE
    truth[trues + unknowns < k] = FALSE
    return truth


def counted(truth: Truth, k: int, n: int) -> Truth:
    """True where k of the last n rows are, this one included; rows before the first are unknown."""
    if n <= _FEW and k in (1, n):
        return _folded(np.maximum if k == 1 else np.minimum, truth, n)
    missing = np.maximum(n - 1 - np.arange(truth.shape[-1]), 0)
    return enough(_last(truth == TRUE, n), _last(truth == UNKNOWN, n) + missing, k)


def _folded(fold: np.ufunc, truth: Truth, n: int) -> Truth:
    """The same for one of n (the most) and n of n (the least), faster when n is small."""
    rows = truth.shape[-1]
    padded = np.full((*truth.shape[:-1], rows + n - 1), UNKNOWN, dtype=np.uint8)
    padded[..., n - 1 :] = truth
    result: Truth = truth
    for back in range(n - 1):
        result = fold(result, padded[..., back : back + rows])
    return result


def _last(mask: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int32]:
    """How many of the last n rows are set."""
    total = np.cumsum(mask, axis=-1, dtype=np.int32)
    total[..., n:] -= total[..., :-n].copy()
    return total


def steady(values: Floats, n: int, *, up: bool) -> Floats:
    """1 where each of the last n steps went up (or down), 0 where one did not, NaN where unknown."""
    step = np.full(values.shape, UNKNOWN, dtype=np.uint8)
    if values.shape[-1] > 1:
        step[..., 1:] = said(">" if up else "<", order(values[..., 1:], values[..., :-1]))
    return _STEADY.take(counted(step, n, n))


_STEADY = np.array([0.0, np.nan, 1.0])
