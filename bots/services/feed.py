"""The public stream: closed candles into the store, wake-ups for the bots they concern.

One asyncio loop listens; everything that touches the database runs in one thread, in the order it
came. A close is stored and woken for in one transaction: whoever sees the candle sees the work. What
a gap left out is asked for by REST, and whatever can't be had stays absent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connections

from bots.services.closes import Closes
from bots.services.feed_config import FeedConfig, Market
from bots.services.intake import Intake
from bots.services.prices import Prices
from bots.services.wake import listened_symbols
from trading_core.errors import ExchangeError
from trading_core.exchanges.port import LastPrice, StreamGap, TickerNews
from trading_core.market.candle import Candle

logger = logging.getLogger(__name__)

News = tuple[str, Candle] | LastPrice | TickerNews | StreamGap
R = TypeVar("R")


class Feed:
    """Follows one market until it is told to stop."""

    def __init__(self, config: FeedConfig) -> None:
        self._config = config
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed")

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the market; trouble with the venue or the database is waited out."""
        try:
            while not stop.is_set():
                try:
                    await self._follow(stop)
                except (ExchangeError, DatabaseError, OSError) as error:
                    logger.warning("feed: %s; trying again", error)
                    await _pause(stop, self._config.retry_s)
        finally:
            await self._in_thread(connections.close_all)
            self._thread.shutdown(wait=True)

    async def _follow(self, stop: asyncio.Event) -> None:
        """Listen to the symbols in use until that set changes."""
        market = await self._in_thread(self._config.open_market)
        intake = Intake(market, self._config)
        try:
            await self._in_thread(intake.begin)
            while not stop.is_set():
                symbols = await self._in_thread(lambda: self._symbols(market))
                await self._listen(market, intake, symbols, stop)
        finally:
            with suppress(DatabaseError):
                await self._in_thread(intake.disconnected)
            market.close()

    def _symbols(self, market: Market) -> list[str]:
        wanted = listened_symbols(market.source, market.category)
        known = {*market.symbols, *(s for s in wanted if market.knows(s))}
        return sorted(known)

    async def _listen(self, market: Market, intake: Intake, symbols: list[str], stop: asyncio.Event) -> None:
        queue: asyncio.Queue[News] = asyncio.Queue()
        tasks = [
            asyncio.create_task(_read(market, symbols, queue), name="feed reader"),
            asyncio.create_task(self._until_changed(market, symbols), name="feed watcher"),
        ]
        intake.expect(symbols)
        prices, closes = Prices(market.source), Closes()
        try:
            while not stop.is_set() and not any(task.done() for task in tasks):
                await self._take(intake, prices, closes, await _batch(queue, self._config.tick_s))
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            await _cancel(tasks)

    async def _take(self, intake: Intake, prices: Prices, closes: Closes, batch: Sequence[News]) -> None:
        candles = closes.among(batch)
        for news in batch:
            if isinstance(news, LastPrice):
                prices.heard(news.symbol, str(news.price), news.time_ms)
        if any(isinstance(news, StreamGap) for news in batch):
            await self._in_thread(intake.fill_gap)
        if candles or intake.overdue():
            await self._in_thread(lambda: intake.take(candles))
        prices.flush()

    async def _until_changed(self, market: Market, symbols: list[str]) -> None:
        while True:
            await asyncio.sleep(self._config.recheck_s)
            if await self._in_thread(lambda: self._symbols(market)) != symbols:
                return

    async def _in_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _with_database, work)


def _with_database(work: Callable[[], R]) -> R:
    """Do something in the database's thread; its connection is kept until something goes wrong."""
    try:
        return work()
    except DatabaseError:
        connections.close_all()
        raise


async def _read(market: Market, symbols: list[str], queue: asyncio.Queue[News]) -> None:
    async for news in market.stream.news(market.category, symbols):
        queue.put_nowait(news)


async def _batch(queue: asyncio.Queue[News], wait_s: float) -> list[News]:
    """Return what has come, waiting a while for the first."""
    try:
        batch = [await asyncio.wait_for(queue.get(), wait_s)]
    except TimeoutError:
        return []
    while not queue.empty():
        batch.append(queue.get_nowait())
    return batch


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    waiting: Awaitable[object] = asyncio.gather(*tasks, return_exceptions=True)
    await waiting
