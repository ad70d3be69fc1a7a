"""The clockwork of an upstream market: prices and minutes come from another venue's public stream.

Time is what the upstream's messages say, never this machine's clock: an upstream may run at any speed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from trading_core.errors import ExchangeError, InvalidInput
from trading_core.exchanges.bybit.line import Connected, Frame, Line, Pace
from trading_core.exchanges.bybit.parse import streamed_candle
from trading_core.market.candle import Candle, Candles
from trading_core.venue.candles import priced
from trading_core.venue.clock import true_ms
from trading_core.venue.hub import Venue
from trading_core.venue.market.lines import SYMBOLS_PER_LINE, merged
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.market.upstream import UpstreamMarket
from trading_core.venue.market.upstream_rest import UpstreamRest
from trading_core.venue.moves import mark, move

log = logging.getLogger(__name__)

GRACE_MS = 3_000
"""Market time that a confirmed candle may come after its minute before it is fetched by REST."""
_TOPICS = ("publicTrade", "tickers", "kline.1")

Row = dict[str, Any]
T = TypeVar("T")


class Follower:
    """Moves the market as its upstream moves; stops for ever at nothing but a refused subscription."""

    def __init__(self, venue: Venue, source: UpstreamMarket) -> None:
        config = venue.config
        self._venue, self._exchange, self._source = venue, venue.exchange, source
        self._rest = UpstreamRest(config.upstream_rest, tuple(source.instruments))
        self._stall_s = config.upstream_stall_s
        self._pace = Pace(ping=config.upstream_stall_s / 3, stall=config.upstream_stall_s)
        url, listed = f"{config.upstream_stream.rstrip('/')}/v5/public/linear", list(source.instruments)
        self._lines = [
            Line(
                url=url, wall_ms=true_ms, pace=self._pace,
                topics=[f"{kind}.{s}" for kind in _TOPICS for s in listed[first : first + SYMBOLS_PER_LINE]],
            )
            for first in range(0, len(listed), SYMBOLS_PER_LINE)
        ]  # fmt: skip
        self._now = 0
        """The newest market time that was heard of."""
        self._confirmed: dict[int, dict[str, Candle]] = {}
        self._later: deque[tuple[str, Row]] = deque()
        """Trades of the next minute, heard before this one is closed."""
        self._forming: dict[str, Candle] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        """Lowest and highest price of this minute that the market here has been through, ticks."""
        self._joined: int | None = None
        """The minute in which this process came to the market: nobody was here for its beginning."""

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            with suppress(TimeoutError):
                await self._follow(merged(self._lines))
            log.warning("upstream: no news for %g s: connecting anew", self._stall_s)

    async def _follow(self, frames: AsyncIterator[Frame | Connected]) -> None:
        """Take what comes; raise TimeoutError for a line that is kept alive by pongs but has no news."""
        patience = None
        while True:
            async with asyncio.timeout(patience):
                frame = await anext(frames)
            patience = self._stall_s
            match frame:
                case Connected():
                    await self._repair()
                case Frame(body):
                    self._hear(body)
                    await self._settle()

    def forming(self, symbol: str) -> Candle | None:
        """The minute being played, as the upstream tells it."""
        candle = self._forming.get(symbol)
        return None if candle is None or candle.open_time != self._exchange.open_ms else candle

    async def _ask(self, question: Callable[..., T], *values: Any) -> T:
        """Ask by REST, off the event loop, until there is an answer."""
        failures = 0
        while True:
            try:
                return await asyncio.to_thread(question, *values)
            except (ExchangeError, InvalidInput, KeyError, ValueError) as e:
                failures += 1
                log.warning("upstream: %s: %s", type(e).__name__, e)
                await asyncio.sleep(self._pace.backoff(failures))

    # After every (re)connect

    async def _repair(self) -> None:
        """Play the minutes that ended unheard, then take prices and funding as they stand now."""
        self._later.clear()
        self._confirmed.clear()
        newest = await self._ask(self._rest.newest_ms)
        if newest > self._open_ms:
            await self._play_missed(newest)
        if self._joined is None:
            self._joined = self._open_ms
        for symbol, ticker in (await self._ask(self._rest.tickers)).items():
            self._ticker(symbol, ticker)
            self._move(symbol, float(ticker["lastPrice"]), self._exchange.clock_ms)
            self._venue.public.refresh(symbol)

    @property
    def _open_ms(self) -> int:
        open_ms = self._exchange.open_ms
        assert open_ms is not None  # an upstream market has no end
        return open_ms

    async def _play_missed(self, until: int) -> None:
        runs: dict[str, Candles] = {}
        for symbol in self._source.instruments:
            runs[symbol] = await self._ask(self._rest.candles, symbol, self._open_ms, until)
            for time_ms, rate_e8 in (await self._ask(self._rest.rates, symbol)).items():
                self._source.learn_rate(symbol, time_ms, rate_e8)
        while self._open_ms < until:
            part = {s: run.between(self._open_ms, self._open_ms + 1) for s, run in runs.items()}
            self._close({symbol: found[0] for symbol, found in part.items() if len(found)})
            await asyncio.sleep(0)  # others get their turn between two minutes

    # While the line stands

    def _hear(self, body: Row) -> None:
        kind, _, symbol = str(body["topic"]).rpartition(".")
        if symbol not in self._source.instruments:
            return
        try:
            if kind == "publicTrade":
                for row in body["data"]:
                    self._trade(symbol, row)
            elif kind == "kline.1":
                for row in body["data"]:
                    self._kline(symbol, row)
            elif kind == "tickers":
                self._ticker(symbol, body["data"])
                self._venue.public.refresh(symbol)
        except (InvalidInput, KeyError, TypeError, AttributeError, ValueError) as e:
            # A candle that can't be read is fetched when its time has come.
            log.warning("upstream: %s: unreadable message: %s %s", body["topic"], type(e).__name__, e)

    def _trade(self, symbol: str, row: Row) -> None:
        at, open_ms = int(row["T"]), self._open_ms
        self._now = max(self._now, at)
        if at >= open_ms + MINUTE_MS:
            self._later.append((symbol, row))
        elif at >= open_ms:
            self._move(symbol, float(row["p"]), at)
            self._venue.public.board.keep(symbol, row)
            self._venue.public.trades(symbol, [row])

    def _kline(self, symbol: str, row: Row) -> None:
        candle = priced(streamed_candle(row))
        self._now = max(self._now, int(row["timestamp"]))
        if row["confirm"] is True:
            if candle.open_time >= self._open_ms:
                self._confirmed.setdefault(candle.open_time, {})[symbol] = candle
            return
        self._forming[symbol] = candle
        if candle.open_time == self._exchange.open_ms:
            self._venue.public.forming(symbol, candle)

    def _ticker(self, symbol: str, fields: Row) -> None:
        self._source.learn_ticker(symbol, fields)
        if symbol in self._exchange.quotes:
            mark(self._venue, symbol, self._exchange.clock_ms)

    async def _settle(self) -> None:
        """Close the minute once all its candles are there, or its time is up and REST was asked."""
        while True:
            confirmed = self._confirmed.get(self._open_ms, {})
            is_whole = len(confirmed) == len(self._source.instruments)
            if not is_whole and self._now < self._open_ms + MINUTE_MS + GRACE_MS:
                return
            for symbol in [symbol for symbol in self._source.instruments if symbol not in confirmed]:
                run = await self._ask(self._rest.candles, symbol, self._open_ms, self._open_ms + MINUTE_MS)
                confirmed |= {symbol: run[0]} if len(run) else {}
            self._confirmed.pop(self._open_ms, None)
            self._close(confirmed)
            later, self._later = self._later, deque()
            for symbol, row in later:
                self._trade(symbol, row)

    # The market here

    def _move(self, symbol: str, price: float, at: int) -> None:
        ticks = self._source.instruments[symbol].nearest_ticks(price)
        low, high = self._seen.get(symbol, (ticks, ticks))
        self._seen[symbol] = (min(low, ticks), max(high, ticks))
        self._exchange.quotes.setdefault(symbol, (ticks, at))
        move(self._venue, symbol, ticks, at)
        self._exchange.clock_ms = max(self._exchange.clock_ms, at)

    def _close(self, candles: Mapping[str, Candle]) -> None:
        """End the minute with the upstream's candles; who has none in it stays where it was."""
        end = self._open_ms + MINUTE_MS
        for symbol, candle in candles.items():
            if candle.volume:
                self._walk(symbol, candle, end)
        rates = {
            symbol: self._source.funding_rate_e8(symbol, end)
            for symbol, instrument in self._source.instruments.items()
            if end % (instrument.funding_interval_min * MINUTE_MS) == 0
        }
        told = {s: [c.open, c.high, c.low, c.close, c.volume, c.turnover] for s, c in candles.items()}
        quotes = {s: list(quote) for s, quote in self._exchange.quotes.items() if s not in told}
        record = {"op": "close", "candles": told, "rates": rates, "quotes": quotes}
        self._seen.clear()
        self._venue.publish(self._venue.submit(record))

    def _walk(self, symbol: str, candle: Candle, at: int) -> None:
        """Go through the prices of a minute that nobody heard here, and end at its close.

        The extreme behind the open comes first, as in 94 % of one-minute candles.
        """
        extremes = (candle.low, candle.high) if candle.close >= candle.open else (candle.high, candle.low)
        seen, ticks = self._seen.get(symbol), self._source.instruments[symbol].nearest_ticks
        if candle.open_time == self._joined:
            prices = []  # they may be older than the orders that were placed since
        elif seen is None:
            prices = [candle.open, *extremes]
        else:
            prices = [price for price in extremes if not seen[0] <= ticks(price) <= seen[1]]
        for price in (*prices, candle.close):
            self._move(symbol, price, at)
