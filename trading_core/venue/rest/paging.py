"""Pages and cursors: newest first, the cursor is the last item's number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from trading_core.venue.rest.request import PARAMETER, ApiError, Request

T = TypeVar("T")

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
_PREFIX = "page_token%3D"
_FOREVER = 1 << 62


def page(
    items: Iterable[T], request: Request, *, number: Callable[[T], int], default: int, most: int
) -> tuple[list[T], str]:
    """The items below the cursor, newest first, and the next cursor (empty at the end)."""
    limit = request.limit(default=default, most=most)
    below = _cursor(request.text("cursor"))
    fitting = sorted((i for i in items if below is None or number(i) < below), key=number, reverse=True)
    shown = fitting[:limit]
    more = len(fitting) > limit
    return shown, f"{_PREFIX}{number(shown[-1])}%26" if more else ""


def _cursor(text: str) -> int | None:
    if not text:
        return None
    digits = text.replace("%3D", "=").replace("%26", "").removeprefix("page_token=").rstrip("&")
    if not digits.isdigit():
        raise ApiError(PARAMETER, "params error: cursor invalid")
    return int(digits)


def time_window(request: Request, *, now_ms: int, default_ms: int = WEEK_MS) -> tuple[int, int]:
    """(startTime, endTime), both inclusive; raise ApiError if they are further apart than 7 days.

    With one of them the window is 7 days long; with neither it is the last ``default_ms``.
    """
    start, end = request.integer("startTime", 0), request.integer("endTime", 0)
    if start and end and not 0 <= end - start <= WEEK_MS:
        raise ApiError(PARAMETER, "params error: the time range between startTime and endTime is over 7 days")
    if not start and not end:
        return now_ms - default_ms, _FOREVER
    return start or end - WEEK_MS, end or start + WEEK_MS
