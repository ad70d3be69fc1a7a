"""Public prices for browsers: the latest per symbol, a few times a second, never a queue of them."""

from __future__ import annotations

from typing import Any

from ailona.kit import clock
from ailona.kit.push import publish_price

EVERY_MS = 500


class Prices:
    """Coalesces the prices of one market."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._latest: dict[str, dict[str, Any]] = {}
        self._next_ms = 0

    def heard(self, symbol: str, price: str, time_ms: int) -> None:
        """Remember the latest price of a symbol."""
        self._latest[symbol] = {"price": price, "time_ms": time_ms}

    def flush(self) -> None:
        """Publish what has changed, if it is time."""
        now = clock.wall_ms()
        if not self._latest or now < self._next_ms:
            return
        self._next_ms = now + EVERY_MS
        latest, self._latest = self._latest, {}
        for symbol, payload in latest.items():
            publish_price(self._source, symbol, payload)
