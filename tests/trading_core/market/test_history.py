from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.builders import START_MS, random_walk
from trading_core.errors import CandlesInvalid
from trading_core.market import history
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

KEY = SeriesKey("synthetic", "linear", "BTCUSDT", Timeframe.H1)
WALK = random_walk(2000, timeframe=Timeframe.H1)


def test_history_returns_what_was_written(tmp_path: Path) -> None:
    assert history.write(tmp_path, KEY, WALK.rows(500, 2000)) == 1500
    assert history.write(tmp_path, KEY, WALK.rows(0, 700)) == 500
    assert history.write(tmp_path, KEY, WALK) == 0

    for wrote, read in zip(WALK.columns(), history.read(tmp_path, KEY).columns(), strict=True):
        np.testing.assert_array_equal(wrote, read)
    assert history.stored(tmp_path) == [KEY]
    assert not list(tmp_path.glob("**/.*"))


def test_history_reads_a_part(tmp_path: Path) -> None:
    history.write(tmp_path, KEY, WALK)
    start = START_MS + 700 * Timeframe.H1.ms
    part = history.read(tmp_path, KEY, start, start + 100 * Timeframe.H1.ms)
    assert [len(part), int(part.open_time[0])] == [100, start]
    assert len(history.read(tmp_path, KEY, 0, START_MS)) == 0
    assert len(history.read(tmp_path, KEY.at(Timeframe.M1))) == 0


def test_history_tells_from_when_to_when_it_reaches(tmp_path: Path) -> None:
    assert history.span(tmp_path, KEY) is None
    history.write(tmp_path, KEY, WALK.rows(100, 1900))
    assert history.span(tmp_path, KEY) == (int(WALK.open_time[100]), int(WALK.open_time[1899]))
    min(history.folder_of(tmp_path, KEY).glob("*.parquet")).write_bytes(b"torn")
    with pytest.raises(CandlesInvalid, match="can't be read"):
        history.span(tmp_path, KEY)


def test_history_refuses_a_contradiction_and_writes_nothing(tmp_path: Path) -> None:
    history.write(tmp_path, KEY, WALK.rows(0, 100))
    high = WALK.high.copy()
    high[50] += 1.0

    with pytest.raises(CandlesInvalid, match=r"2025-01-03 02:00, column high: contradicts"):
        history.write(tmp_path, KEY, replace(WALK, high=high))

    assert len(history.read(tmp_path, KEY)) == 100


def test_history_learns_a_turnover_later(tmp_path: Path) -> None:
    history.write(tmp_path, KEY, replace(WALK, turnover=np.full(len(WALK), np.nan)))
    assert history.write(tmp_path, KEY, WALK) == 0
    np.testing.assert_array_equal(history.read(tmp_path, KEY).turnover, WALK.turnover)


def test_history_refuses_names_that_are_paths(tmp_path: Path) -> None:
    with pytest.raises(CandlesInvalid):
        history.read(tmp_path, SeriesKey("..", "linear", "BTCUSDT", Timeframe.M1))


def test_history_says_when_a_file_is_damaged(tmp_path: Path) -> None:
    history.write(tmp_path, KEY, WALK)
    next(tmp_path.glob("*/*/2025-02.parquet")).write_bytes(b"rubbish")
    with pytest.raises(CandlesInvalid, match="can't be read"):
        history.read(tmp_path, KEY)
