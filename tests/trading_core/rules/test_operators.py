from __future__ import annotations

import numpy as np
import pytest

from tests.builders import candles
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text

EDGE = 30.0 * (1 + 5e-10)
"""Not 30, and equal to it within a billionth."""


def said(text: str, closes: list[float]) -> str:
    """What a condition says at each close: 1 true, 0 false, ? unknown."""
    walk = candles(" ".join(map(repr, closes)))
    end = int(walk.open_time[-1]) + Timeframe.M1.ms
    frames = frames_of({"XUSDT": walk}, {("XUSDT", Timeframe.M1)}, until_ms=end)
    rules = RuleSet(long=parse_text(text))
    truths = evaluate(rules, frames, symbol="XUSDT", timeframe=Timeframe.M1).trees["long"]
    assert truths.dtype == np.int8
    return "".join("01?"[truth] for truth in truths)


@pytest.mark.parametrize(
    "closes,above,below",
    [
        ([29, 30, 31], "001", "?00"),
        ([29, 30, 30, 31, 32], "00010", "?0000"),
        ([29, 30, 29], "000", "?01"),
        ([31, 30, 31], "?01", "000"),
        ([31, 30, 29], "?00", "001"),
        ([30, 30, 30], "000", "000"),
        ([29, 31, 29, 31], "0101", "?010"),
        ([29, EDGE, 31], "001", "?00"),
        ([31, 29, EDGE, 29], "?000", "0101"),
    ],
)
def test_a_crossing_counts_equality_as_the_side_it_came_from(
    closes: list[float], above: str, below: str
) -> None:
    assert said("close crosses above 30", closes) == above
    assert said("close crosses below 30", closes) == below
    assert said("30 crosses below close", closes) == above


@pytest.mark.parametrize(
    "operator,truths",
    [("<", "1000"), ("<=", "1110"), (">", "0001"), (">=", "0111"), ("==", "0110"), ("!=", "1001")],
)
def test_equal_is_within_a_billionth(operator: str, truths: str) -> None:
    assert said(f"close {operator} 30", [29.9, 30.0, EDGE, 30.1]) == truths


def test_ranges_include_their_bounds() -> None:
    assert said("close between 29 and 31", [28.9, 29, 30, 31, 31.1]) == "01110"
    assert said("close outside 29 and 31", [28.9, 29, 30, 31, 31.1]) == "10001"
