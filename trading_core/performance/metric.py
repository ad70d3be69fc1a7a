"""A figure of a report: its value, or the reason there is none. Never a number that stands for "none"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_core.money import amount_text, plain

METHOD_VERSION = 3
"""Rises with every change of how a figure is computed."""

_FOUR = 10**4
"""Four decimals as an integer."""
_SIX = Decimal("0.000001")
_LARGEST = 1e12
"""A ratio beyond it says only that something was divided by next to nothing."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure, or the reason it is missing."""

    value: str | int | None
    reason: str = ""
    exact: float | None = None
    """A ratio before it was rounded."""

    def as_data(self) -> Any:
        """The value, or ``{"value": null, "reason": ...}``."""
        return self.value if self.value is not None else {"value": None, "reason": self.reason}


def missing(reason: str) -> Metric:
    """No figure, and why."""
    return Metric(None, reason)


def money(units: int) -> Metric:
    """Money units as a plain amount."""
    return Metric(amount_text(units))


def quotient(part: int, whole: int, reason: str) -> Metric:
    """part/whole with four decimals, rounded half even; the reason if whole is 0."""
    return Metric(ratio_text(part, whole)) if whole else missing(reason)


def ratio_text(part: int, whole: int) -> str:
    """part/whole with four decimals, rounded half even."""
    scaled, rest = divmod(abs(part) * _FOUR, abs(whole))
    scaled += 2 * rest > abs(whole) or (2 * rest == abs(whole) and scaled % 2 == 1)
    digits, decimals = divmod(scaled, _FOUR)
    sign = "-" if scaled and (part < 0) != (whole < 0) else ""
    return f"{sign}{digits}.{decimals:04d}".rstrip("0") if decimals else f"{sign}{digits}"


def number(value: float) -> Metric:
    """A ratio with six decimals; floats are for ratios only."""
    if not abs(value) <= _LARGEST:
        return missing("too large to mean anything")
    return Metric(plain(Decimal(value).quantize(_SIX)), exact=value)
