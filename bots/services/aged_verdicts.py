"""Verdicts that nobody waits for any more."""

from __future__ import annotations

from bots.models import FeedStatus, Series, VerdictRow

KEPT_MS = 60 * 60_000
"""How long a verdict is kept behind the market's clock. A bot that is later still computes its own."""
CHUNK = 5_000
CHUNKS_MAX = 40
"""Chunks in one go: what is left waits for the next."""


def drop_aged_verdicts() -> int:
    """Remove verdicts that are old by their market's clock, oldest first; return how many."""
    dropped = 0
    for source, last_close_ms in FeedStatus.objects.values_list("source", "last_close_ms"):
        series = list(Series.objects.filter(source=source).values_list("pk", flat=True))
        aged = VerdictRow.objects.filter(series_id__in=series, close_ms__lt=last_close_ms - KEPT_MS)
        for _ in range(CHUNKS_MAX):
            chunk = list(aged.order_by("close_ms").values_list("pk", flat=True)[:CHUNK])
            dropped += VerdictRow.objects.filter(pk__in=chunk).delete()[0]
            if len(chunk) < CHUNK:
                break
    return dropped
