"""Cursor paging over Bybit's list endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from trading_core.errors import OutcomeUnknown

PAGES_MAX = 500

Ask = Callable[..., dict[str, Any]]


def rows_of(ask: Ask, **query: Any) -> Iterator[Any]:
    """Yield the rows of every page of ``result.list``; raise ``OutcomeUnknown`` for a broken answer.

    A cursor that comes back unchanged, or more than 500 pages, is a broken answer too: a partial
    list must never pass for a whole one.
    """
    cursor = ""
    for _ in range(PAGES_MAX):
        result = ask(**query, **({"cursor": cursor} if cursor else {})).get("result")
        if not isinstance(result, dict) or not isinstance(result.get("list"), list):
            raise OutcomeUnknown("the answer has no result list")
        yield from result["list"]
        following = result.get("nextPageCursor") or ""
        if not following or not result["list"]:
            return
        if following == cursor:
            raise OutcomeUnknown("the page cursor stands still")
        cursor = following
    raise OutcomeUnknown(f"more than {PAGES_MAX} pages")
