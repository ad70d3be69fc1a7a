"""Places of times among times, and drawdowns in blocks: the short way says what the plain one says."""

from __future__ import annotations

import numpy as np
import pytest

from trading_core.performance.curve import Curve
from trading_core.performance.drawdowns import drawdowns
from trading_core.performance.places import places, places_after

MINUTE = 60_000


@pytest.mark.parametrize("missing", [0, 1, 40])
def test_places_are_those_of_a_search(missing: int) -> None:
    rng = np.random.default_rng(3)
    rising = np.delete(np.arange(500), rng.choice(500, missing, replace=False)) * MINUTE + 7 * MINUTE
    wanted = np.concatenate((rising, rising + 1, rising - 1, rng.integers(-5, 520, 300) * MINUTE))

    assert np.array_equal(places(rising, wanted), np.searchsorted(rising, wanted))
    assert np.array_equal(places_after(rising, wanted), np.searchsorted(rising, wanted, side="right"))


@pytest.mark.parametrize("rising", [[], [4], [4, 4 + MINUTE], [1, 2, 100]])
def test_places_among_few(rising: list[int]) -> None:
    known, wanted = np.array(rising, dtype=np.int64), np.array([0, 1, 2, 3, 4, 5, 50, 100, 101, MINUTE + 4])

    assert np.array_equal(places(known, wanted), np.searchsorted(known, wanted))


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 3_000])
@pytest.mark.parametrize("drift", [-3, 0, 3])
def test_drawdowns_of_many_blocks_are_those_of_every_point(count: int, drift: int) -> None:
    values = 10_000 + np.cumsum(np.random.default_rng(count).integers(-20, 21, count) + drift)

    found = [
        (fall.peak, fall.trough, fall.peak_ms, fall.end_ms)
        for fall in drawdowns(Curve(np.arange(count), values))
    ]

    assert found == _plainly(values.tolist())


def _plainly(values: list[int]) -> list[tuple[int, int, int, int]]:
    found, top = [], 0
    for k in range(1, len(values) + 1):
        if k == len(values) or values[k] >= values[top]:
            if k - top > 1:
                found.append((values[top], min(values[top + 1 : k]), top, min(k, len(values) - 1)))
            top = k
    return found
