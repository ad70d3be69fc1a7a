"""Why a bot did what it did at its last close, with the numbers of every condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bots.models import Bot
from bots.pages.botlist import LastDecision, last_decision
from bots.services.explaining import explain_decision
from bots.services.journal import decisions
from conditions.selectors import TREE_LABELS
from trading_core.rules import explain as explained
from trading_core.rules.verdict import NO, YES

DIGITS = 6
_TRUTH: Mapping[int, tuple[str, str, str]] = {
    YES: ("true", "\N{CHECK MARK}", "good"),
    NO: ("false", "\N{MULTIPLICATION X}", "bad"),
}
_UNKNOWN = ("unknown", "?", "warn")
_GROUPS: Mapping[str, str] = {"all": "all of", "any": "any of", "not": "not"}


@dataclass(frozen=True, slots=True)
class Line:
    """One node of a tree."""

    depth: int
    text: str
    truth: str
    """true, false, unknown."""
    mark: str
    numbers: str
    distance: str
    is_group: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree of the rules at a close."""

    label: str
    verdict: str
    tone: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Why:
    """The explanation of one symbol at one close."""

    close_ms: int
    last: LastDecision | None
    trees: list[Tree] = field(default_factory=list)
    note: str = ""


def why_of(bot: Bot, symbol: str) -> Why:
    """Explain the newest decision on a symbol: operands are recomputed from the stored candles."""
    newest = decisions(bot, symbol=symbol, limit=1)
    if not newest:
        return Why(0, None)
    row = newest[0]
    explanation = explain_decision(bot, row).explanation
    trees = [_tree(TREE_LABELS[name], line) for name, line in explanation.trees.items()]
    return Why(row.close_ms, last_decision(row), trees)


def _tree(label: str, line: explained.Line) -> Tree:
    verdict, _, tone = _TRUTH.get(line.truth, _UNKNOWN)
    return Tree(label, verdict, tone, list(_lines(line, 0)))


def _lines(line: explained.Line, depth: int) -> Iterator[Line]:
    truth, mark, _ = _TRUTH.get(line.truth, _UNKNOWN)
    group = bool(line.children)
    yield Line(
        depth=min(depth, 3),
        text=_GROUPS.get(line.kind, line.text) if group else line.text,
        truth=truth,
        mark=mark,
        numbers="" if group else _numbers(line),
        distance="" if group else _distance(line),
        is_group=group,
    )
    for child in line.children:
        yield from _lines(child, depth + 1)


def _numbers(line: explained.Line) -> str:
    left, *bounds = [written(operand.value) for operand in line.operands]
    return f"{left} vs {' to '.join(bounds)}" if bounds else left


def _distance(line: explained.Line) -> str:
    if line.distance is None:
        return "not ready" if line.truth not in _TRUTH else ""
    size = written(abs(line.distance))
    if line.distance >= 0 and line.truth == NO and line.kind.startswith("crosses"):
        return f"past it by {size}, no crossing"
    return f"inside by {size}" if line.distance >= 0 else f"missed by {size}"


def written(value: float | None) -> str:
    """A number of an indicator in at most six digits."""
    if value is None:
        return "\N{EN DASH}"
    digits = max(0, DIGITS - len(str(int(abs(value)))))
    return f"{value:,.{min(digits, 4 if abs(value) >= 1 else DIGITS)}f}".replace("-", "\N{MINUS SIGN}")
