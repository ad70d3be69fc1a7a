"""What the steps of the contract suite share: waiting, the private stream on a thread, broken promises."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import aclosing

from trading_core.errors import AilonaError, NotSent
from trading_core.exchanges.bybit.streams import BybitPrivateStream
from trading_core.exchanges.port import ExecutionNews, OrderNews, PrivateNews, SignedWindow, StreamGap
from trading_core.execution.order import OrderState

PATIENCE_S = 10.0
PAUSE_S = 0.5


class Broken(AilonaError):
    """A promise that didn't hold."""


def wall_ms() -> int:
    """Return this machine's clock."""
    return time.time_ns() // 1_000_000


def window() -> SignedWindow:
    """Return a window from now on."""
    return SignedWindow(wall_ms(), 5000)


def until(found: Callable[[], bool], what: str) -> None:
    """Wait for something; raise ``Broken`` when it doesn't come."""
    end = time.monotonic() + PATIENCE_S
    while not found():
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.1)


def patiently(ask: Callable[[], object]) -> None:
    """Make a request again while it ends as ``NotSent``: that is what it means."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            ask()
        except NotSent:
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE_S)
        else:
            return


class Listener:
    """The private stream on a thread of its own, and what it told."""

    def __init__(self, stream: BybitPrivateStream) -> None:
        self.heard: list[PrivateNews] = []
        self._stream = stream
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] = self._loop.create_task(self._listen())
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def told(self, link: str, *states: OrderState) -> bool:
        """Whether an order was told of in one of these states."""
        news = [n for n in list(self.heard) if isinstance(n, OrderNews)]
        return any(n.link == link and n.state in states for n in news)

    def filled(self, link: str) -> dict[str, int]:
        """Return the executions of an order that were told: lots by execution id."""
        news = [n for n in list(self.heard) if isinstance(n, ExecutionNews)]
        return {n.exec_id: n.lots for n in news if n.link == link}

    @property
    def gaps(self) -> int:
        """How often the stream was (re)connected."""
        return sum(isinstance(n, StreamGap) for n in list(self.heard))

    def stop(self) -> None:
        """End the thread; safe to repeat."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.wait([self._task]))

    async def _listen(self) -> None:
        async with aclosing(self._stream.news()) as source:
            async for news in source:
                self.heard.append(news)
