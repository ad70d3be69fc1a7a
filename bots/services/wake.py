"""Raises the counters of the bots a close concerns, and rings for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ailona.kit import clock
from ailona.kit.queue import enqueue
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, BotSymbol, Claim, FeedStatus
from bots.services.documents import parsed
from bots.states import ACTIVE, LISTENING
from trading_core.market.timeframe import Timeframe
from trading_core.rules.figures import symbols_named

VERDICTS = "bots.verdicts"
CYCLE = "bots.cycle"
PATIENCE = timedelta(seconds=2)
"""How long a bot may be behind before the sweep rings again."""


def wake(source: str, category: str, close_ms: int) -> int:
    """Raise ``wanted`` of every bot that listens to this close; return how many there were.

    Part of the caller's transaction, so that the stored candles and the work they mean are seen
    together. Waking twice for the same close does nothing.
    """
    heard_at = clock.now()
    with across_workspaces("feed"):
        due = list(_sleeping(source, category, close_ms).values_list("workspace_id", "pk"))
    woken = _raise_wanted(due, close_ms, heard_at) if due else 0
    FeedStatus.objects.filter(source=source, last_close_ms__lt=close_ms).update(
        last_close_ms=close_ms, heard_at=heard_at
    )
    if woken:
        enqueue(VERDICTS, source=source, category=category, close_ms=close_ms)
    return woken


def begin_with(source: str, close_ms: int) -> None:
    """Let the bots that were started before anything was heard of their market begin after this close."""
    FeedStatus.objects.filter(source=source, last_close_ms=0).update(
        last_close_ms=close_ms, heard_at=clock.now()
    )
    with across_workspaces("feed"):
        waiting = Bot.objects.filter(source=source, state__in=ACTIVE, wanted=0)
        workspaces = set(waiting.values_list("workspace_id", flat=True))
    for workspace in sorted(workspaces):
        with workspace_scope(workspace):
            fresh = Bot.objects.filter(source=source, state__in=ACTIVE, wanted=0)
            fresh.update(wanted=close_ms, done=close_ms)


def _raise_wanted(due: list[tuple[int, int]], close_ms: int, heard_at: datetime) -> int:
    """Raise the counters, each workspace's inside its own scope."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            workspaces, bots = [w for w, _ in due], [b for _, b in due]
            cursor.execute("SELECT ailona_wake(%s::bigint[], %s::bigint[], %s)", [workspaces, bots, close_ms])
            return int(cursor.fetchone()[0])
    woken = 0
    for workspace in sorted({workspace for workspace, _ in due}):
        with workspace_scope(workspace):
            bots = [bot for owner, bot in due if owner == workspace]
            sleeping = Bot.objects.filter(pk__in=bots, wanted__lt=close_ms)
            woken += sleeping.update(wanted=close_ms, rung_at=heard_at)
    return woken


def _sleeping(source: str, category: str, close_ms: int) -> QuerySet[Bot]:
    closing = [timeframe.value for timeframe in Timeframe if timeframe.closes_at(close_ms)]
    decides = Q(timeframe__in=closing)
    watches = Q(follows=True) & Exists(Claim.objects.filter(bot=OuterRef("pk")))
    return Bot.objects.filter(
        decides | watches, source=source, category=category, state__in=LISTENING, wanted__lt=close_ms
    )


def ring(bot: Bot) -> None:
    """Ring for one bot after commit."""
    enqueue(CYCLE, bot_id=bot.pk, workspace_id=bot.workspace_id)


def ring_those_behind(*, patience: timedelta = PATIENCE) -> int:
    """Ring again for every bot that has been behind for a while; return how many."""
    with across_workspaces("sweep"):
        behind = Bot.objects.filter(state__in=LISTENING, wanted__gt=F("done"))
        late = behind.filter(Q(rung_at=None) | Q(rung_at__lte=clock.now() - patience))
        ids = list(late.values_list("pk", "workspace_id"))
    for bot_id, workspace_id in ids:
        enqueue(CYCLE, bot_id=bot_id, workspace_id=workspace_id)
    return len(ids)


def listened_symbols(source: str, category: str) -> set[str]:
    """Return the symbols that bots of a market trade, and those their rules look at beside them."""
    with across_workspaces("feed"):
        rows: Any = BotSymbol.objects.filter(
            bot__source=source, bot__category=category, bot__state__in=ACTIVE
        )
        traded = set(rows.values_list("symbol", flat=True).distinct())
        bots = Bot.objects.filter(source=source, category=category, state__in=ACTIVE)
        asked = set(bots.values_list("rules_hash", flat=True).distinct())
        for rules_hash in asked - _looked_at.keys():
            document = bots.filter(rules_hash=rules_hash).values_list("document", flat=True).first()
            if document is not None:
                _looked_at[rules_hash] = symbols_named(parsed(document).rules)
    return traded.union(*(_looked_at.get(rules_hash, ()) for rules_hash in asked))


_looked_at: dict[str, frozenset[str]] = {}
"""By hash of the rules: the symbols they name."""
