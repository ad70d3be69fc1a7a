"""Tells browsers that something changed. A hint: facts are in the database, and pages fetch them there.

Every message leaves through one event loop of the process: the main loop on the embedded stack (its
channel layer is not thread-safe), a loop of its own thread elsewhere (a connection per call is what
``async_to_sync`` would cost).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

TENANT_EVENT = "tenant.event"
MARKET_PRICE = "market.price"


class Publisher:
    """The one way out; holds the loop that messages leave through."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def use_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Publish through this loop from now on (embedded: the web server's); None forgets it."""
        with self._lock:
            self._loop = loop

    def send(self, group: str, message: dict[str, Any]) -> None:
        """Hand a message to the loop and return at once; a message that cannot leave is dropped."""
        loop = self._running_loop()
        if loop is None:
            return
        future = asyncio.run_coroutine_threadsafe(_group_send(group, message), loop)
        future.add_done_callback(_log_failure)

    def _running_loop(self) -> asyncio.AbstractEventLoop | None:
        with self._lock:
            if self._loop is None and not settings.EMBEDDED:
                self._loop = _start_loop()
            loop = self._loop
        return loop if loop is not None and loop.is_running() else None


def _start_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    started = threading.Event()
    loop.call_soon(started.set)
    threading.Thread(target=loop.run_forever, name="push", daemon=True).start()
    started.wait()
    return loop


async def _group_send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(group, message)


def _log_failure(future: Future[None]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        logger.warning("a push message was lost (%s); browsers catch up by themselves", type(error).__name__)


publisher = Publisher()


def workspace_group(workspace_id: int) -> str:
    """Return the group of a workspace's browsers."""
    return f"w.{workspace_id}"


def market_group(source: str) -> str:
    """Return the group of browsers that watch a market's prices."""
    return f"m.{source}"


def tell(workspace_id: int, event: dict[str, Any]) -> None:
    """Tell a workspace's browsers after commit; the event carries ids and names, no facts."""
    message = {"type": TENANT_EVENT, "event": event}
    transaction.on_commit(lambda: publisher.send(workspace_group(workspace_id), message))


def publish_price(source: str, symbol: str, payload: dict[str, Any]) -> None:
    """Show a price to everyone who watches this market; the caller coalesces (at most a few a second)."""
    message = {"type": MARKET_PRICE, "symbol": symbol, "payload": payload}
    publisher.send(market_group(source), message)
