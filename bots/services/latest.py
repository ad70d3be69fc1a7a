"""The newest stored close of symbols: what pages, preflight and live figures value things at."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery

from bots.models import CandleRow, Series
from trading_core.market.timeframe import Timeframe


def last_closes(symbols: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], float]:
    """The newest stored close of each (source, category, symbol); one query."""
    wanted = set(symbols)
    if not wanted:
        return {}
    newest = CandleRow.objects.filter(series=OuterRef("pk")).order_by("-open_time").values("close")[:1]
    rows = (
        Series.objects.filter(symbol__in={symbol for _, _, symbol in wanted}, timeframe=Timeframe.M1.value)
        .annotate(last=Subquery(newest))
        .values_list("source", "category", "symbol", "last")
    )
    return {
        (source, category, symbol): last
        for source, category, symbol, last in rows
        if last is not None and (source, category, symbol) in wanted
    }
