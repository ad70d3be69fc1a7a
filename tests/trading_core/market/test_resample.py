from __future__ import annotations

import numpy as np
import pytest

from tests.builders import START_MS, candles, random_walk
from trading_core.market.resample import resample
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import dense, frames_of

M1, M5, M15 = Timeframe.M1, Timeframe.M5, Timeframe.M15


def test_resample_makes_the_higher_candle() -> None:
    base = candles("10 14 8 12 11 20")
    (higher,) = resample(base, M1, M5, until_ms=0)
    assert (higher.open, higher.high, higher.low, higher.close, higher.volume) == (10, 14, 8, 11, 5)
    assert higher.open_time == START_MS


def test_higher_candle_exists_once_its_last_base_candle_does() -> None:
    assert len(resample(candles("10 11 12 13"), M1, M5, until_ms=START_MS + 4 * M1.ms)) == 0
    assert len(resample(candles("10 11 12 13"), M1, M5, until_ms=START_MS + M5.ms)) == 1
    assert len(resample(candles("10 11 12 13 14"), M1, M5, until_ms=0)) == 1


def test_higher_candle_of_a_gap_is_absent() -> None:
    higher = resample(candles("10 11 12 13 14 - - - - - 15 16 17 18 19"), M1, M5, until_ms=0)
    assert [c.open_time for c in higher] == [START_MS, START_MS + 2 * M5.ms]


def test_resample_has_the_same_bits_from_any_aligned_start() -> None:
    walk = random_walk(3000, seed=4, gaps=20)
    whole = resample(walk, M1, M15, until_ms=0)
    for start in range(START_MS, START_MS + 1000 * M15.ms // 15, 7 * M15.ms):
        part = resample(walk.between(start, 2**60), M1, M15, until_ms=0)
        for a, b in zip(whole.between(start, 2**60).columns(), part.columns(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_resample_refuses_what_is_no_multiple() -> None:
    with pytest.raises(ValueError, match="multiple of 3m"):
        resample(candles("1"), Timeframe.M3, M5, until_ms=0)


def test_dense_shows_gaps_as_nan() -> None:
    frame = dense(candles("10 - 12"), M1)
    assert frame.first == START_MS // M1.ms
    np.testing.assert_array_equal(frame.column("close"), [10.0, np.nan, 12.0])
    assert frame.present is not None
    assert dense(candles("10 11"), M1).present is None


def test_frames_hold_only_what_has_closed() -> None:
    base = candles("10 11 12 13 14 15")
    frames = frames_of({"X": base}, [("X", M1), ("X", M5), ("Y", M1)], until_ms=START_MS + 4 * M1.ms)
    assert {key: len(value) for key, value in frames.items()} == {("X", M1): 4, ("X", M5): 0, ("Y", M1): 0}
