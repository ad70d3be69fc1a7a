from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.builders import START_MS, random_walk
from tests.trading_core.rules.random_rules import document
from trading_core.market.resample import resample
from trading_core.market.timeframe import Timeframe
from trading_core.rules.evaluate import evaluate
from trading_core.rules.explain import explain
from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Count,
    Named,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
    conditions,
)
from trading_core.rules.parse import parse_rules
from trading_core.rules.study.blockers import sole_blockers
from trading_core.rules.study.distances import distances
from trading_core.rules.study.near import EDGES, near_misses

MINUTE = Timeframe.M1.ms
Answers = dict[tuple[int, int], int]
"""By place of the condition and close: 1 true, 0 false, -1 unknown."""


def value(node: Node, places: list[int], close: int, answers: Answers) -> int:
    """What a node says at a close, by the book: one close, one node at a time."""
    if isinstance(node, (Compare, Range, Trend)):
        return answers.get((places[0], close), -1)
    if isinstance(node, Named):
        return value(node.node, places, close, answers)
    if isinstance(node, Not):
        said = value(node.node, places, close, answers)
        return said if said == -1 else 1 - said
    if isinstance(node, Count):
        told = [value(node.node, places, close - back, answers) for back in range(node.n)]
        return enough(told, node.k)
    told, at = [], 0
    for child in node.nodes:
        size = len(conditions(child))
        told.append(value(child, places[at : at + size], close, answers))
        at += size
    if isinstance(node, AtLeast):
        return enough(told, node.k)
    assert isinstance(node, (All, AnyOf))
    return enough(told, len(told) if isinstance(node, All) else 1)


def enough(told: list[int], k: int) -> int:
    if told.count(1) >= k:
        return 1
    return 0 if told.count(1) + told.count(-1) < k else -1


def tree_places(rules: RuleSet) -> dict[str, tuple[Node, list[int]]]:
    found, first = {}, 0
    for name, tree in rules.trees():
        if tree is not None:
            size = len(conditions(tree))
            found[name] = (tree, list(range(first, first + size)))
            first += size
    return found


def count_places(node: Node, places: list[int]) -> list[tuple[Count, list[int]]]:
    if isinstance(node, Count):
        return [(node, places)]
    found, at = [], 0
    for child in getattr(node, "nodes", None) or ([node.node] if isinstance(node, (Not, Named)) else []):
        size = len(conditions(child))
        found += count_places(child, places[at : at + size])
        at += size
    return found


def leaves_of(rules: RuleSet, answers: Answers, closes: int) -> npt.NDArray[np.int8]:
    trees = tree_places(rules)
    rows = [
        [answers[place, close] for close in range(closes)] for _, places in trees.values() for place in places
    ]
    for tree, places in trees.values():
        for count, below in count_places(tree, places):
            rows.append([value(count, below, close, answers) for close in range(closes)])
    return np.array(rows, dtype=np.int8)


def blamed(rules: RuleSet, answers: Answers, closes: int, tree: str) -> npt.NDArray[np.bool_]:
    """By brute force: every condition answered otherwise at every close, and the whole tree asked again."""
    found = np.zeros((len(rules.conditions), closes), dtype=np.bool_)
    node, places = tree_places(rules)[tree]
    for close in range(closes):
        if value(node, places, close, answers) == 1:
            continue
        for place in places:
            same = [p for p in places if rules.conditions[p] == rules.conditions[place]]
            for other in {0, 1} - {answers[place, close]}:
                tried = answers | {(p, close): other for p in same}
                found[place, close] |= value(node, places, close, tried) == 1
    return found


@pytest.mark.parametrize("seed", range(60))
def test_sole_blockers_are_those_of_brute_force(seed: int) -> None:
    rnd, closes = Random(seed), 12
    rules = parse_rules(document(rnd))
    answers: Answers = {}
    for place, condition in enumerate(rules.conditions):
        same = next((p for p in range(place) if rules.conditions[p] == condition), None)
        for close in range(closes):
            fresh = rnd.choice([1, 1, 0, -1])
            answers[place, close] = fresh if same is None else answers[same, close]
    leaves = leaves_of(rules, answers, closes)

    for tree in tree_places(rules):
        found = sole_blockers(rules, leaves, tree)
        assert found.tolist() == blamed(rules, answers, closes, tree).tolist()


A: Any = {"left": {"price": "close"}, "op": ">", "right": 1}
B: Any = {"left": {"price": "close"}, "op": ">", "right": 2}
C: Any = {"left": {"price": "close"}, "op": ">", "right": 3}


def rules_of(long: Any) -> RuleSet:
    return parse_rules({"schema": 2, "long": long})


def alone(long: Any, *rows: str) -> list[str]:
    """Which conditions are to blame at each close, given their answers (``1 0 ?``) close by close."""
    told = [[{"1": 1, "0": 0, "?": -1}[word] for word in row] for row in rows]
    found = sole_blockers(rules_of(long), np.array(told, dtype=np.int8), "long")
    return ["".join("x" if flag else "." for flag in row) for row in found]


def test_the_only_false_or_unknown_condition_is_to_blame() -> None:
    assert alone({"all": [A, B]}, "1100?1", "1010?0") == ["..x...", ".x...x"]


def test_of_alternatives_each_alone_would_have_done() -> None:
    assert alone({"any": [A, B]}, "10?", "00?") == [".xx", ".xx"]


def test_under_not_the_true_condition_is_to_blame() -> None:
    assert alone({"all": [A, {"not": B}]}, "111", "10?") == ["...", "x.x"]


def test_a_condition_said_twice_is_one_condition() -> None:
    assert alone({"all": [{"any": [A, B]}, {"any": [A, C]}]}, "0", "0", "0", "0") == ["x", ".", "x", "."]


def test_one_below_the_wanted_number_is_to_blame() -> None:
    assert alone({"at_least": {"k": 2, "of": [A, B, C]}}, "100", "001", "000") == [
        "..x",
        "x..",
        "x.x",
    ]


def test_a_count_looks_at_earlier_closes_as_they_were() -> None:
    """For two closes: the answer now helps only where the one before was true."""
    assert alone({"for": {"n": 2, "of": A}}, "0101101", "?" + "000100") == ["..x..x."]


def test_a_planted_blocker_comes_out_with_its_share() -> None:
    rng = np.random.default_rng(7)
    closes, share = 20_000, 0.31
    leaves = np.ones((3, closes), dtype=np.int8)
    planted = rng.random(closes) < share
    leaves[1, planted] = 0

    found = sole_blockers(rules_of({"all": [A, B, C]}), leaves, "long")

    assert found.sum(axis=1).tolist() == [0, int(planted.sum()), 0]
    assert abs(found[1].mean() - share) < 0.01


def test_slots_of_other_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 slots"):
        sole_blockers(rules_of({"all": [A, B]}), np.zeros((3, 5), dtype=np.int8), "long")


def test_an_absent_tree_blames_nobody() -> None:
    assert not sole_blockers(rules_of(A), np.zeros((1, 4), dtype=np.int8), "short").any()


@pytest.mark.parametrize("seed", range(25))
def test_distances_are_those_of_single_explanations(seed: int) -> None:
    rnd = Random(1_000 + seed)
    rules = parse_rules(document(rnd, facts=False))
    candles = {"XUSDT": random_walk(900, seed=seed), "YUSDT": random_walk(900, seed=seed + 1)}
    frames = {
        (s, t): _resampled(c, t) for s, c in candles.items() for t in map(Timeframe, ("1m", "5m", "15m"))
    }
    first, last = START_MS + 850 * MINUTE, START_MS + 899 * MINUTE
    evaluate(rules, frames, symbol="XUSDT", timeframe=Timeframe.M1)

    found = distances(rules, frames, symbol="XUSDT", timeframe=Timeframe.M1, first_ms=first, last_ms=last)

    for at in (0, 17, 48):
        close_ms = int(found.close_ms[at])
        told = explain(rules, frames, symbol="XUSDT", timeframe=Timeframe.M1, close_ms=close_ms)
        for line in (leaf for tree in told.trees.values() for leaf in tree.leaves()):
            assert line.leaf is not None
            for expected, given in (
                (line.distance, found.distance[line.leaf, at]),
                (line.distance_pct, found.percent[line.leaf, at]),
            ):
                assert given == pytest.approx(np.nan if expected is None else expected, rel=1e-9, nan_ok=True)


def _resampled(candles: Any, timeframe: Timeframe) -> Any:
    return resample(candles, Timeframe.M1, timeframe, until_ms=START_MS + 900 * MINUTE)


def test_near_misses_are_ranked_and_binned_by_their_spread() -> None:
    distance = np.array([-4.0, -1.0, 3.0, -0.5, np.nan, -9.0, 5.5])
    flags = np.array([True, True, False, True, True, False, False])

    near = near_misses(distance, flags, most=2)

    spread = np.nanstd(distance)
    assert near.nearest == (3, 1)
    assert near.sigmas[0] == pytest.approx(-4.0 / spread)
    expected = [0] * len(EDGES)
    for miss in (4.0, 1.0, 0.5):
        expected[sum(edge <= miss / spread for edge in EDGES) - 1] += 1
    assert list(near.bins) == expected


def test_a_distance_that_never_moves_has_no_spread() -> None:
    near = near_misses(np.full(3, -2.0), np.array([True, False, True]), most=5)

    assert near.nearest == (0, 2)
    assert near.bins == ()
    assert np.isnan(near.sigmas).all()
