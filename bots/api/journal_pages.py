"""Pages of the decision journal by a cursor: the same answer as other lists, over rows and packed pages."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from bots.models import Bot
from bots.services.journal import Decision, decisions
from trading_core.backtest.inputs import time_of
from trading_core.errors import InvalidInput

PAGE, PAGE_MAX = 50, 500
SPARE = 24
"""More than a close has symbols: one that was shown in part is read again and passed over."""
TIME_MAX_MS = 4_102_444_800_000
"""2100-01-01."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which decisions are asked for."""

    symbol: str | None = None
    codes: Collection[str] | None = None
    from_ms: int | None = None
    to_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two decisions: what is older than this one, or what is newer."""

    close_ms: int
    symbol: str
    newer: bool = False

    def text(self) -> str:
        """The cursor for an address."""
        plain = f"{'n' if self.newer else 'o'}.{self.close_ms}.{self.symbol}"
        return urlsafe_b64encode(plain.encode()).decode()

    @classmethod
    def of(cls, text: str) -> Cursor:
        """Read one; one that was tampered with is not found rather than a fault."""
        try:
            way, close, symbol = urlsafe_b64decode(text.encode()).decode().split(".", 2)
            close_ms = int(close)
        except (ValueError, binascii.Error) as error:
            raise NotFound("Invalid cursor") from error
        if way not in ("n", "o") or not 0 <= close_ms <= TIME_MAX_MS:
            raise NotFound("Invalid cursor")
        return cls(close_ms, symbol, newer=way == "n")

    def beyond(self, decision: Decision) -> bool:
        """Whether a decision is on its side."""
        here, there = (self.close_ms, self.symbol), (decision.close_ms, decision.symbol)
        return there > here if self.newer else there < here


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Some decisions, newest first, with the places before and behind them."""

    decisions: list[Decision]
    newer: Cursor | None
    older: Cursor | None


def filters_of(request: Request) -> Filters:
    """Read ``symbol``, ``outcome``, ``from`` and ``to``; raise InvalidInput naming the wrong one."""
    said = {name: value for name, value in request.query_params.items() if isinstance(value, str)}
    for name, value in said.items():
        if "\x00" in value:
            raise InvalidInput(name, "expected text without NUL characters")
    codes = said.get("outcome")
    return Filters(
        symbol=said.get("symbol"),
        codes=None if codes is None else codes[:400].split(","),
        from_ms=moment(said, "from"),
        to_ms=moment(said, "to"),
    )


def moment(said: Mapping[str, str], name: str) -> int | None:
    """A time given as ISO text or in milliseconds; None when it is not given."""
    text = said.get(name)
    if text is None:
        return None
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < len("10000000000000") else None
    if value is None:
        value = time_of(text, name)
    if not 0 <= value <= TIME_MAX_MS:
        raise InvalidInput(name, f"expected a time from 1970 to 2100, was {text!r:.40}")
    return value


def journal_page(bot: Bot, filters: Filters, cursor: Cursor | None, size: int) -> JournalPage:
    """Return the decisions at a cursor; without one, the newest."""
    newer = cursor is not None and cursor.newer
    found = decisions(
        bot,
        symbol=filters.symbol,
        from_ms=_later(filters.from_ms, cursor.close_ms if cursor and newer else None),
        to_ms=_earlier(filters.to_ms, cursor.close_ms if cursor and not newer else None),
        codes=filters.codes,
        newest_first=not newer,
        limit=size + SPARE,
    )
    beyond = [one for one in found if cursor is None or cursor.beyond(one)]
    shown, more = beyond[:size], len(beyond) > size
    if newer:
        shown.reverse()
    first, last = (_at(shown[0], newer=True), _at(shown[-1])) if shown else (None, None)
    return JournalPage(
        shown,
        newer=first if (more if newer else cursor is not None) else None,
        older=last if (more or newer) else None,
    )


def _at(decision: Decision, *, newer: bool = False) -> Cursor:
    return Cursor(decision.close_ms, decision.symbol, newer=newer)


def _later(one: int | None, other: int | None) -> int | None:
    return max((t for t in (one, other) if t is not None), default=None)


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((t for t in (one, other) if t is not None), default=None)


def page_size(request: Request) -> int:
    """Read ``limit``; what is no number of decisions counts as not given."""
    text = request.query_params.get("limit", "")
    size = int(text) if text.isascii() and text.isdecimal() and len(text) < len("100000") else PAGE
    return min(max(1, size), PAGE_MAX)


def paged(request: Request, page: JournalPage, results: Any) -> Response:
    """The answer in the shape of every list."""
    here = request.build_absolute_uri()
    places = {"next": page.older, "previous": page.newer}
    links = {
        name: None if place is None else replace_query_param(here, "cursor", place.text())
        for name, place in places.items()
    }
    return Response({**links, "results": results})
