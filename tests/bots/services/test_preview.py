from __future__ import annotations

import time

import numpy as np
import pytest

from bots.services import store
from bots.services.impact import impact
from bots.services.preview import Place, preview
from tests.builders import random_walk
from tests.roles import acting_as
from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import requirements

M1 = Timeframe.M1
HERE = Place("synthetic", "linear", "BTCUSDT", M1)
RULES = RuleSet(
    long=parse_text("dip: rsi(14) < 35 and trend: ema(9)@5m > ema(21)@5m"),
    short=parse_text("spike: rsi(14) > 65"),
    exit_long=parse_text("paid: position.pnl_pct > 1"),
)


@pytest.fixture
def stored(db: None) -> None:
    keep(3)


def keep(days: int) -> None:
    with acting_as("engine"):
        walk = random_walk(days * 1_440, seed=5)
        store.add_closed(SeriesKey("synthetic", "linear", "BTCUSDT", M1), list(walk))


def test_preview_says_what_the_evaluator_says(stored: None) -> None:
    seen = preview(RULES, HERE, days=1)
    walk = random_walk(3 * 1_440, seed=5)
    needed = requirements(RULES, symbol="BTCUSDT", timeframe=M1)
    frames = frames_of({"BTCUSDT": walk}, needed, until_ms=int(walk.open_time[-1]) + M1.ms)
    whole = evaluate(RULES, frames, symbol="BTCUSDT", timeframe=M1)

    assert seen.closes == 1_440
    np.testing.assert_array_equal(seen.close_ms, whole.close_ms[-1_440:])
    for name in ("long", "short"):
        assert seen.trees[name].true == int((whole.trees[name][-1_440:] == 1).sum()) > 0
    assert seen.trees["exit_long"].unknown == 1_440
    assert set(seen.trees) == {"long", "short", "exit_long"}
    assert len(seen.conditions) == len(RULES.conditions)


def test_a_signal_starts_once_per_stretch(stored: None) -> None:
    seen = preview(RULES, HERE, days=1)
    asked = seen.entries["short"]

    starts = int((np.diff(np.concatenate(([0], asked.astype(int)))) == 1).sum())

    assert 0 < starts == len(seen.trees["short"].starts) < int(asked.sum())


def test_both_sides_at_once_are_no_entry(stored: None) -> None:
    both = RuleSet(long=parse_text("close > 0"), short=parse_text("close > 0"))

    seen = preview(both, HERE, days=1)

    assert seen.trees["long"].true == 1_440
    assert not seen.entries["long"].any()
    assert not seen.entries["short"].any()


def test_more_is_asked_than_is_stored(stored: None) -> None:
    assert preview(RULES, HERE, days=30).closes == 3 * 1_440
    assert preview(RULES, Place("synthetic", "linear", "NONEUSDT", M1)).closes == 0


def test_a_longer_timeframe_has_fewer_closes(stored: None) -> None:
    place = Place("synthetic", "linear", "BTCUSDT", Timeframe.H1)

    assert preview(RuleSet(long=parse_text("rsi(14) < 50")), place, days=2).closes == 48
    with pytest.raises(RulesInvalid, match="timeframes of 1h or more"):
        preview(RULES, place, days=2)


@pytest.mark.parametrize("days", [0, 31])
def test_days_have_bounds(stored: None, days: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 30"):
        preview(RULES, HERE, days=days)


def test_impact_counts_old_and_new_signals(stored: None) -> None:
    fewer = RuleSet(long=RULES.long, short=parse_text("spike: rsi(14) > 75"))

    long, short = impact(RULES, fewer, HERE).sides

    assert (long.old, long.only_old, long.only_new) == (long.new, 0, 0)
    assert short.old > short.new > 0
    assert short.only_old > 0 == short.only_new


def test_impact_of_a_first_version_has_no_old(stored: None) -> None:
    for side in impact(None, RULES, HERE).sides:
        assert (side.old, side.only_old) == (0, 0)
        assert side.only_new > 0


def test_a_month_is_asked_in_half_a_second(db: None) -> None:
    keep(30)
    preview(RULES, HERE, days=30)  # candles are in memory from here on
    began = time.perf_counter()

    seen = preview(RULES, HERE, days=30)

    assert seen.closes == 30 * 1_440
    assert time.perf_counter() - began < 0.5
