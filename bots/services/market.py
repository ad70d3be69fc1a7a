"""How far the market is, as the feed last wrote it down."""

from __future__ import annotations

from bots.models import FeedStatus


def market_ms(source: str) -> int:
    """Return the market clock of a source: its last close that was heard; 0 before the first."""
    found = FeedStatus.objects.filter(source=source).values_list("last_close_ms", flat=True).first()
    return int(found or 0)
