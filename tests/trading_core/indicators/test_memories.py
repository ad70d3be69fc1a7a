from __future__ import annotations

import numpy as np
import pytest

from trading_core.indicators.memories import Flat, Idle
from trading_core.indicators.stretches import holds, lasting


def plainly_flat(columns: list[np.ndarray], count: int, wait: int, ago: int) -> list[bool]:
    """What ``Flat`` says, from its meaning."""
    rows = len(columns[0])
    flat = [
        row + 1 >= count and len({x for c in columns for x in c[row + 1 - count : row + 1].tolist()}) == 1
        for row in range(rows)
    ]
    late = [any(flat[max(0, row - wait) : row + 1]) for row in range(rows)]
    return [row >= ago and late[row - ago] for row in range(rows)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12])
@pytest.mark.parametrize("wait,ago", [(0, 0), (3, 0), (0, 1), (0, 6), (2, 5)])
def test_flat_says_the_same_over_columns_and_live(count: int, wait: int, ago: int) -> None:
    rng = np.random.default_rng(count)
    for width in (1, 2):
        for _ in range(20):
            rows = int(rng.integers(1, 60))
            columns = [np.repeat(rng.integers(0, 2, rows), rng.integers(1, 14, rows))[:rows].astype(float)]
            columns *= width
            expected = plainly_flat(columns, count, wait, ago)
            said = Flat(count, wait, ago).over(*columns)
            assert np.broadcast_to(said, rows).tolist() == expected

            opened = int(rng.integers(1, rows + 1))
            live = Flat(count, wait, ago)
            live.open(*(column[:opened] for column in columns))
            steps = zip(*(column[opened:].tolist() for column in columns), strict=True)
            assert [live.update(*values) for values in steps] == expected[opened:]


def test_flat_at_a_number_is_flat_there_only() -> None:
    column = np.array([1.0] * 9 + [0.0] * 9)
    assert Flat(6, 0).over(column, 0.0).tolist() == [row >= 14 for row in range(18)]
    assert Flat(10, 0).over(column, 0.0) is False


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_idle_says_the_same_over_columns_and_live(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(40):
        rows = int(rng.integers(1, 60))
        value = np.repeat(rng.integers(0, 3, rows), rng.integers(1, 9, rows))[:rows].astype(float)
        volume = (rng.random(rows) < 0.7).astype(float)
        so = [row > 0 and (value[row] == value[row - 1] or volume[row] == 0.0) for row in range(rows)]
        expected = [row + 1 >= count and all(so[row + 1 - count : row + 1]) for row in range(rows)]
        assert np.broadcast_to(Idle(count).over(value, volume), rows).tolist() == expected

        opened = int(rng.integers(1, rows + 1))
        live = Idle(count)
        live.open(value[:opened], volume[:opened])
        steps = zip(value[opened:].tolist(), volume[opened:].tolist(), strict=True)
        assert [live.update(*values) for values in steps] == expected[opened:]


@pytest.mark.parametrize("rows", [50, 5000])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 15, 16, 40])
def test_a_search_finds_what_is_said_often_enough_in_a_row(rows: int, count: int) -> None:
    rng = np.random.default_rng(count)
    for length in (count - 1, count):
        for _ in range(20):
            said = np.zeros(rows, dtype=bool)
            at = int(rng.integers(0, rows - length + 1))
            said[at : at + length] = True
            assert holds(said, count) == (length == count)
            assert lasting(said, count).any() == (length == count)
