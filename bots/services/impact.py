"""What publishing would change: the signals of the last days, by the old rules and by the new ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bots.services.preview import Place, preview, started
from trading_core.rules.model import RuleSet

IMPACT_DAYS = 7
SIDES = ("long", "short")


@dataclass(frozen=True, slots=True)
class SideImpact:
    """Entry signals of one side; a signal begins at the first of the closes that ask for an entry."""

    side: str
    old: int
    new: int
    only_old: int
    """Closes at which only the old rules ask for an entry."""
    only_new: int


@dataclass(frozen=True, slots=True)
class Impact:
    """The difference over the stored part of the last days."""

    place: Place
    days: int
    closes: int
    sides: tuple[SideImpact, ...]


def impact(old: RuleSet | None, new: RuleSet, place: Place) -> Impact:
    """Compare both over the same closes; without old rules they count as never asking."""
    after = preview(new, place, days=IMPACT_DAYS)
    before = None if old is None else preview(old, place, days=IMPACT_DAYS)
    sides = []
    for side in SIDES:
        now = after.entries[side]
        then = np.zeros_like(now) if before is None else before.entries[side]
        sides.append(
            SideImpact(
                side,
                int(started(then).sum()),
                int(started(now).sum()),
                int((then & ~now).sum()),
                int((now & ~then).sum()),
            )
        )
    return Impact(place, IMPACT_DAYS, after.closes, tuple(sides))
