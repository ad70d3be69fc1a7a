"""What clients say on a WebSocket: auth, subscribe, unsubscribe, ping; strictly in order."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import orjson

from trading_core.venue.clock import wall_ms
from trading_core.venue.hub import Venue
from trading_core.venue.rest.auth import matches
from trading_core.venue.streams.connection import Connection, Receive, Send
from trading_core.venue.streams.private import SILENT_TOPICS, TOPICS

Payload = dict[str, Any]

PUBLIC_PATHS = {f"/v5/public/{name}": name for name in ("linear", "spot", "inverse", "option")}
PRIVATE_PATH = "/v5/private"
_FRAME_MAX = 1 << 18


_AUTH_ARGS = 3
"""Key, expiry, signature."""
_SUBSCRIBE_DELAY_S = 0.05
"""A network away, as clients expect: pybit notes a subscription down after having sent it."""


def raw_of(message: Any) -> bytes:
    """The bytes of a frame, text or binary."""
    text = message.get("text")
    return text.encode() if text is not None else message.get("bytes") or b""


class Session:
    """One client on one stream."""

    def __init__(self, venue: Venue, path: str) -> None:
        self._venue = venue
        self._category = PUBLIC_PATHS.get(path)
        self.connection = Connection(secrets.token_hex(10))

    @property
    def is_private(self) -> bool:
        """Whether this is the private stream."""
        return self._category is None

    async def run(self, receive: Receive, send: Send) -> None:
        """Serve until the client leaves or is cut off."""
        pump = asyncio.create_task(self.connection.pump(send))
        try:
            while not pump.done():
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    break
                if b'"subscribe"' in raw_of(message):
                    await asyncio.sleep(_SUBSCRIBE_DELAY_S)
                self._hear(message)
        finally:
            self._venue.public.leave(self.connection)
            self._venue.private.leave(self.connection)
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    def _hear(self, message: Any) -> None:
        raw = raw_of(message)
        if len(raw) > _FRAME_MAX:
            self.connection.close()
            return
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError:
            self._refuse("", "Request is not a valid JSON", None)
            return
        if not isinstance(frame, dict):
            self._refuse("", "Request is not a JSON object", None)
            return
        self._obey(frame)

    def _obey(self, frame: Payload) -> None:
        op = frame.get("op")
        if op == "ping":
            self._pong(frame)
        elif op == "auth" and self.is_private:
            self._auth(frame)
        elif op == "subscribe":
            self._subscribe(frame)
        elif op == "unsubscribe":
            self._unsubscribe(frame)
        else:
            self._refuse(op if isinstance(op, str) else "", "Invalid op", frame)

    def _answer(self, op: str, frame: Payload | None, *, success: bool, message: str) -> None:
        payload: Payload = {
            "success": success, "ret_msg": message, "conn_id": self.connection.connection_id,
        }  # fmt: skip
        if frame is not None and "req_id" in frame:
            payload["req_id"] = frame["req_id"]
        payload["op"] = op
        self.connection.put(payload)

    def _refuse(self, op: str, message: str, frame: Payload | None) -> None:
        self._answer(op, frame, success=False, message=message)

    def _pong(self, frame: Payload) -> None:
        if not self.is_private:
            self._answer("ping", frame, success=True, message="pong")
            return
        self.connection.put({
            "req_id": frame.get("req_id", ""), "op": "pong", "args": [str(wall_ms())],
            "conn_id": self.connection.connection_id,
        })  # fmt: skip

    def _auth(self, frame: Payload) -> None:
        args = frame.get("args")
        if self.connection.uid is not None:
            self._refuse("auth", "Repeat auth", frame)
            return
        if not isinstance(args, list) or len(args) < _AUTH_ARGS:
            self._refuse("auth", "Params Error", frame)
            return
        key, expires, sign = (str(part) for part in args[:3])
        account = self._venue.exchange.by_key.get(key)
        if not expires.isdigit() or int(expires[:16]) <= wall_ms():
            self._refuse("auth", "Params Error: expires is in the past", frame)
        elif account is None:
            self._refuse("auth", "API key is invalid.", frame)
        elif not matches(account.api_secret, f"GET/realtime{expires}".encode(), sign.encode()):
            self._refuse("auth", "error sign!", frame)
        else:
            self._venue.private.join(self.connection, account.uid)
            self._answer("auth", frame, success=True, message="")
            return
        self.connection.close()

    def _topics(self, frame: Payload) -> list[str] | None:
        args = frame.get("args")
        if not isinstance(args, list) or not args or not all(isinstance(a, str) for a in args):
            self._refuse(str(frame["op"]), "Params Error: args", frame)
            return None
        return args

    def _subscribe(self, frame: Payload) -> None:
        topics = self._topics(frame)
        if topics is None:
            return
        refusal = next((why for topic in topics if (why := self._why_not(topic))), "")
        if refusal:
            self._refuse("subscribe", refusal, frame)
            return
        message = "subscribe" if self._category == "spot" else ""
        self._answer("subscribe", frame, success=True, message=message)
        for topic in topics:
            self._add(topic)

    def _why_not(self, topic: str) -> str:
        if not self.is_private:
            return self._venue.public.refusal(topic) if self._category == "linear" else ""
        if self.connection.uid is None:
            return "Request not authorized"
        return "" if topic in TOPICS or topic in SILENT_TOPICS else f"Invalid topic :[{topic}]"

    def _add(self, topic: str) -> None:
        if self._category == "linear":
            if topic not in self.connection.topics:
                self._venue.public.subscribe(self.connection, topic)
            return
        self.connection.topics.add(topic)
        self.connection.subscribed = True

    def _unsubscribe(self, frame: Payload) -> None:
        topics = self._topics(frame)
        if topics is None:
            return
        for topic in topics:
            if self._category == "linear":
                self._venue.public.unsubscribe(self.connection, topic)
            self.connection.topics.discard(topic)
        self._answer("unsubscribe", frame, success=True, message="")
