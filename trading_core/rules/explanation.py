"""What an explanation holds: a verdict with its reasons, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import TREES
from trading_core.rules.verdict import NO, UNKNOWN, YES, Verdict

_WORDS = {YES: "yes", NO: "no", UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand with its number at the close and at the close before; None where not ready."""

    text: str
    value: float | None
    before: float | None
    fixed: bool = False
    """Whether it is a number written in the rules."""


@dataclass(frozen=True, slots=True)
class Line:
    """A node or condition with its truth (1, 0, -1) at the close."""

    kind: str
    """``all any not at_least within for count`` or the operator of a condition."""
    text: str
    truth: int
    leaf: int | None = None
    """Place among ``RuleSet.conditions``; None for a node."""
    operands: tuple[Operand, ...] = ()
    distance: float | None = None
    """How far the left number is inside (positive) or outside (negative) of where it should be."""
    distance_pct: float | None = None
    """The same in percent of the bound; None where that is zero."""
    distance_sd: float | None = None
    """The same in standard deviations of the left operand over the last closes."""
    children: tuple[Line, ...] = field(default=())
    id: str | None = None
    """The name that the rules give it."""
    tags: tuple[str, ...] = ()
    k: int | None = None
    """How many must be true, under ``at_least`` and counts."""
    n: int | None = None
    """Over how many closes a count goes, or candles a trend."""
    seen: tuple[int, ...] = ()
    """Under a count: what its node said at each of the last n closes, oldest first."""
    path: tuple[float | None, ...] = ()
    """Under a trend: the operand at each of the last n + 1 candles, oldest first."""

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON, from which the truth can be worked out again."""
        data: dict[str, Any] = {"kind": self.kind, "text": self.text, "truth": _WORDS[self.truth]}
        data |= {name: getattr(self, name) for name in ("id", "k", "n") if getattr(self, name) is not None}
        if self.tags:
            data["tags"] = list(self.tags)
        if self.seen:
            data["seen"] = [_WORDS[truth] for truth in self.seen]
        if self.leaf is None:
            return {**data, "children": [child.as_data() for child in self.children]}
        if self.path:
            data["path"] = list(self.path)
        shown = [{"text": o.text, "value": o.value, "before": o.before} for o in self.operands]
        return {
            **data,
            "leaf": self.leaf,
            "operands": shown,
            "distance": self.distance,
            "distance_pct": self.distance_pct,
            "distance_sd": self.distance_sd,
        }

    def leaves(self) -> Iterator[Line]:
        """The conditions at and below this line, from left to right."""
        if self.leaf is not None:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with its reasons, tree by tree."""

    symbol: str
    timeframe: Timeframe
    close_ms: int
    verdict: Verdict
    trees: dict[str, Line]
    """By name; absent trees are left out."""

    def failing(self, tree: str) -> tuple[Line, ...]:
        """The conditions that keep a tree from being true; empty for one that is true or absent.

        Under *not* these are the conditions that are not false; under ``for`` and its kin, where
        an earlier close may be to blame, at least the conditions that were asked.
        """
        line = self.trees.get(tree)
        return () if line is None else tuple(_blocking(line, YES))

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe.value,
            "close_ms": self.close_ms,
            "verdict": {name: _WORDS[getattr(self.verdict, name)] for name in TREES},
            "trees": {name: line.as_data() for name, line in self.trees.items()},
            "failing": {name: [leaf.leaf for leaf in self.failing(name)] for name in self.trees},
        }

    def as_text(self) -> str:
        """Lines for a person: each tree, indented, with truth and numbers."""
        lines = [f"{self.symbol} on {self.timeframe}"]
        for name, line in self.trees.items():
            lines.append(f"{name}: {_WORDS[line.truth]}")
            lines.extend(_told(line, 1))
        return "\n".join(lines)


def _blocking(line: Line, wanted: int) -> Iterator[Line]:
    if line.truth == wanted:
        return
    if line.leaf is not None:
        yield line
        return
    below = (YES if wanted == NO else NO) if line.kind == "not" else wanted
    found = [leaf for child in line.children for leaf in _blocking(child, below)]
    yield from found or line.leaves()


def _told(line: Line, level: int) -> Iterator[str]:
    numbers = "".join(
        f"; {o.text} = {'not ready' if o.value is None else f'{o.value:.8g}'}"
        for o in line.operands
        if not o.fixed
    )
    miss = "" if line.distance is None else f"; distance {line.distance:.8g}"
    yield f"{'  ' * level}[{_WORDS[line.truth]}] {line.text}{numbers}{miss}"
    for child in line.children:
        yield from _told(child, level + 1)
