"""The worst case of a plan as pages show it: findings, a small picture of the ladder, the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_core.engine.preflight import Preflight, as_data
from trading_core.risk.worst_case import WorstCase

WIDTH, HEIGHT, EDGE, LABEL = 340, 190, 14, 96
"""Of the picture, in its own units: size, margin above and below, room for the prices on the right."""
LABEL_GAP = 11
"""Prices nearer to each other than this would overlap."""


@dataclass(frozen=True, slots=True)
class Level:
    """A price in the picture, with a bar as long as the position is large from there on."""

    kind: str
    """entry, leg, stop, liquidation."""
    y: float
    label_y: float
    bar: float
    name: str
    price: str

    @property
    def bar_y(self) -> float:
        """Top of the bar."""
        return self.y - 2.5

    @property
    def text_y(self) -> float:
        """Baseline of the price."""
        return self.label_y + 3


@dataclass(frozen=True, slots=True)
class Case:
    """One symbol and side."""

    data: dict[str, Any]
    levels: list[Level]
    label: str
    width: int = WIDTH
    height: int = HEIGHT
    axis: int = WIDTH - LABEL
    label_x: int = WIDTH - LABEL + 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A preflight ready to be drawn."""

    data: dict[str, Any]
    cases: list[Case]

    @property
    def refusals(self) -> int:
        """How many findings keep the bot from starting."""
        return sum(finding["refuses"] for finding in self.data["findings"])


def shown(result: Preflight) -> Shown:
    """The partial's context of a preflight."""
    data = as_data(result)
    pairs = zip(result.cases, data["cases"], strict=True)
    return Shown(data, [Case(told, picture(case, told), _label(told)) for case, told in pairs])


def _label(told: dict[str, Any]) -> str:
    last = told["steps"][-1]
    return (
        f"Ladder of {told['symbol']} {told['side']} from {told['steps'][0]['price']} to {last['price']}, "
        f"stop {last['stop_price']}, liquidation {last['liquidation_price']}"
    )


def picture(case: WorstCase, told: dict[str, Any]) -> list[Level]:
    """Entry, legs, stop and liquidation from the highest price to the lowest, labels apart from each other.

    The liquidation is drawn at its place only if that leaves the ladder room; else at the edge.
    """
    last, steps = case.last, case.steps
    prices = [step.ticks for step in steps] + [last.stop]
    reach = max(prices) - min(prices) or 1
    far = last.stop - case.direction * reach
    liquidation = max(last.liquidation, far) if case.direction > 0 else min(last.liquidation, far)
    top, bottom = max(*prices, liquidation), min(*prices, liquidation)

    def height(ticks: int) -> float:
        return EDGE + (top - ticks) * (HEIGHT - 2 * EDGE) / ((top - bottom) or 1)

    longest = abs(last.position.lots)
    room = WIDTH - LABEL - EDGE
    levels = [
        (
            "leg" if step.leg else "entry", height(step.ticks), room * abs(step.position.lots) / longest,
            row["part"], row["price"],
        )
        for step, row in zip(steps, told["steps"], strict=True)
    ]  # fmt: skip
    final = told["steps"][-1]
    levels += [
        ("stop", height(last.stop), room, "stop", final["stop_price"]),
        ("liquidation", height(liquidation), room, "liq.", final["liquidation_price"]),
    ]
    return _labelled(levels)


def _labelled(levels: Sequence[tuple[str, float, float, str, str]]) -> list[Level]:
    """Levels from top to bottom; a label too near the one above is moved down, or dropped for a leg."""
    placed: list[Level] = []
    lowest = float("-inf")
    fixed = [y for kind, y, *_ in levels if kind != "leg"]
    for kind, y, bar, name, price in sorted(levels, key=lambda level: level[1]):
        crowded = y - lowest < LABEL_GAP or (
            kind == "leg" and any(abs(y - other) < LABEL_GAP for other in fixed)
        )
        if crowded and kind == "leg":
            placed.append(Level(kind, round(y, 1), 0, round(bar, 1), "", ""))
            continue
        label_y = max(y, lowest + LABEL_GAP)
        lowest = label_y
        placed.append(Level(kind, round(y, 1), round(label_y, 1), round(bar, 1), name, _shortened(price)))
    return placed


def _shortened(price: str) -> str:
    """A price with thousands separators."""
    return f"{Decimal(price):,f}"
