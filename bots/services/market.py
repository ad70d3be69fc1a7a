"""How far the market is, as the feed last wrote it down."""

from __future__ import annotations

from django.db.models import Max

from bots.models import Bot, FeedStatus


def market_ms(source: str) -> int:
    """Return the market clock of a source: its last close that was heard; 0 before the first."""
    found = FeedStatus.objects.filter(source=source).values_list("last_close_ms", flat=True).first()
    return int(found or 0)


def workspace_ms() -> int:
    """Return the market clock of the active workspace: the latest of the markets its bots stand in."""
    sources = Bot.objects.values("source").distinct()
    newest = FeedStatus.objects.filter(source__in=sources).aggregate(newest=Max("last_close_ms"))["newest"]
    return int(newest or 0)
