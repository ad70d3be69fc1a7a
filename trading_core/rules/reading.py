"""What the parsers of documents and of text share: bounds, budgets and clear refusals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import (
    MAX_DIFFERENT_TAGS,
    MAX_NODES,
    MAX_NUMBER,
    MAX_OPERANDS,
    MAX_SYMBOLS,
    MAX_TIMEFRAMES,
)


class Budget:
    """Counts what a rule-set is made of and refuses too much of it."""

    def __init__(self) -> None:
        self._nodes = 0
        self._operands = 0
        self._timeframes: set[str] = set()
        self._symbols: set[str] = set()
        self._ids: set[str] = set()
        self._tags: set[str] = set()

    def node(self, path: str) -> None:
        """Count a node."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise RulesInvalid(path, f"expected at most {MAX_NODES} nodes and conditions")

    def operand(self, path: str) -> None:
        """Count an operand."""
        self._operands += 1
        if self._operands > MAX_OPERANDS:
            raise RulesInvalid(path, f"expected at most {MAX_OPERANDS} operands")

    def timeframe(self, name: str, path: str) -> None:
        """Count a timeframe."""
        self._timeframes.add(name)
        if len(self._timeframes) > MAX_TIMEFRAMES:
            raise RulesInvalid(path, f"expected at most {MAX_TIMEFRAMES} different timeframes")

    def symbol(self, name: str, path: str) -> None:
        """Count a symbol."""
        self._symbols.add(name)
        if len(self._symbols) > MAX_SYMBOLS:
            raise RulesInvalid(path, f"expected at most {MAX_SYMBOLS} different symbols")

    def id(self, name: str, path: str) -> None:
        """Count a node's name, which no other node may have."""
        if name in self._ids:
            raise RulesInvalid(path, f"expected a name of its own, {name!r} is another node's")
        self._ids.add(name)

    def tag(self, name: str, path: str) -> None:
        """Count a tag."""
        self._tags.add(name)
        if len(self._tags) > MAX_DIFFERENT_TAGS:
            raise RulesInvalid(path, f"expected at most {MAX_DIFFERENT_TAGS} different tags")


def check_keys(
    raw: dict[str, Any], path: str, *, required: Iterable[str], optional: Iterable[str] = ()
) -> None:
    """Raise RulesInvalid for a missing or unknown key."""
    needed = tuple(required)
    known = {*needed, *optional}
    for key in needed:
        if key not in raw:
            raise RulesInvalid(below(path, key), "is missing")
    for key in raw:
        if key not in known:
            raise RulesInvalid(
                below(path, printable(str(key))),
                f"is not known here; expected {', '.join(sorted(known))}",
            )


def printable(text: str) -> str:
    """A key from outside as a part of a path, short and without what can't be shown."""
    return "".join(c if c.isprintable() else "?" for c in text[:40])


def shown(raw: object) -> str:
    """What came instead, short whatever it is."""
    if isinstance(raw, (dict, list)):
        return "an object" if isinstance(raw, dict) else "a list"
    if isinstance(raw, int) and abs(raw) > MAX_NUMBER:
        return "a huge number"
    return repr(raw)[:40]


def unlike(what: str, raw: object, known: Iterable[str]) -> str:
    """The reason for a name that nothing has, with those that come near it."""
    near = get_close_matches(raw[:40], tuple(known), n=3, cutoff=0.5) if isinstance(raw, str) else []
    hint = f"; near it: {', '.join(near)}" if near else ""
    return f"expected {what}, was {shown(raw)}{hint}"


def below(path: str, key: str) -> str:
    """The path of a key."""
    return f"{path}.{key}" if path else key


def whole(raw: object, path: str, low: int, high: int) -> int:
    """A whole number inside bounds, both inclusive."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not finite(raw) or raw != int(raw):
        raise RulesInvalid(path, f"expected a whole number from {low} to {high}, was {shown(raw)}")
    if not low <= raw <= high:
        raise RulesInvalid(path, f"expected a whole number from {low} to {high}, was {shown(raw)}")
    return int(raw)


def real(raw: object, path: str) -> float:
    """A finite number of at most a billion."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not finite(raw):
        raise RulesInvalid(path, f"expected a finite number, was {shown(raw)}")
    if abs(raw) > MAX_NUMBER:
        raise RulesInvalid(path, f"expected a number of at most {MAX_NUMBER:.0f}, was {shown(raw)}")
    return float(raw) + 0.0


def finite(raw: float) -> bool:
    """Whether a number is finite; whole numbers of any length are."""
    return isinstance(raw, int) or math.isfinite(raw)


def one_of(raw: object, path: str, choices: tuple[str, ...]) -> str:
    """A text that is one of the choices."""
    if not isinstance(raw, str) or raw not in choices:
        raise RulesInvalid(path, f"expected one of {', '.join(choices)}, was {shown(raw)}")
    return raw
