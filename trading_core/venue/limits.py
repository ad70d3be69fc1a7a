"""Request limits as Bybit counts them: per account and path, and per address, over a rolling window."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

SECOND_MS = 1_000
ADDRESS_SPAN_MS = 5_000
ADDRESS_MAX = 600
"""Requests of one address in five seconds, over all paths."""
_FULL = 4_096
"""Windows kept before the empty ones are dropped."""


class Quota(NamedTuple):
    """What a request was granted, in the words of ``X-Bapi-Limit-*``."""

    limit: int
    granted: int
    """Of the cost that was asked for; a batch may be granted in part."""
    remaining: int
    reset_ms: int
    """Now, or when the next one fits if this one didn't."""


class RateLimits:
    """Rolling windows of what was granted; times are milliseconds of any one clock."""

    def __init__(self, *, multiplier: int = 1) -> None:
        self._multiplier = multiplier
        self._windows: dict[tuple[object, str], deque[int]] = {}

    def take(self, who: object, bucket: str, now_ms: int, *, limit: int, cost: int = 1) -> Quota:
        """Count a request of an account against ``limit`` per second."""
        return self._take((who, bucket), now_ms, limit * self._multiplier, SECOND_MS, cost)

    def take_address(self, address: str, now_ms: int) -> Quota:
        """Count a request of an address."""
        return self._take((address, ""), now_ms, ADDRESS_MAX, ADDRESS_SPAN_MS, 1)

    def _take(self, key: tuple[object, str], now_ms: int, limit: int, span_ms: int, cost: int) -> Quota:
        window = self._windows.get(key)
        if window is None:
            self._forget_idle(now_ms)
            window = self._windows[key] = deque()
        while window and not now_ms - span_ms < window[0] <= now_ms:  # a clock that went back starts anew
            window.popleft()
        granted = min(cost, limit - len(window))
        window.extend([now_ms] * granted)
        reset_ms = now_ms if granted == cost else window[0] + span_ms
        return Quota(limit, granted, limit - len(window), reset_ms)

    def _forget_idle(self, now_ms: int) -> None:
        if len(self._windows) < _FULL:
            return
        for key, window in list(self._windows.items()):
            if not window or window[-1] <= now_ms - ADDRESS_SPAN_MS:
                del self._windows[key]
