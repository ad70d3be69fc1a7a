"""Pages and cursors: newest first, the cursor is the last item's number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from trading_core.venue.rest.request import PARAMETER, ApiError, Request

T = TypeVar("T")

_SEVEN_DAYS_MS = 7 * 86_400_000
_PREFIX = "page_token%3D"


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


def time_window(request: Request) -> tuple[int, int]:
    """(startTime, endTime), both inclusive; raise ApiError if they are further apart than 7 days."""
    start, end = request.integer("startTime", 0), request.integer("endTime", 0)
    if start and end and not 0 <= end - start <= _SEVEN_DAYS_MS:
        raise ApiError(PARAMETER, "params error: the time range between startTime and endTime is over 7 days")
    return start, end or 1 << 62
