"""One WebSocket: a queue of what is to be sent, and the topics it listens to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from trading_core.venue.wire import MORE

_TOGETHER_MAX = 64
"""Messages in one write."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUEUE_MAX = 20_000
"""Messages waiting for a listener that doesn't read; one more and it is cut off."""
QUEUE_BYTES_MAX = 16 << 20
"""Bytes waiting, whatever the number of messages."""


class Connection:
    """The sending side of a WebSocket; anyone may ``put``, in order, without waiting."""

    def __init__(self, connection_id: str, transport: asyncio.Transport | None = None) -> None:
        self.connection_id = connection_id
        self.path = ""
        self.remote = ""
        """Address of the client."""
        self.topics: set[str] = set()
        self.uid: int | None = None
        """Set by a successful auth."""
        self.last_message_id = ""
        """Of the last private message put on this connection."""
        self.subscribed = False
        """Whether it ever subscribed."""
        self.line: Callable[[Connection, str, bytes, str], bool] | None = None
        """Asked first by ``tell``: whether it has seen to the message itself. Faults sit here."""
        self.held: tuple[bytes, str] | None = None
        """A message and its id that a fault lets the next one overtake."""
        self._transport = transport
        self._silent = False
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0
        self._quiet_until = 0.0
        """Time of the event loop before which nothing is sent."""

    def put(self, payload: dict[str, Any]) -> None:
        """Queue a message."""
        self.put_raw(orjson.dumps(payload))

    def put_raw(self, raw: bytes) -> None:
        """Queue a message that is encoded already; a listener too far behind is cut off."""
        if self._silent:
            return
        if self._queue.qsize() >= QUEUE_MAX or self._waiting + len(raw) > QUEUE_BYTES_MAX:
            self.cut()
            return
        self._waiting += len(raw)
        self._queue.put_nowait(raw)

    def tell(self, topic: str, raw: bytes, message_id: str = "") -> None:
        """Queue a message of a topic; ``last_message_id`` follows what was really put."""
        if self.line is None or not self.line(self, topic, raw, message_id):
            self.put_told(raw, message_id)

    def put_told(self, raw: bytes, message_id: str) -> None:
        """Queue a message and note its id."""
        if message_id and not self._silent:
            self.last_message_id = message_id
        self.put_raw(raw)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long; what is put meanwhile goes out then, in order."""
        self._quiet_until = asyncio.get_running_loop().time() + seconds

    def close(self) -> None:
        """End the connection once everything before was sent."""
        self._queue.put_nowait(None)

    def cut(self) -> None:
        """End the connection now, without a close frame; what waits is dropped."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._waiting = 0
        if self._transport is not None:
            self._transport.abort()
        self.close()

    def silence(self) -> None:
        """Stay open, but neither say nor hear anything more, not even a protocol PING."""
        self._silent = True
        if self._transport is not None:
            self._transport.pause_reading()

    def wake(self) -> None:
        """End a silence."""
        if not self._silent:
            return
        self._silent = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def pump(self, send: Send) -> None:
        """Send what is queued until ``close``; what waits together goes out together."""
        held = 0
        while (raw := await self._queue.get()) is not None:
            self._waiting -= len(raw)
            await self._wait_out_hold()
            held = 0 if self._queue.empty() or held >= _TOGETHER_MAX else held + 1
            await send({"type": "websocket.send", "text": raw.decode(), MORE: held > 0})
        await send({"type": "websocket.close", "code": 1000})

    async def _wait_out_hold(self) -> None:
        quiet = self._quiet_until - asyncio.get_running_loop().time()
        if quiet > 0.0:
            await asyncio.sleep(quiet)
            await self._wait_out_hold()  # it may have been renewed
