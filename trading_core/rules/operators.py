"""The operators of conditions. To add one: a line here and its meaning in ``truth``.

A crossing looks at two closes and counts equality at the first of them. Beside 30, the closes 29, 30, 31
cross above once, at the 31, and so do 29, 30, 30, 31. Going 29, 30, 29 never crosses above, for it was
never above, and crosses below at the last close; 31, 30, 31 crosses above at the last close. Where the
answer hangs on a number that is not ready, it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Form(StrEnum):
    """What an operator takes beside its left operand."""

    COMPARE = "compare"
    """``right``"""
    RANGE = "range"
    """``low`` and ``high``"""
    TREND = "trend"
    """``n`` candles"""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator with its words: ``text`` in the text form, ``label`` in the editor."""

    name: str
    form: Form
    text: str
    label: str
    meaning: str


_ALL = (
    Operator("<", Form.COMPARE, "<", "is below", "Left is smaller, and not equal."),
    Operator("<=", Form.COMPARE, "<=", "is at or below", "Left is smaller or equal."),
    Operator(">", Form.COMPARE, ">", "is above", "Left is larger, and not equal."),
    Operator(">=", Form.COMPARE, ">=", "is at or above", "Left is larger or equal."),
    Operator("==", Form.COMPARE, "==", "equals", "The two differ by less than a billionth of the larger."),
    Operator(
        "!=", Form.COMPARE, "!=", "differs from", "The two differ by a billionth of the larger or more."
    ),
    Operator(
        "crosses_above",
        Form.COMPARE,
        "crosses above",
        "crosses above",
        "At the close before, left was at or below right; now it is above, and not equal.",
    ),
    Operator(
        "crosses_below",
        Form.COMPARE,
        "crosses below",
        "crosses below",
        "At the close before, left was at or above right; now it is below, and not equal.",
    ),
    Operator("between", Form.RANGE, "between", "is between", "At or above low and at or below high."),
    Operator("outside", Form.RANGE, "outside", "is outside", "Below low or above high."),
    Operator(
        "rising", Form.TREND, "rising", "has been rising", "Above its value before, n candles in a row."
    ),
    Operator(
        "falling", Form.TREND, "falling", "has been falling", "Below its value before, n candles in a row."
    ),
)

OPERATORS: Mapping[str, Operator] = MappingProxyType({operator.name: operator for operator in _ALL})

EQUAL_WITHIN = 1e-9
"""A relative difference below this compares as equal."""
