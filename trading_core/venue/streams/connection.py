"""One WebSocket: a queue of what is to be sent, and the topics it listens to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUEUE_MAX = 20_000
"""Messages waiting for a listener that doesn't read; one more and it is cut off."""


class Connection:
    """The sending side of a WebSocket; anyone may ``put``, in order, without waiting."""

    def __init__(self, connection_id: str) -> None:
        self.connection_id = connection_id
        self.topics: set[str] = set()
        self.uid: int | None = None
        """Set by a successful auth."""
        self.last_message_id = ""
        """Of the last private message put on this connection."""
        self.subscribed = False
        """Whether it ever subscribed."""
        self.overflown = False
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(self, payload: dict[str, Any]) -> None:
        """Queue a message."""
        self.put_raw(orjson.dumps(payload))

    def put_raw(self, raw: bytes) -> None:
        """Queue a message that is encoded already."""
        if self._queue.qsize() >= QUEUE_MAX:
            self.overflown = True
            self.close()
            return
        self._queue.put_nowait(raw)

    def close(self) -> None:
        """End the connection once everything before was sent."""
        self._queue.put_nowait(None)

    async def pump(self, send: Send) -> None:
        """Send what is queued until ``close``."""
        while (raw := await self._queue.get()) is not None:
            await send({"type": "websocket.send", "text": raw.decode()})
        await send({"type": "websocket.close", "code": 1013 if self.overflown else 1000})
