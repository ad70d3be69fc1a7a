"""The trailing stop of a position: a distance that follows the price and never steps back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Trailing:
    """Distance in ticks behind the best price since it is active."""

    distance: int
    active: int | None
    """Price that wakes it; None once it is awake."""
    best: int | None
    """Best price seen while awake, ticks."""

    def level(self, *, long: bool) -> int | None:
        """The price that closes the position; None while it sleeps."""
        if self.best is None:
            return None
        return self.best - self.distance if long else self.best + self.distance

    def moves_at(self, *, long: bool) -> int | None:
        """The nearest price that would wake it or carry it on."""
        if self.best is None:
            return self.active
        return self.best + 1 if long else self.best - 1

    def follow(self, price: int, *, long: bool) -> bool:
        """Take notice of a price; True if something changed."""
        level = self.moves_at(long=long)
        if level is None or (price < level if long else price > level):
            return False
        self.best, self.active = price, None
        return True
