from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trading_core.indicators.stretches import (
    Sound,
    Test,
    never_answered_zero,
    never_equal,
    never_still,
    never_zero,
    somewhere,
)
from trading_core.market.candle import Floats

ROWS = 90
START, STOP = 7, 84
"""The rows that are asked about."""

MOVING = np.arange(1.0, ROWS + 1.0)


def equal(at: int, length: int) -> tuple[Floats, ...]:
    """Two columns that are equal for so many rows."""
    other = MOVING + 0.5
    other[at : at + length] = MOVING[at : at + length]
    return MOVING, other


def zero(at: int, length: int) -> tuple[Floats, ...]:
    """A column that is 0 for so many rows."""
    column = MOVING.copy()
    column[at : at + length] = 0.0
    return (column,)


def still(at: int, length: int) -> tuple[Floats, ...]:
    """A column that is one number for so many rows."""
    column = MOVING.copy()
    column[at : at + length] = column[at]
    return (column,)


def bound(sound: Sound) -> Test:
    return sound({})


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 14, 20, 77])
@pytest.mark.parametrize(
    "columns,never",
    [
        (equal, lambda count: never_equal(0, 1, lambda _: count)),
        (zero, lambda count: never_zero(0, lambda _: count)),
        (still, lambda count: never_still(0, lambda _: count + 1)),
    ],
    ids=["equal", "zero", "still"],
)
def test_so_many_in_a_row_are_found_wherever_they_stand(
    columns: Callable[[int, int], tuple[Floats, ...]], never: Callable[[int], Sound], count: int
) -> None:
    sound = bound(never(count))
    length = count + 1 if columns is still else count
    for at in range(ROWS - length + 1):
        within = at >= START and at + length <= STOP
        assert sound(columns(at, length), (), START, STOP) != within
        assert sound(columns(at, length - 1), (), START, STOP)


def test_an_answer_of_zero_counts_after_the_first_rows() -> None:
    sound = bound(never_answered_zero(0, lambda _: 3))
    for at in range(ROWS):
        assert sound((), zero(at, 1), START, STOP) != (START + 3 <= at < STOP)


def test_somewhere_is_nowhere_in_nothing() -> None:
    assert not somewhere(np.zeros(0, dtype=bool))
    assert not somewhere(np.zeros(9, dtype=bool))
    assert somewhere(np.arange(9) == 8)
