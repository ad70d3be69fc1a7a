"""Disconnect protection (DCP): orders leave when their owner has been silent for too long.

An account that set a window is protected while one of its private connections listens to ``dcp.future``.
Once the last of them has been gone for the window, its open orders are cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TOPICS = frozenset({"dcp", "dcp.future"})


class Disconnects:
    """One timer for each protected account that is gone."""

    def __init__(self, window_s: Callable[[int], int], cancel_all: Callable[[int], None]) -> None:
        self._window_s = window_s
        """Seconds an account may be gone; 0: it isn't protected."""
        self._cancel_all = cancel_all
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def came(self, uid: int) -> None:
        """A connection of that account listens to the topic."""
        timer = self._timers.pop(uid, None)
        if timer is not None:
            timer.cancel()

    def went(self, uid: int) -> None:
        """The last one that listened is gone."""
        self.came(uid)
        window_s = self._window_s(uid)
        if window_s:
            loop = asyncio.get_running_loop()
            self._timers[uid] = loop.call_later(window_s, self._fire, uid)

    def _fire(self, uid: int) -> None:
        del self._timers[uid]
        self._cancel_all(uid)
