"""The text form cut into words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_BYTES, MAX_WORDS

_WORD = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<symbol>[A-Z0-9]{2,30}:)"
    r"|(?P<zone>[A-Z][A-Za-z0-9_]*(?:[/+-][A-Za-z0-9_]+)*)"
    r"|(?P<number>[0-9]{1,18}(?:\.[0-9]{1,30})?(?:e[+-]?[0-9]{1,3})?(?![\w.]))"
    r"|(?P<timeframe>@[0-9]{1,2}[mhd])"
    r"|(?P<label>[a-z][a-z0-9_]{0,39}:)"
    r"|(?P<tag>#[a-z][a-z0-9_-]{0,19}(?![\w-]))"
    r"|(?P<name>[a-z][a-z0-9_]{0,40})"
    r"|(?P<sign><=|>=|==|!=|[-+*/<>()\[\],.])"
)
"""Cutting takes time proportional to the text. A colon behind capitals names a symbol, behind small
letters a node; other words with a capital are time zones."""

COMPARING = frozenset(
    {"<", "<=", ">", ">=", "==", "!=", "between", "outside", "rising", "falling", "crosses"}
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, its kind, and where it stands: column and, in a text of several trees, line, from 1."""

    kind: str
    text: str
    column: int
    line: int | None = None

    @property
    def path(self) -> str:
        """The place for an error."""
        return f"column {self.column}" if self.line is None else f"line {self.line} column {self.column}"


def cut(text: str, *, line: int | None = None) -> list[Word]:
    """Return the words of a text, with an ``end`` behind the last; raise RulesInvalid.

    ``line`` is the number of its first line; without it columns count through all lines.
    """
    if len(text) > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} characters, were {len(text)}")
    words = []
    at = begun = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            place = Word("", "", at - begun + 1, line).path
            raise RulesInvalid(place, f"can't be read: {text[at : at + 12]!r}")
        kind = match.lastgroup or ""
        if kind != "space":
            words.append(Word(kind, match[0], at - begun + 1, line))
            if len(words) > MAX_WORDS:
                raise RulesInvalid(words[-1].path, f"expected at most {MAX_WORDS} words and signs")
        elif line is not None and "\n" in match[0]:
            line += match[0].count("\n")
            begun = at + match[0].rindex("\n") + 1
        at = match.end()
    words.append(Word("end", "", at - begun + 1, line))
    return words


def brackets_of_conditions(words: list[Word]) -> set[int]:
    """The opening brackets that hold conditions rather than sums, by place in the list."""
    holding: set[int] = set()
    open_: list[int] = []
    for i, word in enumerate(words):
        if word.text == "(":
            open_.append(i)
        elif word.text == ")" and open_:
            closed = open_.pop()
            if closed in holding and open_:
                holding.add(open_[-1])
        elif word.text in COMPARING and open_:
            holding.add(open_[-1])
    return holding


def numbers_of(text: str) -> tuple[str, tuple[float, ...]]:
    """The text with its numbers left blank, and the numbers, each with its sign."""
    shape: list[str] = []
    numbers: list[float] = []
    behind_value = False
    for word in cut(text)[:-1]:
        if word.kind == "number":
            negative = shape[-1:] == ["-1"]
            if negative:
                shape.pop()
            numbers.append(-float(word.text) if negative else float(word.text))
            shape.append("#")
        else:
            sign = word.text == "-" and not behind_value
            shape.append("-1" if sign else word.text)
        behind_value = (
            word.kind in ("number", "timeframe", "zone")
            or word.text in (")", "]")
            or (word.kind == "name" and word.text not in _KEYWORDS)
        )
    return " ".join(shape), tuple(numbers)


_KEYWORDS = COMPARING | {"above", "below", "and", "or", "not"}
