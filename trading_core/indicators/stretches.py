"""What is said of many candles in a row; and quick tests of that, which tell that nothing is to be mended."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trading_core.indicators.spec import Params
from trading_core.market.candle import Floats

Said = npt.NDArray[np.bool_]

Count = Callable[[Params], int]

Test = Callable[[tuple[Floats, ...], tuple[Floats, ...], int, int], bool]
"""Inputs, answers and rows [start, stop) in: whether there is certainly nothing to put right there.

Early answers mean nothing.
"""

Sound = Callable[[Params], Test]
"""Parameters in."""

_LONG = 4096
"""Rows from which on a search is worth preparing."""


def somewhere(said: Said) -> bool:
    """Whether it is said of any; ``any`` takes several times as long over a thousand rows."""
    return bool(len(said)) and said.item(said.argmax())


def holds(said: Said, count: int) -> bool:
    """Whether it is said that many times in a row; one search costs less than any arithmetic."""
    if len(said) >= _LONG and count > 2:  # noqa: PLR2004
        # So many in a row fill one aligned word.
        width = min(8, 1 << (count + 1).bit_length() - 2)
        words = said[: len(said) // width * width].view(f"u{width}")
        if not somewhere(words == int.from_bytes(b"\1" * width)):
            return False
    return b"\1" * count in said.tobytes()


def lasting(said: Said, count: int) -> Said:
    """Whether it is said that many times in a row, from the first row on at which it can be."""
    width = 1
    while width < count:
        # Where a stretch of this width goes on right into another, the two are one stretch.
        by = min(width, count - width)
        said = said[by:] & said[:-by]
        width += by
    return said


def late(lasting: Said, rows: int) -> Said:
    """The same with False for the rows before, so that there are so many."""
    return np.concatenate((np.zeros(rows - len(lasting), dtype=bool), lasting))


def never_still(at: int, count: Count) -> Sound:
    """Nowhere is an input one number for so many candles."""

    def bind(params: Params) -> Test:
        pairs = count(params) - 1

        def sound(inputs: tuple[Floats, ...], _: tuple[Floats, ...], start: int, stop: int) -> bool:
            column = inputs[at]
            return not holds(column[start + 1 : stop] == column[start : stop - 1], pairs)

        return sound

    return bind


def never_equal(at: int, other: int, count: Count) -> Sound:
    """Nowhere are two inputs equal for so many candles."""

    def bind(params: Params) -> Test:
        candles = count(params)

        def sound(inputs: tuple[Floats, ...], _: tuple[Floats, ...], start: int, stop: int) -> bool:
            one, two = inputs[at], inputs[other]
            # One of these rows is among any so many in a row.
            if not somewhere(one[start:stop:candles] == two[start:stop:candles]):
                return True
            return candles > 1 and not holds(one[start:stop] == two[start:stop], candles)

        return sound

    return bind


def never_zero(at: int, count: Count) -> Sound:
    """Nowhere is an input 0 for so many candles."""

    def bind(params: Params) -> Test:
        candles = count(params)

        def sound(inputs: tuple[Floats, ...], _: tuple[Floats, ...], start: int, stop: int) -> bool:
            column = inputs[at]
            if not somewhere(column[start:stop:candles] == 0.0):
                return True
            return candles > 1 and not holds(column[start:stop] == 0.0, candles)

        return sound

    return bind


def never_answered_zero(at: int, idle: Count) -> Sound:
    """Nowhere is an answer 0, but for so many at the beginning."""

    def bind(params: Params) -> Test:
        first = idle(params)
        return lambda _, answers, start, stop: not somewhere(answers[at][start + first : stop] == 0.0)

    return bind
