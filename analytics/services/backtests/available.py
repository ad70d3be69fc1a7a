"""Which candles there are to play."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bots.services import store
from trading_core.market.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Span:
    """From the first open to the end of the last candle, milliseconds."""

    start_ms: int
    end_ms: int


def spans(source: str, category: str, symbols: Collection[str]) -> dict[str, Span]:
    """Return what is stored of each symbol's base candles; a symbol without any is left out."""
    found = {}
    for symbol in symbols:
        bounds = store.span(SeriesKey(source, category, symbol, store.BASE))
        if bounds is not None:
            found[symbol] = Span(bounds[0], bounds[1] + store.BASE.ms)
    return found


def together(found: dict[str, Span]) -> Span | None:
    """Return the time in which any of these has candles, or None."""
    if not found:
        return None
    return Span(min(one.start_ms for one in found.values()), max(one.end_ms for one in found.values()))
