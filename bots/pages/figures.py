"""Small values pages draw: key figures and sparklines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SPARK_WIDTH, SPARK_HEIGHT = 112, 30


@dataclass(frozen=True, slots=True)
class Kpi:
    """A key figure."""

    label: str
    value: str
    unit: str = ""
    tone: str = ""
    more: str = ""
    more_tone: str = ""


@dataclass(frozen=True, slots=True)
class Spark:
    """A line without axes."""

    points: str
    label: str
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


def spark(values: Sequence[int], label: str) -> Spark:
    """A sparkline of a series; empty for fewer than two values."""
    if not values[1:]:
        return Spark("", label)
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = SPARK_WIDTH / (len(values) - 1)
    room = SPARK_HEIGHT - 4
    points = (f"{i * step:.1f},{2 + room * (high - value) / span:.1f}" for i, value in enumerate(values))
    return Spark(" ".join(points), label)


def counted(number: int, noun: str) -> str:
    """A number of things in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
