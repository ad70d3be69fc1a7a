"""Packs the decision journal: all but the newest decisions of a bot and symbol move from rows to pages.

Nothing moves that a cycle may still write: a bot's ``done`` only rises, and a cycle writes closes after
it. So no close can come back as a row once it is in a page. Page and rows change in one transaction that
must find exactly the rows it has packed: killed at any instant, or done twice at the same time, it loses
and doubles nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass

from django.db import IntegrityError
from django.db.models import Count, F, QuerySet

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, DecisionPage, Outcome
from bots.services.journal import opened
from trading_core.engine.journal.chain import beginning, following
from trading_core.engine.journal.page import Packable, PageBroken, pack
from trading_core.market.timeframe import Timeframe

logger = logging.getLogger(__name__)

KEEP = 256
"""Newest decisions of a bot and symbol that stay rows: more than four hours, and all its page shows."""
PAGE_MIN, PAGE_MAX = 256, 1_024
"""Decisions of a page: as soon as there is a page's worth; more when it is behind."""
PAGES_A_RUN = 400


class RowsChanged(RuntimeError):
    """Somebody else has packed these rows."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A page that is not what was written, or not where it was."""

    symbol: str
    first_close_ms: int
    last_close_ms: int
    reason: str


def pack_journals(*, pages: int = PAGES_A_RUN) -> int:
    """Pack what is due in every workspace, at most so many pages; return how many were written."""
    with across_workspaces("journal"):
        due = Bot.objects.filter(done__gt=0, done__gte=F("pack_at")).order_by("pack_at", "pk")
        waiting = list(due.values_list("pk", "workspace_id")[:pages])
    written = 0
    for bot_id, workspace_id in waiting:
        if written >= pages:
            break
        try:
            written += pack_journal(bot_id, workspace_id, pages=pages - written)
        except (IntegrityError, RowsChanged):
            logger.info("the journal of bot %s is being packed elsewhere", bot_id)
    return written


def pack_journal(bot_id: int, workspace_id: int, *, pages: int = PAGES_A_RUN) -> int:
    """Pack one bot's journal, each page in a transaction of its own; return how many were written."""
    written = 0
    with workspace_scope(workspace_id, reading=True):
        bot = Bot.objects.get(pk=bot_id)
        rows = dict(_settled(bot).values_list("symbol").annotate(Count("pk")))
    for symbol in sorted(rows):
        while rows[symbol] >= KEEP + PAGE_MIN:
            if written == pages:
                return written
            rows[symbol] -= _pack_page(bot, symbol, min(PAGE_MAX, rows[symbol] - KEEP))
            written += 1
    missing = KEEP + PAGE_MIN - max(rows.values(), default=0)
    with workspace_scope(workspace_id):
        again_ms = bot.done + missing * Timeframe(bot.timeframe).ms
        Bot.objects.filter(pk=bot.pk, timeframe=bot.timeframe).update(pack_at=again_ms)
    return written


def _settled(bot: Bot) -> QuerySet[Outcome]:
    return Outcome.objects.filter(bot=bot, close_ms__lte=bot.done)


def _pack_page(bot: Bot, symbol: str, size: int) -> int:
    with workspace_scope(bot.workspace_id, reading=True):
        rows = _settled(bot).filter(symbol=symbol).order_by("close_ms")[:size]
        oldest = [Packable(r.close_ms, r.code, bytes(r.leaves), r.details) for r in rows]
    blob = pack(oldest)  # outside the transaction: on SQLite every writer would wait
    first_ms, last_ms = oldest[0].close_ms, oldest[-1].close_ms
    with workspace_scope(bot.workspace_id):
        held = Bot.objects.select_for_update().get(pk=bot.pk)
        last = DecisionPage.objects.filter(bot=bot, symbol=symbol).order_by("-first_close_ms").first()
        before = bytes(last.digest) if last else beginning(bot.code, symbol)
        digest = following(before, blob)
        DecisionPage.objects.create(
            bot=bot,
            symbol=symbol,
            first_close_ms=first_ms,
            last_close_ms=last_ms,
            counts=dict(Counter(d.code for d in oldest)),
            blob=blob,
            digest=digest,
        )
        held.journal_heads[symbol] = digest.hex()
        held.save(update_fields=["journal_heads"])
        packed = Outcome.objects.filter(bot=bot, symbol=symbol, close_ms__range=(first_ms, last_ms))
        gone, _ = packed.delete()
        if gone != len(oldest):
            raise RowsChanged(f"expected to move {len(oldest)} rows of {symbol}, found {gone}")
    return len(oldest)


def verify(bot: Bot) -> Broken | None:
    """Return the first page of a bot's journal whose content or place in its chain is wrong, or None."""
    before: dict[str, bytes] = {}
    ends: dict[str, int] = {}
    seen: set[str] = set()  # a page may have been written since the bot was read
    pages = DecisionPage.objects.filter(bot=bot).order_by("symbol", "first_close_ms")
    for row in pages.iterator(chunk_size=50):
        expected = following(before.get(row.symbol, beginning(bot.code, row.symbol)), bytes(row.blob))
        reason = _fault(row, expected)
        if reason:
            return Broken(row.symbol, row.first_close_ms, row.last_close_ms, reason)
        before[row.symbol] = expected
        ends[row.symbol] = row.last_close_ms
        seen.add(expected.hex())
    for symbol, head in bot.journal_heads.items():
        if head not in seen:
            end_ms = ends.get(symbol, 0)
            return Broken(symbol, end_ms, end_ms, "the page behind these closes is missing")
    return None


def _fault(row: DecisionPage, expected: bytes) -> str:
    if bytes(row.digest) != expected:
        return "its digest does not follow from its content and the page before"
    try:
        page = opened(row)
    except PageBroken as error:
        return str(error)
    told = (row.first_close_ms, row.last_close_ms, row.counts)
    held = (int(page.close_ms[0]), int(page.close_ms[-1]), dict(Counter(page.codes[c] for c in page.code)))
    return "" if told == held else "its row tells of other decisions than it holds"
