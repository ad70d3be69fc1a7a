"""Old minutes of the live figures: of each hour the last one stays."""

from __future__ import annotations

from django.db.models import F, Max

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import AccountMinute, Bot, BotMinute, FeedStatus
from trading_core.market.timeframe import Timeframe

KEPT_MS = 7 * Timeframe.D1.ms
"""How long every minute is kept, behind the market's clock."""
LOOKED_BACK_MS = 10 * Timeframe.D1.ms
"""How far beyond that is looked for minutes to thin: hours that were left longer ago are thin already."""
HOUR_MS = Timeframe.H1.ms


def thin_minutes() -> int:
    """Thin what has become old in every workspace, each in a transaction of its own; return rows removed."""
    removed = 0
    for source, last_ms in FeedStatus.objects.values_list("source", "last_close_ms"):
        with across_workspaces("figures"):
            bots = Bot.objects.filter(source=source)
            workspaces = sorted(set(bots.values_list("workspace_id", flat=True)))
        for workspace in workspaces:
            with workspace_scope(workspace):
                removed += _thin(source, last_ms - KEPT_MS)
    return removed


def _thin(source: str, until_ms: int) -> int:
    """Remove all but the last minute of each hour that ended before; of one workspace."""
    until_ms = until_ms // HOUR_MS * HOUR_MS
    span = {"minute_ms__gt": until_ms - LOOKED_BACK_MS, "minute_ms__lte": until_ms}
    accounts = AccountMinute.objects.filter(account__bots__source=source, **span).order_by()
    bots = BotMinute.objects.filter(bot__source=source, **span).order_by()
    removed = 0
    # An hour ends with its last minute: :00 belongs to the hour before.
    hour = (F("minute_ms") - 1) / HOUR_MS
    for rows, owner in ((accounts, "account_id"), (bots, "bot_id")):
        kept = rows.annotate(hour=hour).values(owner, "hour").annotate(last=Max("pk")).values("last")
        old = list(
            rows.exclude(pk__in=list(kept.values_list("last", flat=True))).values_list("pk", flat=True)
        )
        removed += rows.model.objects.filter(pk__in=old).delete()[0]
    return removed
