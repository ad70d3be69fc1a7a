"""Which bot state lets which orders rest; the protective stop always stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permits:
    """What may stand on the exchange."""

    entries: bool
    legs: bool
    targets: bool


_NOTHING_NEW = Permits(entries=False, legs=False, targets=True)

PERMITS: Mapping[str, Permits] = {
    "draft": _NOTHING_NEW,
    "starting": _NOTHING_NEW,
    "running": Permits(entries=True, legs=True, targets=True),
    "entries_paused": Permits(entries=False, legs=True, targets=True),
    "close_only": _NOTHING_NEW,
    "stopping": _NOTHING_NEW,
    "stopped": _NOTHING_NEW,
    "parked": _NOTHING_NEW,
    "left": Permits(entries=False, legs=True, targets=True),
}
"""By bot state; ``left`` is a stopped one that leaves its legs where they are.

A position found in a state that takes nothing new is still guarded to its end.
"""


def permits(state: str) -> Permits:
    """What may rest in that state; raise ValueError for a state nobody knows."""
    try:
        return PERMITS[state]
    except KeyError:
        raise ValueError(f"expected one of {', '.join(PERMITS)}, was {state!r}") from None
