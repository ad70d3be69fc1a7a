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
    clocks = dict(FeedStatus.objects.values_list("source", "last_close_ms"))
    kept_from = {
        series: clocks.get(source, 0) - KEPT_MS
        for series, source in Series.objects.filter(source__in=clocks).values_list("pk", "source")
    }
    dropped, after = 0, 0
    for _ in range(CHUNKS_MAX):
        rows = list(
            VerdictRow.objects.filter(pk__gt=after)
            .order_by("pk")
            .values_list("pk", "series_id", "close_ms")[:CHUNK]
        )
        aged = [pk for pk, series, close_ms in rows if close_ms < kept_from.get(series, 0)]
        dropped += VerdictRow.objects.filter(pk__in=aged).delete()[0]
        if len(rows) < CHUNK or not aged:  # rows come in the order of time: what follows is younger
            break
        after = rows[-1][0]
    return dropped
