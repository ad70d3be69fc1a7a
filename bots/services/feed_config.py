"""Which market the feed follows, and how patient it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

from django.conf import settings

from ailona.kit import clock
from bots.services.venue_control import VenueControl, VenueUnreachable
from trading_core.errors import OutcomeUnknown
from trading_core.exchanges.bybit.environments import BYBIT, venue_addresses
from trading_core.exchanges.bybit.line import Pace
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.bybit.streams import BybitPublicStream
from trading_core.exchanges.port import LastPrice, StreamGap, TickerNews
from trading_core.market.candle import Candle, Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe

BYBIT_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")
"""What charts show on Bybit before any bot listens to anything."""
LINEAR = "linear"
TOPIC_SILENCE_S = 150.0
"""Bybit's candles and tickers are never silent for so long; our venue's may be, its clock can stand still."""


class Rest(Protocol):
    """What the feed asks by REST."""

    def instruments(self, category: str) -> list[Instrument]:
        """List every instrument of the category."""

    def candles(
        self, *, category: str, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> Candles:
        """List closed candles that open in [start_ms, end_ms)."""

    def close(self) -> None:
        """Drop the connections."""


class Stream(Protocol):
    """What the feed listens to."""

    def news(
        self, category: str, symbols: list[str]
    ) -> AsyncIterator[tuple[str, Candle] | LastPrice | TickerNews | StreamGap]:
        """Yield closed base candles, last prices and tickers; a gap after each (re)connect."""


@dataclass(slots=True)
class Market:
    """A market that can be followed."""

    source: str
    category: str
    name: str
    symbols: tuple[str, ...]
    """Followed whether or not a bot listens."""
    rest: Rest
    stream: Stream
    clock_ms: Callable[[], int]
    """The market's clock."""
    control: VenueControl | None = None
    """Of the platform's own venue."""
    instruments: dict[str, Instrument] = field(default_factory=dict)

    def knows(self, symbol: str) -> bool:
        """Whether the venue has told of this symbol."""
        return symbol in self.instruments

    def close(self) -> None:
        """Drop the connections."""
        self.rest.close()
        if self.control is not None:
            self.control.close()


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """How the feed finds its market, and its patience in seconds."""

    open_market: Callable[[], Market]
    complete_s: float = 3.0
    """How long a close waits for the symbols that are still missing."""
    recheck_s: float = 2.0
    """How often it looks which symbols bots listen to."""
    tick_s: float = 0.25
    retry_s: float = 1.0
    history: int = 4_320
    """Candles a new series starts with, if the venue has them."""

    @classmethod
    def from_settings(cls) -> Self:
        """Return the configuration of this installation."""
        # The embedded stack only trades on paper: its bots hear of a close from the venue that fills them.
        direct = settings.MARKET == "bybit" and not settings.EMBEDDED
        return cls(open_market=bybit_market if direct else venue_market)


def venue_market() -> Market:
    """Return the market that the platform's own venue makes or replays."""
    control = VenueControl.from_settings()
    try:
        status = control.status()
    except VenueUnreachable as error:
        control.close()
        raise OutcomeUnknown(str(error)) from error
    addresses = venue_addresses(settings.VENUE_URL)
    return Market(
        source=status.source,
        category=status.category,
        name=status.name,
        symbols=status.symbols,
        rest=BybitMarket(endpoint=addresses.rest, wall_ms=clock.wall_ms),
        stream=BybitPublicStream(base=addresses.public_stream, wall_ms=clock.wall_ms),
        clock_ms=lambda: _clock_of(control),
        control=control,
    )


def _clock_of(control: VenueControl) -> int:
    try:
        status = control.status()
    except VenueUnreachable as error:
        raise OutcomeUnknown(str(error)) from error
    return status.last_close_ms if status.lock_step and status.last_closed else status.clock_ms


def bybit_market() -> Market:
    """Return Bybit's public market."""
    addresses = BYBIT["mainnet"]
    rest = BybitMarket(endpoint=addresses.rest, wall_ms=clock.wall_ms)
    return Market(
        source="bybit",
        category=LINEAR,
        name="Bybit",
        symbols=BYBIT_SYMBOLS,
        rest=rest,
        stream=BybitPublicStream(
            base=addresses.public_stream, wall_ms=clock.wall_ms, pace=Pace(topic=TOPIC_SILENCE_S)
        ),
        clock_ms=rest.server_ms,
    )
