from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import START_MS, candles, random_walk
from tests.trading_core.rules.naive import Naive
from tests.trading_core.rules.random_rules import document
from trading_core.market.candle import Candles, Floats
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames, frames_of
from trading_core.rules.columns import Evaluation
from trading_core.rules.evaluate import evaluate, evaluate_last
from trading_core.rules.explain import explain
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import frame_start, requirements
from trading_core.rules.verdict import History, Verdict, pack_verdict, unpack_verdict

M1, M5 = Timeframe.M1, Timeframe.M5
SYMBOLS = ("XUSDT", "YUSDT")
TRUTHS = {True: 1, False: 0, None: -1}

BASE = {
    "XUSDT": random_walk(1500, seed=21, gaps=6),
    "YUSDT": random_walk(1300, seed=22, gaps=5, start_ms=START_MS + 37 * M1.ms),
}

many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
randoms = st.integers(0, 2**32).map(Random)
timeframes = st.sampled_from([M1, M5])


def some_tickers(seed: int, start_ms: int) -> Tickers:
    """Figures at uneven moments, with holes longer than they hold."""
    rng = np.random.default_rng(seed)
    time = start_ms + np.cumsum(rng.choice([20_000, 60_000, 95_000, 200_000], 700))

    def column(unit: float) -> Floats:
        return np.where(rng.random(len(time)) < 0.2, np.nan, np.round(rng.normal(0, unit, len(time)), 3))

    return Tickers(time, column(0.01), 100.0 + column(3.0), np.abs(column(0.05)))


TICKERS = {symbol: some_tickers(seed, START_MS) for seed, symbol in enumerate(SYMBOLS)}


def rules_of(text: str) -> RuleSet:
    return RuleSet(long=parse_text(text))


def frames_at(timeframe: Timeframe, until_ms: int, start_ms: int = 0) -> Frames:
    base = {symbol: walk.between(start_ms, until_ms) for symbol, walk in BASE.items()}
    needed = {(s, t) for s in SYMBOLS for t in (M1, timeframe, M5, Timeframe.M15)}
    return frames_of(base, needed, until_ms=until_ms)


def end_of(walk: Candles) -> int:
    return int(walk.open_time[-1]) + M1.ms


def whole(rules: RuleSet, timeframe: Timeframe) -> History:
    frames = frames_at(timeframe, end_of(BASE["XUSDT"]))
    return evaluate(rules, frames, symbol="XUSDT", timeframe=timeframe, tickers=TICKERS)


def some_closes(history: History, rnd: Random, count: int) -> list[int]:
    return sorted(rnd.sample(range(len(history)), min(count, len(history))))


def last(rules: RuleSet, frames: Frames, timeframe: Timeframe, close: int) -> Verdict:
    return evaluate_last(rules, frames, symbol="XUSDT", timeframe=timeframe, close_ms=close, tickers=TICKERS)


@many
@given(rnd=randoms, timeframe=timeframes)
def test_evaluate_agrees_with_a_naive_evaluator(rnd: Random, timeframe: Timeframe) -> None:
    rules = parse_rules(document(rnd))
    history = whole(rules, timeframe)
    naive = Naive(frames_at(timeframe, end_of(BASE["XUSDT"])), "XUSDT", timeframe, TICKERS)
    for row in some_closes(history, rnd, 12):
        close = int(history.close_ms[row])
        verdict = history.verdict(row)
        for index, slot in enumerate((*rules.conditions, *rules.counts)):
            assert verdict.leaf(index) == TRUTHS[naive.says(slot, close)], slot
        for name, tree in rules.trees():
            expected = 0 if tree is None else TRUTHS[naive.says(tree, close)]
            assert getattr(verdict, name) == expected


@many
@given(rnd=randoms, timeframe=timeframes)
def test_last_close_on_the_least_window_agrees_with_history(rnd: Random, timeframe: Timeframe) -> None:
    rules = parse_rules(document(rnd))
    history = whole(rules, timeframe)
    for row in some_closes(history, rnd, 8):
        close = int(history.close_ms[row])
        start = frame_start(rules, symbol="XUSDT", timeframe=timeframe, close_ms=close)
        frames = frames_at(timeframe, close, start)
        assert last(rules, frames, timeframe, close) == history.verdict(row)


@many
@given(rnd=randoms, timeframe=timeframes)
def test_truncating_the_future_changes_no_verdict(rnd: Random, timeframe: Timeframe) -> None:
    rules = parse_rules(document(rnd))
    history = whole(rules, timeframe)
    row = rnd.randrange(len(history))
    close = int(history.close_ms[row])

    shorter = evaluate(
        rules, frames_at(timeframe, close), symbol="XUSDT", timeframe=timeframe, tickers=TICKERS
    )

    assert len(shorter) == row + 1
    for name in TREES:
        np.testing.assert_array_equal(shorter.trees[name], history.trees[name][: row + 1])
    np.testing.assert_array_equal(shorter.leaves, history.leaves[:, : row + 1])
    everything = frames_at(timeframe, end_of(BASE["XUSDT"]))
    assert last(rules, everything, timeframe, close) == history.verdict(row)


@many
@given(rnd=randoms, timeframe=timeframes)
def test_explanation_says_what_the_verdict_says(rnd: Random, timeframe: Timeframe) -> None:
    rules = parse_rules(document(rnd))
    history = whole(rules, timeframe)
    row = rnd.randrange(len(history))
    frames = frames_at(timeframe, end_of(BASE["XUSDT"]))

    told = explain(
        rules,
        frames,
        symbol="XUSDT",
        timeframe=timeframe,
        close_ms=int(history.close_ms[row]),
        tickers=TICKERS,
    )

    assert told.verdict == history.verdict(row)
    leaves = [leaf for line in told.trees.values() for leaf in line.leaves()]
    assert [leaf.truth for leaf in leaves] == history.leaves[: len(leaves), row].tolist()
    for name, line in told.trees.items():
        assert line.truth == getattr(told.verdict, name)
        assert bool(told.failing(name)) == (line.truth != 1)
    assert told.as_data()["symbol"] == "XUSDT"
    assert told.as_text().count("\n") >= len(leaves)


@many
@given(rnd=randoms)
def test_rule_sets_share_an_evaluation(rnd: Random) -> None:
    close = int(BASE["XUSDT"].open_time[rnd.randrange(1000, 1400)]) + M1.ms
    several = [parse_rules(document(rnd)) for _ in range(6)]
    frames = frames_at(M1, close)
    shared = Evaluation(frames, TICKERS)

    for rules in several:
        alone = last(rules, frames, M1, close)
        together = evaluate_last(
            rules, frames, symbol="XUSDT", timeframe=M1, close_ms=close, evaluation=shared
        )
        assert together == alone


def test_evaluation_computes_each_series_once() -> None:
    frames = frames_at(M1, end_of(BASE["XUSDT"]))
    shared = Evaluation(frames)
    close = end_of(BASE["XUSDT"])
    for text in ("rsi(14) < 30 and ema(9) > close", "rsi(14) > 50", "not rsi(14) > 70 and ema(9) < close"):
        evaluate_last(rules_of(text), frames, symbol="XUSDT", timeframe=M1, close_ms=close, evaluation=shared)
    assert shared.computed == 2


def said(text: str, closes: str) -> list[int]:
    walk = candles(closes)
    history = evaluate(rules_of(text), {("X", M1): walk}, symbol="X", timeframe=M1)
    return [int(truth) for truth in history.trees["long"]]


@pytest.mark.parametrize(
    "text,closes,expected",
    [
        ("close crosses above 10", "9 10 11 12 10 10 11", [0, 0, 1, 0, 0, 0, 1]),
        ("close crosses below 10", "11 10 9 8 10 9", [0, 0, 1, 0, 0, 1]),
        ("close crosses above 10", "11 12", [-1, 0]),
        ("close crosses above 10", "9 - 11 9 12", [0, -1, 0, 1]),
        ("close > 10", "10 10.000000001 10.0000001", [0, 0, 1]),
        ("close >= 10", "9.999999999 9.99", [1, 0]),
        ("close between 10 and 12", "9 10 12 13", [0, 1, 1, 0]),
        ("close outside 10 and 12", "9 10 12 13", [1, 0, 0, 1]),
        ("close rising 2", "1 2 3 3 4 5", [-1, -1, 1, 0, 0, 1]),
        ("close falling", "3 2 2 1", [-1, 1, 0, 1]),
        ("close > 10 within 2", "11 9 9 11", [1, 1, 0, 1]),
        ("close > 10 within 2", "9 9", [-1, 0]),
        ("close > 10 for 2", "11 11 9 11", [-1, 1, 0, 0]),
        ("close > 10 at least 2 in 3", "11 9 11 9 9", [-1, -1, 1, 0, 0]),
        ("at least 1 of (close > 10, close[5] > 10)", "11 9", [1, -1]),
        ("not close[1] > 10", "11 9", [-1, 0]),
        ("close[1] > 10 or close > 0", "11", [1]),
        ("close[1] > 10 and close > 100", "11", [0]),
        ("close / (close - 10) > 0", "10 11", [-1, 1]),
        ("change_pct(close, 1) >= 10", "10 11 12", [-1, 1, 0]),
        ("slope(close, 3) > 0.99", "1 2 3 4", [-1, -1, 1, 1]),
    ],
)
def test_condition_says(text: str, closes: str, expected: list[int]) -> None:
    assert said(text, closes) == expected


def test_higher_timeframe_is_known_when_it_closes() -> None:
    walk = candles(" ".join(str(i) for i in range(1, 13)))
    rules = rules_of("close@5m >= 5")
    frames = frames_of({"X": walk}, requirements(rules, symbol="X", timeframe=M1), until_ms=end_of(walk))
    history = evaluate(rules, frames, symbol="X", timeframe=M1)
    assert history.trees["long"].tolist() == [-1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_verdict_packs_and_unpacks() -> None:
    rules = rules_of("close > 1 and close[3] > 1 or close < 0 or close > 5 or close > 7")
    verdict = evaluate(rules, {("X", M1): candles("2")}, symbol="X", timeframe=M1).verdict(0)
    packed = pack_verdict(verdict)
    assert len(packed) == 4
    assert unpack_verdict(rules, packed) == verdict
    assert [verdict.leaf(i) for i in range(5)] == [1, -1, 0, 0, 0]
    with pytest.raises(ValueError, match="expected 4 bytes"):
        unpack_verdict(rules, packed + b"x")


def test_absent_candles_make_all_unknown() -> None:
    rules = rules_of("close > 1")
    assert len(evaluate(rules, {}, symbol="X", timeframe=M1)) == 0
    verdict = evaluate_last(rules, {}, symbol="X", timeframe=M1, close_ms=START_MS)
    assert (verdict.long, verdict.short) == (-1, 0)


def test_explanation_shows_numbers_and_distance() -> None:
    walk = candles("10 11 12")
    told = explain(
        rules_of("close > 14 and not close > 5"),
        {("X", M1): walk},
        symbol="X",
        timeframe=M1,
        close_ms=end_of(walk),
    )
    first, second = told.failing("long")
    assert (first.text, first.operands[0].value, first.operands[0].before) == ("close > 14", 12.0, 11.0)
    assert (first.distance, round(first.distance_pct or 0, 2)) == (-2.0, -14.29)
    assert second.text == "close > 5"
    assert "[no] close > 14; close = 12; distance -2" in told.as_text()
