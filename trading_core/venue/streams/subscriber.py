"""The streams one subscribes to, public and private: auth, subscribe, unsubscribe, ping."""

from __future__ import annotations

from trading_core.venue.clock import wall_ms
from trading_core.venue.hub import Venue
from trading_core.venue.rest.auth import stream_account
from trading_core.venue.rest.request import ApiError
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.private import SILENT_TOPICS, TOPICS
from trading_core.venue.streams.session import Payload, Session

PUBLIC_PATHS = {f"/v5/public/{name}": name for name in ("linear", "spot", "inverse", "option", "misc/status")}
PRIVATE_PATH = "/v5/private"

_ARGS_CHARS_MAX = 21_000
"""Characters of all topics of a public connection."""
_SPOT_ARGS_MAX = 10
"""Topics in one request on the spot stream."""


class Subscriber(Session):
    """One client on a stream with topics."""

    def __init__(self, venue: Venue, connection: Connection, *, idle_s: float) -> None:
        super().__init__(venue, connection, idle_s=idle_s)
        self._category = PUBLIC_PATHS.get(connection.path)
        self._public = venue.public.of.get(self._category or "")
        """Topics of this path; None on the private path and where nothing is ever told."""

    @property
    def is_private(self) -> bool:
        """Whether this is the private stream."""
        return self._category is None

    def leave(self) -> None:
        """Take the connection off every topic."""
        self.venue.private.leave(self.connection)
        self.venue.public.leave(self.connection)

    async def obey(self, frame: Payload) -> None:
        """Carry out a frame."""
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
            self.refuse(op if isinstance(op, str) else "", "Invalid op", frame)

    def _answer(self, op: str, frame: Payload | None, *, success: bool, message: str) -> None:
        payload: Payload = {
            "success": success, "ret_msg": message, "conn_id": self.connection.connection_id,
        }  # fmt: skip
        if frame is not None and "req_id" in frame:
            payload["req_id"] = frame["req_id"]
        payload["op"] = op
        self.connection.put(payload)

    def refuse(self, op: str, message: str, frame: Payload | None) -> None:
        """Answer with ``success`` false."""
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
        if self.connection.uid is not None:
            self.refuse("auth", "Repeat auth", frame)
            return
        try:
            account = stream_account(self.venue.exchange, frame.get("args"), remote=self.connection.remote)
        except ApiError as e:
            self.refuse("auth", e.message, frame)
            self.connection.close()
            return
        self.venue.private.join(self.connection, account.uid)
        self._answer("auth", frame, success=True, message="")

    def _topics(self, frame: Payload) -> list[str] | None:
        args = frame.get("args")
        if not isinstance(args, list) or not args or not all(isinstance(a, str) for a in args):
            self.refuse(str(frame["op"]), "Params Error: args", frame)
            return None
        return args

    def _subscribe(self, frame: Payload) -> None:
        topics = self._topics(frame)
        if topics is None:
            return
        refusal = self._too_many(topics) or next(
            (why for topic in topics if (why := self._why_not(topic))), ""
        )
        if refusal:
            self.refuse("subscribe", refusal, frame)
            return
        message = "subscribe" if self._category == "spot" else ""
        self._answer("subscribe", frame, success=True, message=message)
        for topic in topics:
            self._add(topic)

    def _too_many(self, topics: list[str]) -> str:
        if self._category == "spot" and len(topics) > _SPOT_ARGS_MAX:
            return f"args size >{_SPOT_ARGS_MAX}"
        chars = sum(map(len, self.connection.topics.union(topics)))
        return f"args length >{_ARGS_CHARS_MAX}" if not self.is_private and chars > _ARGS_CHARS_MAX else ""

    def _why_not(self, topic: str) -> str:
        if not self.is_private:
            return "" if self._public is None else self._public.refusal(topic)
        if self.connection.uid is None:
            return "Request not authorized"
        return "" if topic in TOPICS or topic in SILENT_TOPICS else f"Invalid topic :[{topic}]"

    def _add(self, topic: str) -> None:
        if self._public is not None:
            if topic not in self.connection.topics:
                self._public.subscribe(self.connection, topic)
            return
        self.venue.private.subscribe(self.connection, topic)

    def _unsubscribe(self, frame: Payload) -> None:
        topics = self._topics(frame)
        if topics is None:
            return
        for topic in topics:
            if self._public is not None:
                self._public.unsubscribe(self.connection, topic)
            self.connection.topics.discard(topic)
        self._answer("unsubscribe", frame, success=True, message="")
