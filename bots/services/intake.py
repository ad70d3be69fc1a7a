"""What the feed does with what it hears: store, complete a close, wake, fill gaps."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from django.db import transaction

from ailona.kit import clock
from bots.models import FeedStatus
from bots.services import store, tickers
from bots.services.closes import HeardClose
from bots.services.feed_config import FeedConfig, Market
from bots.services.instruments import save_instruments
from bots.services.wake import begin_with, wake
from trading_core.errors import ExchangeError
from trading_core.market.series import SeriesKey

logger = logging.getLogger(__name__)
HEARTBEAT_MS = 5_000


class Intake:
    """One market's way into the database. Runs in one thread."""

    def __init__(self, market: Market, config: FeedConfig) -> None:
        self._market = market
        self._config = config
        self._expected: frozenset[str] = frozenset()
        self._closing: dict[int, set[str]] = {}
        """By close: the symbols that are in while others are missing."""
        self._first_heard_ms = 0
        self._woken_ms = 0
        self._beat_ms = 0

    def begin(self) -> None:
        """Take over the venue's instruments and name the market."""
        found = self._market.rest.instruments(self._market.category)
        self._market.instruments = {instrument.symbol: instrument for instrument in found}
        save_instruments(self._market.source, found)
        FeedStatus.objects.update_or_create(
            source=self._market.source, defaults={"market": self._market.name[:120]}
        )

    def expect(self, symbols: Iterable[str]) -> None:
        """Say which symbols a close is complete with."""
        self._expected = frozenset(symbols)
        self._closing.clear()

    def disconnected(self) -> None:
        """Write down that nobody listens any more."""
        FeedStatus.objects.filter(source=self._market.source).update(connected=False)

    def take(self, heard: Sequence[HeardClose]) -> None:
        """Store closed candles with their tickers; wake for each close that is complete or has waited enough."""
        for close in heard:
            if self._is_new(close):
                close_ms = close.candle.open_time + store.BASE.ms
                self._first_heard_ms = self._first_heard_ms if self._closing else clock.wall_ms()
                self._closing.setdefault(close_ms, set()).add(close.symbol)
        with transaction.atomic():
            store.add_heard([(self._key(close.symbol), close.candle) for close in heard])
            tickers.add_heard([(self._key(close.symbol), close) for close in heard if self._is_new(close)])
            due = [close for close, symbols in self._closing.items() if self._is_due(symbols)]
            for close_ms in sorted(due):
                self._wake(close_ms)
        self._beat()

    def _is_new(self, close: HeardClose) -> bool:
        """Whether nobody was told of the close yet: only then may anything be added to it."""
        return close.candle.open_time + store.BASE.ms > self._woken_ms

    def overdue(self) -> bool:
        """Whether a close has waited long enough for what is still missing, or a heartbeat is due."""
        waited = bool(self._closing) and self._has_waited()
        return waited or clock.wall_ms() - self._beat_ms > HEARTBEAT_MS

    def _is_due(self, symbols: set[str]) -> bool:
        return symbols >= self._expected or self._has_waited()

    def _has_waited(self) -> bool:
        return clock.wall_ms() - self._first_heard_ms > self._config.complete_s * 1_000

    def _wake(self, close_ms: int) -> None:
        wake(self._market.source, self._market.category, close_ms)
        self._woken_ms = max(self._woken_ms, close_ms)
        for close in [close for close in self._closing if close <= close_ms]:
            del self._closing[close]

    def _key(self, symbol: str) -> SeriesKey:
        return SeriesKey(self._market.source, self._market.category, symbol, store.BASE)

    def _beat(self) -> None:
        now = clock.wall_ms()
        if now - self._beat_ms > HEARTBEAT_MS:
            self._beat_ms = now
            FeedStatus.objects.filter(source=self._market.source).update(heard_at=clock.now(), connected=True)

    def fill_gap(self) -> None:
        """Ask by REST for what is missing up to the market's clock, then wake for the latest close.

        Level-triggered: also right after a start, or when nothing was missed.
        """
        end_ms = self._market.clock_ms() // store.BASE.ms * store.BASE.ms
        for symbol in sorted(self._expected):
            self._backfill(symbol, end_ms)
        heard = [store.last_open(self._key(symbol)) for symbol in self._expected]
        newest_ms = max((time + store.BASE.ms for time in heard if time is not None), default=0)
        with transaction.atomic():
            status = FeedStatus.objects.get(source=self._market.source)
            if not status.last_close_ms:
                begin_with(self._market.source, end_ms)
            elif newest_ms > self._woken_ms:
                self._wake(newest_ms)
        FeedStatus.objects.filter(source=self._market.source).update(connected=True, heard_at=clock.now())

    def _backfill(self, symbol: str, end_ms: int) -> None:
        """Take over what the store lacks; what the venue doesn't have either stays absent and is said."""
        key = self._key(symbol)
        known = store.last_open(key)
        gaps = store.missing(key, max(0, end_ms - self._config.history * store.BASE.ms), end_ms)
        if not gaps:
            return
        start_ms, until_ms = gaps[0][0], gaps[-1][1]
        try:
            found = self._market.rest.candles(
                category=key.category, symbol=symbol, timeframe=store.BASE, start_ms=start_ms, end_ms=until_ms
            )
        except ExchangeError as error:
            logger.warning(
                "feed: the candles of %s from %s on could not be had (%s)", symbol, start_ms, error
            )
            return
        new = store.add_closed(key, found)
        left = sum((end - start) // store.BASE.ms for start, end in store.missing(key, start_ms, until_ms))
        if known is not None and left:
            logger.warning("feed: the venue doesn't have %s candles of %s either: a gap", left, symbol)
        logger.info("feed: took over %s candles of %s", new, symbol)
