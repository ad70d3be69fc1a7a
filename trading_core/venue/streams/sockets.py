"""Every open WebSocket, and how many a client may have."""

from __future__ import annotations

from collections import deque

from trading_core.venue.streams.connection import Connection

NEW_MAX = 500
NEW_SPAN_MS = 300_000
"""New connections of one address in five minutes."""
OPEN_MAX = 1_000
"""Open connections of one address on one stream."""


class Sockets:
    """Who is connected."""

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self._begun: dict[str, deque[int]] = {}

    def refuses(self, path: str, remote: str, now_ms: int) -> bool:
        """Whether one more connection of that address is too many; counts it if not."""
        begun = self._begun.setdefault(remote, deque())
        while begun and begun[0] <= now_ms - NEW_SPAN_MS:
            begun.popleft()
        standing = sum(1 for c in self.open if c.remote == remote and c.path == path)
        if len(begun) >= NEW_MAX or standing >= OPEN_MAX:
            return True
        begun.append(now_ms)
        return False

    def of(self, *, uid: int | None = None) -> list[Connection]:
        """Open connections of an account; None: of all."""
        return [connection for connection in self.open if uid in (None, connection.uid)]
