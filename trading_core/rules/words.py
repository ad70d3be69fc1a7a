"""The text form cut into words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_BYTES

_WORD = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<symbol>[A-Z0-9]{2,30}:)"
    r"|(?P<number>\d{1,18}(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?(?![\w.]))"
    r"|(?P<timeframe>@\d{1,2}[mhd])"
    r"|(?P<name>[a-z][a-z0-9_]{0,40})"
    r"|(?P<sign><=|>=|[-+*/<>()\[\],.])"
)
"""No branch can match the same text twice, so cutting takes time proportional to the text."""

COMPARING = frozenset({"<", "<=", ">", ">=", "between", "outside", "rising", "falling", "crosses"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word, its kind, and where it stands (column from 1)."""

    kind: str
    text: str
    column: int

    @property
    def path(self) -> str:
        """The place for an error."""
        return f"column {self.column}"


def cut(text: str) -> list[Word]:
    """Return the words of a text, with an ``end`` behind the last; raise RulesInvalid."""
    if len(text) > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} characters, were {len(text)}")
    words = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise RulesInvalid(f"column {at + 1}", f"can't be read: {text[at : at + 12]!r}")
        kind = match.lastgroup or ""
        if kind != "space":
            words.append(Word(kind, match[0], at + 1))
        at = match.end()
    words.append(Word("end", "", len(text) + 1))
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
