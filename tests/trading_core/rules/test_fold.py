"""Trees from slots alone, truth tables, and what a bot knows of itself."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import START_MS, random_walk
from tests.trading_core.rules.naive import Naive
from tests.trading_core.rules.random_rules import document
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules import truth as t
from trading_core.rules.evaluate import evaluate
from trading_core.rules.facts import Facts, complete
from trading_core.rules.fold import fold, tags_of
from trading_core.rules.model import (
    PORTFOLIO_FACTS,
    POSITION_FACTS,
    TREES,
    Compare,
    Constant,
    Fact,
    Price,
    RuleSet,
)
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.verdict import Verdict, pack_truths

M1 = Timeframe.M1
NO, UNKNOWN, YES = 0, -1, 1
EVERY = (NO, UNKNOWN, YES)
LOGIC = {NO: False, YES: True, UNKNOWN: None}
BACK = {False: NO, True: YES, None: UNKNOWN}

many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
randoms = st.integers(0, 2**32).map(Random)

WALKS = {s: random_walk(700, seed=41 + i, gaps=6) for i, s in enumerate(("XUSDT", "YUSDT"))}
END_MS = START_MS + 700 * M1.ms
FRAMES = frames_of(
    WALKS, [(s, tf) for s in WALKS for tf in (M1, Timeframe.M5, Timeframe.M15)], until_ms=END_MS
)
FACTS = Facts(-1.25, 7, 2, 3, -40.5, None)


@many
@given(rnd=randoms)
def test_fold_gives_the_trees_of_the_history(rnd: Random) -> None:
    rules = parse_rules(document(rnd))
    history = evaluate(rules, FRAMES, symbol="XUSDT", timeframe=M1)
    folded = fold(rules, history.leaves)
    for name in TREES:
        np.testing.assert_array_equal(folded[name], history.trees[name])


def test_fold_refuses_slots_of_other_rules() -> None:
    with pytest.raises(ValueError, match="expected 3 slots, was 2"):
        fold(RuleSet(long=parse_text("close > 1 and (close > 2) within 3")), np.zeros((2, 1), dtype=np.int8))


def says(text: str, *truths: int) -> int:
    """What a tree of conditions with these truths says."""
    leaves = np.array(truths, dtype=np.int8)[:, np.newaxis]
    return int(fold(RuleSet(long=parse_text(text)), leaves)["long"][0])


@pytest.mark.parametrize("a,b,c", list(product(EVERY, repeat=3)))
def test_nodes_follow_three_valued_logic(a: int, b: int, c: int) -> None:
    either, whole = "close > 1 or close > 2 or close > 3", "close > 1 and close > 2 and close > 3"
    assert says(whole, a, b, c) == (NO if NO in (a, b, c) else UNKNOWN if UNKNOWN in (a, b, c) else YES)
    assert says(either, a, b, c) == (YES if YES in (a, b, c) else UNKNOWN if UNKNOWN in (a, b, c) else NO)
    assert says("not close > 1", a) == {NO: YES, YES: NO, UNKNOWN: UNKNOWN}[a]
    for k in (1, 2, 3):
        # Known once however the unknown ones turn out, it says the same.
        ways = [EVERY[::2] if truth == UNKNOWN else (truth,) for truth in (a, b, c)]
        outcomes = {YES if sum(way) >= k else NO for way in product(*ways)}
        expected = outcomes.pop() if len(outcomes) == 1 else UNKNOWN
        assert says(f"at least {k} of (close > 1, close > 2, close > 3)", a, b, c) == expected


@pytest.mark.parametrize("n", [1, 2, 3, 17])
def test_counts_follow_three_valued_logic(n: int) -> None:
    places = {NO: t.FALSE, UNKNOWN: t.UNKNOWN, YES: t.TRUE}
    rows = 5 if n <= 3 else n + 3
    rnd = Random(n)
    samples = product(EVERY, repeat=rows) if n <= 3 else [rnd.choices(EVERY, k=rows) for _ in range(200)]
    for truths in samples:
        row = np.array([places[truth] for truth in truths], dtype=np.uint8)
        for k in {1, min(2, n), n}:
            got = [(NO, UNKNOWN, YES)[int(each)] for each in t.counted(row, k, n)]
            padded = [UNKNOWN] * (n - 1) + list(truths)
            for at in range(rows):
                window = padded[at : at + n]
                sure, maybe = window.count(YES), window.count(UNKNOWN)
                assert got[at] == (YES if sure >= k else NO if sure + maybe < k else UNKNOWN)


@many
@given(rnd=randoms)
def test_complete_answers_what_the_bot_alone_knows(rnd: Random) -> None:
    rules = parse_rules(document(rnd))
    history = evaluate(rules, FRAMES, symbol="XUSDT", timeframe=M1)
    asked = [Fact("position", name) for name in POSITION_FACTS]
    asked += [Fact("portfolio", name) for name in PORTFOLIO_FACTS]
    known = {fact: value for fact in asked if (value := FACTS.value(fact)) is not None}
    naive = Naive(FRAMES, "XUSDT", M1, facts=known)
    for row in rnd.sample(range(len(history)), 6):
        verdict = complete(rules, history.verdict(row), FACTS)
        if not rules.needs_facts:
            assert verdict == history.verdict(row)
        close = int(history.close_ms[row])
        for index, slot in enumerate((*rules.conditions, *rules.counts)):
            assert LOGIC[verdict.leaf(index)] == naive.says(slot, close), slot
        for name, tree in rules.trees():
            assert getattr(verdict, name) == (NO if tree is None else BACK[naive.says(tree, close)])


@pytest.mark.parametrize(
    "text,expected",
    [
        ("position.pnl_pct < -1", YES),
        ("position.age between 5 and 7", YES),
        ("position.legs == 2", YES),
        ("position.legs != 2", NO),
        ("portfolio.day_pnl_pct < 0", UNKNOWN),
        ("portfolio.day_pnl + 40.5 == 0", YES),
        ("portfolio.open_positions / (position.legs - 2) > 1", UNKNOWN),
    ],
)
def test_fact_conditions_are_answered(text: str, expected: int) -> None:
    rules = RuleSet(exit_long=parse_text(text))
    verdict = complete(rules, Verdict(exit_long=UNKNOWN, leaves=pack_truths([UNKNOWN])), FACTS)
    assert (verdict.exit_long, verdict.leaf(0)) == (expected, expected)


def test_tags_are_those_of_true_nodes_each_once() -> None:
    rules = RuleSet(
        long=parse_text("(close > 1 #dip #cheap and close > 2 #late) #x or (close > 3 #dip #y)"),
        short=parse_text("close > 4 #never"),
    )
    said = Verdict(long=YES, short=YES, leaves=pack_truths([YES, UNKNOWN, YES, YES]))
    assert tags_of(rules, "long", said) == ("dip", "cheap", "y")
    assert tags_of(rules, "short", said) == ("never",)
    assert tags_of(rules, "exit_long", said) == ()


def test_tags_below_a_count_are_those_true_now() -> None:
    rules = RuleSet(long=parse_text("(close > 1 #dip) within 3 and (close > 2) #now"))
    assert tags_of(rules, "long", Verdict(leaves=pack_truths([YES, NO, NO]))) == ("dip",)
    assert tags_of(rules, "long", Verdict(leaves=pack_truths([NO, YES, YES]))) == ("now",)


def test_a_condition_without_facts_is_left_as_it_was() -> None:
    rules = RuleSet(long=Compare(Price("close"), ">", Constant(1.0)))
    verdict = Verdict(long=YES, leaves=pack_truths([YES]))
    assert complete(rules, verdict, FACTS) is verdict
