"""Outcomes in a handful of kinds, each with a colour, a mark and a word: never one of them alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bots.pages.words import words
from trading_core.engine.outcome import OutcomeCode


@dataclass(frozen=True, slots=True)
class Kind:
    """What an outcome comes down to at a glance."""

    key: str
    label: str
    mark: str
    meaning: str


ENTERED = Kind("entered", "Entered", "\N{BLACK UP-POINTING TRIANGLE}", "an entry was decided")
EXITED = Kind(
    "exited",
    "Leaving",
    "\N{MULTIPLICATION X}",
    "an exit was decided or is under way, or an entry was given up",
)
HELD = Kind("held", "In a trade", "=", "a position or an entry order stands")
REFUSED = Kind("refused", "Signal refused", "!", "the rules said enter, a gate said no")
NEAR = Kind("near", "One short", "1", "a single condition was false, all else was there")
QUIET = Kind("quiet", "No signal", "\N{MIDDLE DOT}", "two or more conditions were false")
BLIND = Kind("blind", "Not known", "?", "something could not be computed, or nobody looked")

KINDS = (ENTERED, EXITED, HELD, REFUSED, NEAR, QUIET, BLIND)

_KIND_OF: Mapping[str, Kind] = {
    OutcomeCode.ENTERED: ENTERED,
    OutcomeCode.EXIT_RULE: EXITED, OutcomeCode.EXIT_TIME: EXITED, OutcomeCode.CLOSING: EXITED,
    OutcomeCode.ENTRY_TIMEOUT: EXITED,
    OutcomeCode.IN_POSITION: HELD, OutcomeCode.ENTRY_WORKING: HELD,
    OutcomeCode.NO_SIGNAL: QUIET,
    OutcomeCode.NOT_READY: BLIND, OutcomeCode.MISSED: BLIND, OutcomeCode.PARKED: BLIND,
}  # fmt: skip

OUTCOMES: tuple[tuple[str, str], ...] = tuple((code.value, words(code.value)) for code in OutcomeCode)
"""Every outcome with its label, in the order of the code list."""


def kind_of(code: str, *, near: bool = False) -> Kind:
    """The kind of an outcome; what no other kind claims is a gate that refused."""
    kind = _KIND_OF.get(code, REFUSED)
    return NEAR if near and kind is QUIET else kind


def known_outcome(code: str) -> str:
    """The code if it is one, else nothing."""
    return code if code in OutcomeCode.__members__.values() else ""


def tally(kinds: Iterable[Kind]) -> list[tuple[Kind, int]]:
    """How many of each kind, in the order of ``KINDS``, those that never came left out."""
    found = list(kinds)
    return [(kind, count) for kind in KINDS if (count := found.count(kind))]
