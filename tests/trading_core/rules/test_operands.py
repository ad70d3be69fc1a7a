"""Operands of the language one by one: clocks, sessions, tickers, turnover, percentiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.builders import START_MS, random_walk
from trading_core.errors import RulesInvalid
from trading_core.market.candle import Candles
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.columns import Closes, Column, Evaluation, column
from trading_core.rules.evaluate import evaluate, evaluate_last
from trading_core.rules.market_clock import clock_at, session_at
from trading_core.rules.model import RuleSet
from trading_core.rules.moving import day_sums, percentile
from trading_core.rules.operands import Clock, Ticker
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import Grid, check_timeframe, needs, requirements

M1, M5 = Timeframe.M1, Timeframe.M5
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("around", ["2024-03-10", "2024-03-31", "2024-04-07", "2024-10-06", "2024-10-27"])
def test_clock_agrees_with_the_zone_around_changes(zone: str, around: str) -> None:
    start = ms(f"{around}T00:00:00+00:00") - 20 * 3_600_000
    times = start + np.arange(0, 44 * 60, 5, dtype=np.int64) * M1.ms
    local = [datetime.fromtimestamp(t / 1000, UTC).astimezone(ZoneInfo(zone)) for t in times.tolist()]
    assert clock_at("hour", zone, times).tolist() == [each.hour for each in local]
    assert clock_at("minute", zone, times).tolist() == [each.hour * 60 + each.minute for each in local]
    assert clock_at("weekday", zone, times).tolist() == [each.isoweekday() for each in local]
    assert clock_at("day", zone, times).tolist() == [each.day for each in local]


@pytest.mark.parametrize(
    "name,time,is_open",
    [
        ("london", "2024-03-28T08:00:00+00:00", 1),
        ("london", "2024-03-28T07:59:00+00:00", 0),
        ("london", "2024-04-02T07:00:00+00:00", 1),  # summer time: an hour earlier by UTC
        ("london", "2024-04-02T15:30:00+00:00", 0),
        ("new_york", "2024-03-08T14:30:00+00:00", 1),
        ("new_york", "2024-03-11T13:30:00+00:00", 1),
        ("new_york", "2024-03-11T13:29:00+00:00", 0),
        ("tokyo", "2024-11-08T00:00:00+00:00", 1),
        ("tokyo", "2024-11-09T00:00:00+00:00", 0),  # a Saturday
    ],
)
def test_session_is_open_by_its_own_clock(name: str, time: str, is_open: int) -> None:
    assert session_at(name, np.array([ms(time)])).tolist() == [is_open]


@pytest.mark.parametrize("n", [2, 5, 50, 500])
def test_percentile_is_the_share_at_or_below(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 40, 1500).astype(float)  # many are equal
    values[rng.integers(0, 1500, 2)] = np.nan
    got = percentile(values, n)
    for row in [*range(0, 1500, 7), 1499]:
        window = values[row - n + 1 : row + 1] if row >= n - 1 else np.array([np.nan])
        if np.isnan(window).any():
            assert np.isnan(got[row])
        else:
            assert got[row] == np.count_nonzero(window <= values[row]) * 100.0 / n


def test_percentile_takes_equal_to_the_last_bit() -> None:
    values = np.array([1.0, 1.0 + 1e-12, 1.0])
    assert percentile(values, 3).tolist()[2] == 2 * 100.0 / 3


@pytest.mark.parametrize("first", [0, 1, 719, 1439, 1440, 28_928_160])
def test_day_sums_are_of_the_last_1440_and_of_nothing_else(first: int) -> None:
    values = np.random.default_rng(3).lognormal(0, 3, 4000)
    values[2000] = np.nan
    sums = day_sums(values, first)
    for row in (1438, 1439, 1440, 1999, 2000, 3439, 3440, 3999):
        window = values[row - 1439 : row + 1] if row >= 1439 else np.array([np.nan])
        np.testing.assert_allclose(sums[row], window.sum(), rtol=1e-12)
        # The bits don't depend on the window that is loaded.
        if row >= 1439:
            np.testing.assert_array_equal(day_sums(window, first + row - 1439)[-1], sums[row])


def test_turnover_is_that_of_a_whole_day_and_made_up_where_untold() -> None:
    walk = random_walk(1500, seed=5)
    told = walk.turnover.copy()
    told[1490:] = np.nan
    untold = Candles(walk.open_time, walk.open, walk.high, walk.low, walk.close, walk.volume, told)
    paid = np.where(np.isnan(told), (walk.high + walk.low + walk.close) / 3.0 * walk.volume, told)
    frames = frames_of({"X": untold}, [("X", M1), ("X", M5)], until_ms=START_MS + 1500 * M1.ms)
    turnover = column(Ticker("turnover_24h"), Grid(None, M5))
    assert isinstance(turnover, Column)
    closes = Closes(M5, (START_MS + 1500 * M1.ms) // M5.ms - 1, 20)
    found = turnover.at(Evaluation(frames).scope("X", closes))
    assert np.isnan(found[:7]).all()  # 1,435 candles at the last of these
    np.testing.assert_allclose(found[-1], paid[-1440:].sum(), rtol=1e-12)


def test_tickers_hold_until_they_are_too_old() -> None:
    tickers = {"X": Tickers(np.array([START_MS]), *(np.array([v]) for v in (0.02, 101.0, 0.1)))}
    frames = {("X", M1): random_walk(10, seed=6)}
    rules = RuleSet(long=parse_text("mark > 100"), short=parse_text("funding_rate > 0.01"))
    history = evaluate(rules, frames, symbol="X", timeframe=M1, tickers=tickers)
    assert history.trees["long"].tolist() == [1, 1] + [-1] * 8
    assert history.trees["short"].tolist() == [1] * 10
    close_ms = START_MS + 2 * M1.ms
    last = evaluate_last(rules, frames, symbol="X", timeframe=M1, close_ms=close_ms, tickers=tickers)
    assert (last.long, last.short) == (1, 1)
    unheard = evaluate_last(rules, frames, symbol="X", timeframe=M1, close_ms=close_ms)
    assert (unheard.long, unheard.short) == (-1, -1)


def test_requirements_know_what_turnover_and_clocks_need() -> None:
    rules = RuleSet(long=parse_text("turnover_24h > 1 and hour(Europe/Berlin) > 3 and BTCUSDT:mark > 1"))
    check_timeframe(rules, M5)
    found = requirements(rules, symbol="X", timeframe=M5)
    assert found == {("X", M1): 1440, ("X", M5): 1}
    assert needs(rules, timeframe=M5, close_ms=START_MS)[Grid(None, M1)] == START_MS - 1440 * M1.ms
    with pytest.raises(RulesInvalid, match="expected timeframes of 5m or more, has 1m"):
        check_timeframe(RuleSet(long=parse_text("close@1m > 1")), M5)


def test_clock_is_asked_at_the_close() -> None:
    closes = Closes(M1, START_MS // M1.ms + 59, 2)
    hour = column(Clock("hour", "Europe/Berlin"), Grid(None, M1))
    assert isinstance(hour, Column)
    assert hour.at(Evaluation({}).scope("X", closes)).tolist() == [1.0, 2.0]
    assert datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(hours=1) == datetime(
        2025, 1, 1, 1, tzinfo=UTC
    )


def test_a_moving_operand_is_not_ready_where_its_candle_is_missing() -> None:
    walk = random_walk(30, seed=8)
    gap = Candles.of_columns(np.delete(c, 20) for c in walk.columns())
    frames = {("X", M1): walk, ("YUSDT", M1): gap}
    rules = RuleSet(
        long=parse_text("change_pct(YUSDT:close[3], 2) > -100"), short=parse_text("YUSDT:close[3] rising 2")
    )
    close_ms = START_MS + 21 * M1.ms
    whole = evaluate_last(rules, frames, symbol="X", timeframe=M1, close_ms=close_ms)
    cut = {key: candles.between(0, close_ms) for key, candles in frames.items()}
    assert (whole.long, whole.short) == (-1, -1)
    assert evaluate_last(rules, cut, symbol="X", timeframe=M1, close_ms=close_ms) == whole
