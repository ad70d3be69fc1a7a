"""What pages need of the market: latest closes, instruments, how the feed is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ailona.kit import clock
from bots.models import FeedStatus
from trading_core.market.instrument import Instrument

STALE_AFTER_S = 150
"""A base candle closes every minute; this long without one is worth a word."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A market as pages name it."""

    source: str
    market: str
    connected: bool
    stale: bool
    last_close_ms: int
    heard_at: datetime | None

    @property
    def label(self) -> str:
        """Its state in a word or two."""
        if not self.connected:
            return "Disconnected"
        return "Silent" if self.stale else "Live"

    @property
    def tone(self) -> str:
        """Its state as a tone."""
        return "down" if not self.connected else "warn" if self.stale else "up"


def feeds() -> list[Feed]:
    """Every market heard of, by name."""
    return [_feed(row) for row in FeedStatus.objects.order_by("source")]


def _feed(row: FeedStatus) -> Feed:
    age = (clock.now() - row.heard_at).total_seconds() if row.heard_at else None
    return Feed(
        source=row.source,
        market=row.market,
        connected=row.connected,
        stale=age is None or age > STALE_AFTER_S,
        last_close_ms=row.last_close_ms,
        heard_at=row.heard_at,
    )


def market_price(close: float, instrument: Instrument) -> Decimal:
    """A stored close on the instrument's price grid."""
    return instrument.price(instrument.nearest_ticks(close))


def average_price(cost: int, lots: int, instrument: Instrument) -> Decimal | None:
    """The average price of a position, to a tenth of a tick."""
    if not lots:
        return None
    exact = instrument.tick_size * Decimal(cost) / abs(lots)
    return exact.quantize(instrument.tick_size.normalize().scaleb(-1))
