from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document
from trading_core.rules.difference import Change, Kind, difference
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_rules_text
from trading_core.rules.words import numbers_of

ADDED, REMOVED, CHANGED, MOVED = Kind.ADDED, Kind.REMOVED, Kind.CHANGED, Kind.MOVED


def changes(old: str, new: str) -> list[Change]:
    return difference(*(parse_rules_text(text if "[" in text else f"[long]\n{text}") for text in (old, new)))


@pytest.mark.parametrize(
    "old,new,expected",
    [
        ("rsi(14) < 30", "rsi(14) < 35", [Change(CHANGED, "long", "rsi(14) < 30", "rsi(14) < 35", ((30, 35),))]),
        ("close > -5 or open > 1", "close > -7.5 or open > 1",
         [Change(CHANGED, "long.any[0]", "close > -5", "close > -7.5", ((-5, -7.5),))]),
        ("rsi(14) < 30", "rsi(21) < 35",
         [Change(CHANGED, "long", "rsi(14) < 30", "rsi(21) < 35", ((14, 21), (30, 35)))]),
        ("rsi(14) < 30", "rsi(14) > 30", [Change(CHANGED, "long", "rsi(14) < 30", "rsi(14) > 30")]),
        ("rsi(14) < 30", "rsi(14) < 30 and close > 5", [Change(ADDED, "long.all[1]", new="close > 5")]),
        ("rsi(14) < 30 or close > 5", "close > 5", [Change(REMOVED, "long.any[0]", "rsi(14) < 30")]),
        ("a: close > 5 and b: open > 5", "b: open > 6 and a: close > 5",
         [Change(CHANGED, "long.all[0]", "b: open > 5", "b: open > 6", ((5, 6),), id="b")]),
        ("a: close > 5", "a: close > 5 #x", [Change(CHANGED, "long", "a: close > 5", "a: close > 5 #x", id="a")]),
        ("close > 5 and open > 5", "a: close > 5 and open > 5",
         [Change(CHANGED, "long.all[0]", "close > 5", "a: close > 5", id="a")]),
        ("close > 5 within 3", "close > 5 within 4",
         [Change(CHANGED, "long", "close > 5 within 3", "close > 5 within 4", ((3, 4),))]),
        ("close > 5 within 3", "close > 6 within 3",
         [Change(CHANGED, "long.within.of", "close > 5", "close > 6", ((5, 6),))]),
        ("close > 5 and not (open > 5 or high > 5)", "close > 5 and not (open > 5 or low > 5)",
         [Change(REMOVED, "long.all[1].not.any[1]", "high > 5"),
          Change(ADDED, "long.all[1].not.any[1]", new="low > 5")]),
        ("[long]\nclose > 5 and open > 5", "[long]\nclose > 5\n[short]\nopen > 5",
         [Change(MOVED, "short", "open > 5", "open > 5", old_path="long.all[1]")]),
        ("[long]\nclose > 5 and a: open > 5", "[long]\nclose > 5\n[exit_long]\na: open > 7 and low > 1",
         [Change(MOVED, "exit_long.all[0]", "a: open > 5", "a: open > 7", ((5, 7),), "long.all[1]", "a"),
          Change(ADDED, "exit_long.all[1]", new="low > 1")]),
        ("[long]\nclose > 5", "expires = 3\n[long]\nclose > 5", [Change(CHANGED, "expires", "1", "3", ((1, 3),))]),
        ("at least 2 of (close > 5, open > 5, low > 5)", "at least 1 of (close > 5, open > 5, low > 5)",
         [Change(CHANGED, "long", "at least 2 of (close > 5, open > 5, low > 5)",
                 "at least 1 of (close > 5, open > 5, low > 5)", ((2, 1),))]),
    ],
)  # fmt: skip
def test_what_changed_is_told_with_place_and_texts(old: str, new: str, expected: list[Change]) -> None:
    assert changes(old, new) == expected


def test_another_order_is_no_change() -> None:
    assert (
        changes(
            "close > 5 and (open > 5 or a: low > 5 #x #y)", "(a: low > 5 #y #x or open > 5) and close > 5"
        )
        == []
    )


@pytest.mark.parametrize(
    "text,shape,numbers",
    [
        ("rsi(14) < -3", "rsi ( # ) < #", (14.0, -3.0)),
        ("close - 3 > -2 * open", "close - # > # * open", (3.0, -2.0)),
        (
            "(close - -3) - 2 between -1 and -0.5",
            "( close - # ) - # between # and #",
            (-3.0, 2.0, -1.0, -0.5),
        ),
        ("close@5m - 2 > low[1] - 3", "close @5m - # > low [ # ] - #", (2.0, 1.0, 3.0)),
    ],
)
def test_numbers_of_a_text_have_their_signs(text: str, shape: str, numbers: tuple[float, ...]) -> None:
    assert numbers_of(text) == (shape, numbers)


random_rules = st.integers(0, 2**32).map(Random).map(lambda rnd: parse_rules(document(rnd)))


@settings(max_examples=150, deadline=None)
@given(old=random_rules, new=random_rules)
def test_differences_are_complete_and_the_same_both_ways(old: RuleSet, new: RuleSet) -> None:
    assert difference(old, old) == []
    there, back = difference(old, new), difference(new, old)
    if old.hash != new.hash:
        assert there
    one_way = [(c.kind, c.old, c.new) for c in there if c.kind in (ADDED, REMOVED)]
    other_way = [
        (REMOVED if c.kind is ADDED else ADDED, c.new, c.old) for c in back if c.kind in (ADDED, REMOVED)
    ]
    assert sorted(map(repr, one_way)) == sorted(map(repr, other_way))
