"""Our own pace: a token bucket per path of one account, corrected by what the venue's headers say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from trading_core.errors import NotSent

LIMIT = 10
"""Requests a second until the venue has said better: the lowest common limit of the v5 documentation."""
WAIT_MIN_S = 0.05
WAIT_MAX_S = 5.0
SIGNED_WAIT_MAX_S = 1.0
"""A write is signed already: one that would wait longer is given back, not sent late."""


@dataclass(slots=True)
class _Bucket:
    limit: float
    tokens: float
    filled_at: float
    closed_until: float = 0.0

    def fill(self, now: float) -> None:
        self.tokens = min(self.limit, self.tokens + (now - self.filled_at) * self.limit)
        self.filled_at = now


class Pacer:
    """Spaces the requests of one account; shared by its sessions and threads.

    ``monotonic`` and ``sleep`` are in seconds. ``still``: the venue counts by a market clock that stands
    still, which no waiting moves; nothing waits, and what it refuses comes back as ``NotSent``.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        still: bool = False,
    ) -> None:
        self._still = still
        self._monotonic = monotonic
        self._sleep = sleep
        self._buckets: dict[str, _Bucket] = {}
        self._lock = Lock()

    def take(self, path: str, *, signed: bool) -> None:
        """Wait for this path's turn; a signed write that would wait too long raises ``NotSent``."""
        if self._still:
            return
        wait = self._reserve(path, SIGNED_WAIT_MAX_S if signed else None)
        if wait > 0:
            self._sleep(wait)

    def told(self, path: str, headers: Mapping[str, str], *, refused: bool, now_ms: int) -> None:
        """Take in the rate-limit headers of an answer; ``now_ms`` is the venue's clock.

        ``refused``: the answer was the rate limit itself. A reset stamp in the past, or far ahead,
        is clamped to 0.05..5 s.
        """
        limit, left = _number(headers, "X-Bapi-Limit"), _number(headers, "X-Bapi-Limit-Status")
        reset_ms = _number(headers, "X-Bapi-Limit-Reset-Timestamp")
        with self._lock:
            now = self._monotonic()
            bucket = self._bucket(path, now)
            if limit:
                bucket.limit = float(limit)
            if left is not None:
                bucket.tokens = min(bucket.tokens, float(left))
            if refused:
                ahead = 1.0 if reset_ms is None else (reset_ms - now_ms) / 1000
                bucket.tokens = 0.0
                bucket.closed_until = now + min(WAIT_MAX_S, max(WAIT_MIN_S, ahead))

    def _reserve(self, path: str, most: float | None) -> float:
        with self._lock:
            now = self._monotonic()
            bucket = self._bucket(path, now)
            short = max(0.0, 1.0 - bucket.tokens) / bucket.limit
            wait = max(short, bucket.closed_until - now, 0.0)
            wait = min(WAIT_MAX_S, max(WAIT_MIN_S, wait)) if wait else 0.0
            if most is not None and wait > most:
                raise NotSent(f"{path}: the account's rate limit is used up for {wait:.2f} s")
            bucket.tokens -= 1.0
            return wait

    def _bucket(self, path: str, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(path, _Bucket(LIMIT, LIMIT, now))
        bucket.fill(now)
        return bucket


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None  # noqa: PLR2004 - a stamp in ms has 13
