"""Three-valued truth as arrays: false 0, unknown 1, true 2, so that *and* is the least, *or* the most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Floats
from trading_core.rules.operators import EQUAL_WITHIN

Truth = npt.NDArray[np.uint8]

FALSE, UNKNOWN, TRUE = 0, 1, 2

Number = Floats | float

_FEW = 16


def order(left: Number, right: Number) -> Floats:
    """-1, 0 or 1 as left is below, equal to or above right; NaN where one of them is not ready.

    A relative difference under 10⁻⁹ is equal.
    """
    difference = np.subtract(left, right)
    sign: Floats = np.sign(difference)
    near = np.abs(difference) < EQUAL_WITHIN * np.maximum(np.abs(left), np.abs(right))
    sign[near] = 0.0
    return sign


def known(sign: Floats, holds: npt.NDArray[np.bool_]) -> Truth:
    """True or false as ``holds`` says, unknown where the sign is."""
    truth = holds.view(np.uint8) * np.uint8(TRUE)
    truth[np.isnan(sign)] = UNKNOWN
    return truth


def below(sign: Floats) -> Truth:
    """Left < right."""
    return known(sign, sign < 0)


def at_most(sign: Floats) -> Truth:
    """Left <= right."""
    return known(sign, sign <= 0)


def above(sign: Floats) -> Truth:
    """Left > right."""
    return known(sign, sign > 0)


def at_least(sign: Floats) -> Truth:
    """Left >= right."""
    return known(sign, sign >= 0)


def before(truth: Truth) -> Truth:
    """What was so one row earlier; unknown in the first row."""
    earlier = np.empty_like(truth)
    earlier[0] = UNKNOWN
    earlier[1:] = truth[:-1]
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


def enough(trues: npt.NDArray[np.int64], unknowns: npt.NDArray[np.int64], k: int) -> Truth:
    """True where k are true, false where even the unknown would not make k."""
    truth = np.full(len(trues), UNKNOWN, dtype=np.uint8)
    truth[trues >= k] = TRUE
    truth[trues + unknowns < k] = FALSE
    return truth


def counted(truth: Truth, k: int, n: int) -> Truth:
    """True where k of the last n rows are, this one included; rows before the first are unknown."""
    rows = len(truth)
    if n <= _FEW and k in (1, n):
        return _folded(np.maximum if k == 1 else np.minimum, truth, n)
    missing = np.maximum(n - 1 - np.arange(rows), 0)
    return enough(_last(truth == TRUE, n), _last(truth == UNKNOWN, n) + missing, k)


def _folded(fold: np.ufunc, truth: Truth, n: int) -> Truth:
    """The same for one of n (the most) and n of n (the least), faster when n is small."""
    rows = len(truth)
    padded = np.full(rows + n - 1, UNKNOWN, dtype=np.uint8)
    padded[n - 1 :] = truth
    result: Truth = truth
    for back in range(n - 1):
        result = fold(result, padded[back : back + rows])
    return result


def _last(mask: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.int64]:
    """How many of the last n rows are set."""
    total = np.cumsum(mask, dtype=np.int64)
    total[n:] -= total[:-n].copy()
    return total


def steady(values: Floats, n: int, *, up: bool) -> Floats:
    """1 where each of the last n steps went up (or down), 0 where one did not, NaN where unknown."""
    sign = np.full(len(values), np.nan)
    if len(values) > 1:
        sign[1:] = order(values[1:], values[:-1])
    step = above(sign) if up else below(sign)
    truth = counted(step, n, n)
    return np.where(truth == UNKNOWN, np.nan, truth / TRUE)
