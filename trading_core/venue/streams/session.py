"""What every WebSocket session does: frames strictly in order, idle clients cut, an end at the end."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson

from trading_core.venue.hub import Venue
from trading_core.venue.streams.connection import Connection, Message, Receive, Send

Payload = dict[str, Any]

_FRAME_MAX = 1 << 18
_SUBSCRIBE_DELAY_S = 0.05
"""A network away, as clients expect: pybit notes a subscription down after having sent it. It holds at once."""
_IDLE_DEFAULT_S = 600
_IDLE_RANGE_S = (30, 600)
_ACTIVE_TIME = re.compile(rb"(?:^|&)max_active_time=([0-9]{1,4})([sm])(?:&|$)")


def raw_of(message: Message) -> bytes:
    """The bytes of a frame, text or binary."""
    text = message.get("text")
    return text.encode() if text is not None else message.get("bytes") or b""


def idle_limit_s(query: bytes) -> float:
    """Seconds without a frame after which a client is cut off: ``max_active_time``, 30s to 600s or 10m."""
    asked = _ACTIVE_TIME.search(query)
    if asked is None:
        return _IDLE_DEFAULT_S
    seconds = int(asked[1]) * (60 if asked[2] == b"m" else 1)
    return min(max(seconds, _IDLE_RANGE_S[0]), _IDLE_RANGE_S[1])


class Session:
    """One client on one stream. A stream is a subclass with ``obey``, ``refuse`` and, if it must, ``leave``."""

    def __init__(self, venue: Venue, connection: Connection, *, idle_s: float = _IDLE_DEFAULT_S) -> None:
        self.venue = venue
        self.connection = connection
        self._idle_s = idle_s

    async def obey(self, frame: Payload) -> None:
        """Carry out a frame; the next one is read once this returns."""
        raise NotImplementedError

    def refuse(self, op: str, message: str, frame: Payload | None) -> None:
        """Answer a frame that can't be carried out."""
        raise NotImplementedError

    def leave(self) -> None:
        """Undo what the client has set up: the connection is over."""

    async def run(self, receive: Receive, send: Send) -> None:
        """Serve until the client leaves, goes silent or is cut off."""
        pump = asyncio.create_task(self.connection.pump(send))
        hearing = asyncio.create_task(self._listen(receive))
        try:
            await asyncio.wait({pump, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leave()
            pump.cancel()
            hearing.cancel()
            ended = await asyncio.gather(pump, hearing, return_exceptions=True)
        # A client that went away while being sent to is no error; whatever broke in ``obey`` is.
        if isinstance(ended[1], Exception):
            raise ended[1]

    async def _listen(self, receive: Receive) -> None:
        while True:
            try:
                message = await asyncio.wait_for(receive(), self._idle_s)
            except TimeoutError:
                break
            if message["type"] == "websocket.disconnect":
                return
            await self._hear(raw_of(message))
        self.connection.close()
        await asyncio.Event().wait()  # the pump ends the session, once all was sent

    async def _hear(self, raw: bytes) -> None:
        if len(raw) > _FRAME_MAX:
            self.connection.close()
            return
        if b'"subscribe"' in raw:
            self.connection.hold(_SUBSCRIBE_DELAY_S)
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError:
            self.refuse("", "Request is not a valid JSON", None)
            return
        if not isinstance(frame, dict):
            self.refuse("", "Request is not a JSON object", None)
            return
        await self.obey(frame)
