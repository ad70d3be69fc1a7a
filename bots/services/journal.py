"""The decision journal: every decision of a bot, whether it is still a row or packed into a page.

The one reader. A decision moves from row to page in one transaction; rows are read before pages, and
what was found as a row is passed over in a page, so a reader beside that move loses and doubles nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Q, QuerySet

from bots.models import Bot, DecisionPage, Outcome
from trading_core.engine.journal.page import Packable, Page, PageBroken, unpack

AT_A_TIME = 16
"""Pages fetched with one query."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one close came to for one symbol."""

    symbol: str
    close_ms: int
    code: str
    """``trading_core.engine.outcome.OutcomeCode``."""
    leaves: bytes
    """The conditions' truths, packed as ``Verdict.leaves``; empty where nothing was asked."""
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions of a bot are asked for; None: all."""

    bot: Bot
    symbol: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    codes: frozenset[str] | None = None
    newest_first: bool = True

    def rows(self) -> QuerySet[Outcome]:
        """Those that are rows, in order."""
        found = Outcome.objects.filter(self._q("close_ms", "close_ms"))
        if self.codes is not None:
            found = found.filter(code__in=self.codes)
        return found.order_by(*(("-close_ms", "-symbol") if self.newest_first else ("close_ms", "symbol")))

    def pages(self, symbol: str | None = None) -> QuerySet[DecisionPage]:
        """The pages that may hold some, in order."""
        found = DecisionPage.objects.filter(self._q("last_close_ms", "first_close_ms"))
        if symbol is not None:
            found = found.filter(symbol=symbol)
        if self.codes is not None:
            holding = Q(pk__in=[])
            for code in self.codes:
                holding |= Q(counts__has_key=code)
            found = found.filter(holding)
        return found.order_by("-first_close_ms" if self.newest_first else "first_close_ms")

    def _q(self, last: str, first: str) -> Q:
        limits = {f"{last}__gte": self.from_ms, f"{first}__lte": self.to_ms, "symbol": self.symbol}
        return Q(bot=self.bot, **{name: value for name, value in limits.items() if value is not None})

    def has(self, close_ms: int, code: str) -> bool:
        """Whether a decision within a page is among them."""
        return (
            (self.from_ms is None or close_ms >= self.from_ms)
            and (self.to_ms is None or close_ms <= self.to_ms)
            and (self.codes is None or code in self.codes)
        )


@dataclass(slots=True)
class _Reading:
    """One reading of the journal: rows first, then pages, opened as they are needed."""

    wanted: Wanted
    seen: set[tuple[str, int]] = field(default_factory=set)

    def run(self, limit: int | None) -> list[Decision]:
        rows = [_of_row(row) for row in self.wanted.rows()[:limit]]
        self.seen.update((row.symbol, row.close_ms) for row in rows)
        symbols = self.wanted.pages().order_by("symbol").values_list("symbol", flat=True).distinct()
        packed = [self._packed(symbol) for symbol in symbols]
        newest_first = self.wanted.newest_first
        merged = heapq.merge(rows, *packed, key=lambda d: (d.close_ms, d.symbol), reverse=newest_first)
        return list(islice(merged, limit))

    def _packed(self, symbol: str) -> Iterator[Decision]:
        for page in _opened_in_turn(self.wanted.pages(symbol)):
            places = range(len(page))
            for place in reversed(places) if self.wanted.newest_first else places:
                close_ms, code = int(page.close_ms[place]), page.codes[page.code[place]]
                if self.wanted.has(close_ms, code) and (symbol, close_ms) not in self.seen:
                    yield _of_page(symbol, page.row(place))


def _opened_in_turn(pages: QuerySet[DecisionPage]) -> Iterator[Page]:
    keys = list(pages.values_list("pk", flat=True))
    for chunk in (keys[at : at + AT_A_TIME] for at in range(0, len(keys), AT_A_TIME)):
        rows = DecisionPage.objects.in_bulk(chunk)
        yield from (opened(rows[key]) for key in chunk if key in rows)


def decisions(
    bot: Bot,
    *,
    symbol: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    codes: Collection[str] | None = None,
    newest_first: bool = True,
    limit: int | None = None,
) -> list[Decision]:
    """Return a bot's decisions with ``from_ms <= close_ms <= to_ms``, sorted by (close_ms, symbol).

    ``newest_first`` turns the whole order round. With a limit only the pages that it takes are opened.
    Raise PageBroken, naming the page, if one can't be read.
    """
    only = None if codes is None else frozenset(codes)
    return _Reading(Wanted(bot, symbol, from_ms, to_ms, only, newest_first)).run(limit)


def decision(bot: Bot, symbol: str, close_ms: int) -> Decision | None:
    """Return one decision, or None if there is none of that symbol and close."""
    found = decisions(bot, symbol=symbol, from_ms=close_ms, to_ms=close_ms, limit=1)
    return found[0] if found else None


def last_decisions(bots: Iterable[Bot]) -> dict[int, list[Decision]]:
    """Return the decisions of each bot's newest close, by the bot's key; those are rows still. One query."""
    done = {bot.pk: bot.done for bot in bots if bot.done}
    symbols = {symbol for bot in bots if bot.done for symbol in bot.document["universe"]["symbols"]}
    # All columns of the index are given, so that it stays one seek a bot and symbol.
    rows = Outcome.objects.filter(bot__in=done, symbol__in=symbols, close_ms__in=set(done.values()))
    found: dict[int, list[Decision]] = {}
    for row in rows.order_by("bot_id", "symbol"):
        if row.close_ms == done[row.bot_id]:
            found.setdefault(row.bot_id, []).append(_of_row(row))
    return found


def span(bot: Bot) -> tuple[int, int] | None:
    """Return the first and the last close of a bot's journal, or None before its first decision."""
    first = decisions(bot, newest_first=False, limit=1)
    last = decisions(bot, limit=1)
    return (first[0].close_ms, last[0].close_ms) if first and last else None


@dataclass(frozen=True, slots=True)
class Columns:
    """Decisions of one symbol, oldest first, as columns."""

    close_ms: npt.NDArray[np.int64]
    codes: npt.NDArray[np.str_]
    widths: npt.NDArray[np.int64]
    """Bytes of each decision's leaves."""
    packed: npt.NDArray[np.uint8]
    """One row per decision: its leaves, filled up with zeros."""
    sides: npt.NDArray[np.int8]
    """1 where the details say ``long``, -1 where they say ``short``, else 0."""

    def __len__(self) -> int:
        return len(self.close_ms)

    def rows(self, kept: npt.NDArray[Any]) -> Columns:
        """Some of them, by place or by flag."""
        return Columns(
            self.close_ms[kept], self.codes[kept], self.widths[kept], self.packed[kept], self.sides[kept]
        )


def columns(bot: Bot, symbol: str, *, from_ms: int, to_ms: int) -> Columns:
    """Return the decisions with ``from_ms <= close_ms <= to_ms`` of one symbol, without making one by one."""
    wanted = Wanted(bot, symbol, from_ms, to_ms, newest_first=False)
    rows = [_of_row(row) for row in wanted.rows()]
    parts = [_columns_of_page(page) for page in _opened_in_turn(wanted.pages())]
    parts.append(_columns_of_rows(rows))
    width = max(part.packed.shape[1] for part in parts)
    whole = Columns(
        np.concatenate([part.close_ms for part in parts]),
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.widths for part in parts]),
        np.concatenate([np.pad(part.packed, ((0, 0), (0, width - part.packed.shape[1]))) for part in parts]),
        np.concatenate([part.sides for part in parts]),
    )
    # What was moved while we read is in both: the first of equals is the page's.
    _, first = np.unique(whole.close_ms, return_index=True)
    kept = first[(whole.close_ms[first] >= from_ms) & (whole.close_ms[first] <= to_ms)]
    return whole.rows(kept)


def _columns_of_page(page: Page) -> Columns:
    sides = np.array([_SIDES.get(str(details.get("side")), 0) for details in page.details], dtype=np.int8)
    return Columns(page.close_ms, np.array(page.codes)[page.code], page.widths, page.packed, sides)


def _columns_of_rows(rows: list[Decision]) -> Columns:
    width = max((len(row.leaves) for row in rows), default=0)
    padded = b"".join(row.leaves.ljust(width, b"\0") for row in rows)
    return Columns(
        np.array([row.close_ms for row in rows], dtype=np.int64),
        np.array([row.code for row in rows], dtype=np.str_),
        np.array([len(row.leaves) for row in rows], dtype=np.int64),
        np.frombuffer(padded, np.uint8).reshape(len(rows), width),
        np.array([_SIDES.get(str(row.details.get("side")), 0) for row in rows], dtype=np.int8),
    )


_SIDES = {"long": 1, "short": -1}


def opened(row: DecisionPage) -> Page:
    """Return a page's decisions as columns; raise PageBroken naming the page."""
    try:
        return unpack(bytes(row.blob))
    except PageBroken as error:
        closes = f"{row.first_close_ms} to {row.last_close_ms}"
        raise PageBroken(f"page {row.pk} of {row.symbol}, closes {closes}: {error}") from error


def _of_row(row: Outcome) -> Decision:
    return Decision(row.symbol, row.close_ms, row.code, bytes(row.leaves), row.details)


def _of_page(symbol: str, packed: Packable) -> Decision:
    return Decision(symbol, packed.close_ms, packed.code, packed.leaves, packed.details)
