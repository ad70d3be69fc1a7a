from __future__ import annotations

import pytest

from conditions.services.reading import read_draft
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text


def test_a_tree_may_be_its_text() -> None:
    said = read_draft({"schema": 2, "long": "dip: rsi(14) < 30", "exit_long": "rested: rsi(14) > 60"})

    assert said.rules == RuleSet(
        long=parse_text("dip: rsi(14) < 30"), exit_long=parse_text("rested: rsi(14) > 60")
    )
    assert said.faults == said.warnings == ()


def test_every_tree_with_a_fault_is_named_at_once() -> None:
    read = read_draft(
        {
            "schema": 2,
            "long": "rsi(14) <",
            "short": {"left": 1, "op": "<", "right": 2},
            "exit_long": "close > ema(9)",
            "exit_short": "rsi(14) >> 3",
        }
    )

    assert [fault.path for fault in read.faults] == ["long, column 10", "exit_short, column 10", "short"]
    assert read.rules is None


@pytest.mark.parametrize(
    "draft", [{}, {"schema": 99}, {"schema": 2, "long": 7}, {"schema": 2, "lnog": "close > 1"}]
)
def test_a_draft_that_says_nothing_usable_is_a_fault_and_no_crash(draft: dict[str, object]) -> None:
    read = read_draft(draft)

    assert read.rules is None
    assert read.faults


@pytest.mark.parametrize(
    "draft,reason",
    [
        ({"long": "rsi(14) < 30", "exit_long": "close > open"}, "no name"),
        ({"long": "a: rsi(14) < 30"}, "no rule leaves"),
        ({"exit_long": "a: rsi(14) < 30"}, "no tree enters"),
        ({"long": "a: ema(50)@1d > close", "exit_long": "b: close < open"}, "days of candles"),
    ],
)
def test_what_is_worth_a_second_look_is_a_warning(draft: dict[str, object], reason: str) -> None:
    read = read_draft({"schema": 2, **draft})

    assert read.rules is not None
    assert any(reason in warning.reason for warning in read.warnings)
