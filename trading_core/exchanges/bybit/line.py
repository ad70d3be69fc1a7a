"""One WebSocket line to Bybit that keeps itself alive: connect, greet, ping, notice silence, again.

pybit's stream classes die silently (one refused connection, one exception in a callback, one
message nobody asked for); this is a plain asyncio client, hundreds of lines a process.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from trading_core.errors import OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.gate import dial_wait
from trading_core.exchanges.bybit.signing import signature
from trading_core.exchanges.port import Credentials

log = logging.getLogger(__name__)
SOCKET_LOG = logging.getLogger(f"{__name__}.socket")
"""The library's own words. At DEBUG it writes every frame down, the authentication too: never below INFO."""
SOCKET_LOG.setLevel(logging.INFO)

AUTH_MARGIN_MS = 10_000
TOPICS_PER_REQUEST = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a line is, in seconds."""

    ping: float = 20.0
    pong: float = 10.0
    """How long the answer to a ping may take: a line that talks and doesn't answer is dead too."""
    stall: float = 40.0
    """Silence after which the line counts as dead; pongs break the silence."""
    topic: float | None = None
    """Silence of one topic after which the line counts as dead; None where topics may rest."""
    greeting: float = 10.0
    """How long connecting may take, and each answer of authentication and subscription."""
    backoff_min: float = 0.2
    backoff_max: float = 10.0

    def backoff(self, failure: int) -> float:
        """Seconds to wait after failure 1, 2, 3 ..."""
        return float(min(self.backoff_max, self.backoff_min * 2.0 ** min(failure - 1, 16)))


@dataclass(frozen=True, slots=True)
class Frame:
    """A data message: its decoded object."""

    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Connected:
    """The line was (re)connected and its subscriptions are confirmed."""


class Line:
    """A subscribed line that reconnects for ever.

    ``frames`` raises ``Rejected`` when the venue refuses the key or a subscription: asking again
    would not help.
    """

    def __init__(
        self,
        *,
        url: str,
        topics: Sequence[str],
        wall_ms: Callable[[], int],
        credentials: Credentials | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._url = url
        self._topics = list(topics)
        self._wall_ms = wall_ms
        self._credentials = credentials
        self._pace = pace or Pace()
        self.is_up = False
        """Whether it is connected and subscribed right now."""

    async def frames(self) -> AsyncIterator[Frame | Connected]:
        """Yield what arrives; ``Connected`` after each (re)connect."""
        failures = 0
        while True:
            try:
                async with self._connected() as socket:
                    early = await self._greet(socket)
                    failures = 0
                    self.is_up = True
                    yield Connected()
                    for frame in early:
                        yield frame
                    async with self._pinged(socket) as pongs:
                        async for frame in self._received(socket, pongs):
                            yield frame
            except (OSError, TimeoutError, WebSocketException, OutcomeUnknown) as e:
                log.info("%s: line lost: %s %s", self._url, type(e).__name__, e)
            self.is_up = False
            failures += 1
            # Hundreds of lines lose one venue at once: they don't come back in one moment.
            await asyncio.sleep(self._pace.backoff(failures) * random.uniform(0.5, 1.0))  # noqa: S311 - a pause

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ClientConnection]:
        # Pings are Bybit's own (an application message); the library's frames would be a second clock.
        options: dict[str, Any] = {"ping_interval": None, "proxy": None, "close_timeout": 1.0}
        options["logger"] = SOCKET_LOG
        await asyncio.sleep(dial_wait(self._url))
        async with connect(self._url, open_timeout=self._pace.greeting, **options) as socket:
            yield socket

    async def _greet(self, socket: ClientConnection) -> list[Frame]:
        """Authenticate and subscribe, each acknowledged; return the data that came in between."""
        early: list[Frame] = []
        if self._credentials is not None:
            await socket.send(json.dumps(auth_message(self._credentials, self._wall_ms() + AUTH_MARGIN_MS)))
            answer = await self._answer(socket, "auth", "", early)
            if not answer.get("success"):
                raise Rejected(f"stream authentication refused: {str(answer.get('ret_msg', ''))[:100]}")
        for start in range(0, len(self._topics), TOPICS_PER_REQUEST):
            some = self._topics[start : start + TOPICS_PER_REQUEST]
            number = f"subscribe-{start}"
            await socket.send(json.dumps({"op": "subscribe", "req_id": number, "args": some}))
            answer = await self._answer(socket, "subscribe", number, early)
            if failed := _not_acknowledged(answer, some):
                words = str(answer.get("ret_msg", ""))[:100]
                raise Rejected(f"subscription to {', '.join(failed)} refused: {words}")
        return early

    async def _answer(
        self, socket: ClientConnection, op: str, number: str, early: list[Frame]
    ) -> dict[str, Any]:
        """Wait for the answer to an operation; data that comes first is kept for later."""
        async with asyncio.timeout(self._pace.greeting):
            while True:
                body = decoded(self._without_key(await socket.recv(decode=True)))
                if body is None:
                    raise OutcomeUnknown("a greeting that is not a JSON object")
                if "topic" in body:
                    early.append(Frame(body))
                elif body.get("op") == op and body.get("req_id") in (None, "", number):
                    return body

    def _without_key(self, message: str) -> str:
        """Bybit's words about a wrong signature repeat what was signed."""
        return message.replace(self._credentials.api_key, "…") if self._credentials else message

    @asynccontextmanager
    async def _pinged(self, socket: ClientConnection) -> AsyncIterator[asyncio.Event]:
        """Ping all the while; the event is set by whoever hears a pong."""
        pongs = asyncio.Event()
        pinger = asyncio.create_task(self._ping(socket, pongs))
        try:
            yield pongs
        finally:
            pinger.cancel()

    async def _received(self, socket: ClientConnection, pongs: asyncio.Event) -> AsyncIterator[Frame]:
        now = asyncio.get_running_loop().time
        heard = dict.fromkeys(self._topics, now())
        while True:
            async with asyncio.timeout(self._pace.stall):
                message = await socket.recv()
            self._require_all(heard, now())
            body = decoded(message)
            if body is None:
                # What it said is lost: a new line starts with a gap, and a reconcile learns it.
                raise OutcomeUnknown("a message that is not a JSON object")
            if "topic" in body:
                heard[str(body["topic"])] = now()
                yield Frame(body)
            elif is_pong(body):
                pongs.set()

    def _require_all(self, heard: dict[str, float], now: float) -> None:
        """Notice a topic that says nothing while the socket is alive: pongs come, so this is reached."""
        if self._pace.topic is None:
            return
        for topic, at in heard.items():
            if now - at > self._pace.topic:
                raise OutcomeUnknown(f"topic {topic} fell silent")

    async def _ping(self, socket: ClientConnection, pongs: asyncio.Event) -> None:
        for number in itertools.count(1):
            await asyncio.sleep(self._pace.ping)
            pongs.clear()
            try:
                await socket.send(json.dumps({"op": "ping", "req_id": str(number)}))
                async with asyncio.timeout(self._pace.pong):
                    await pongs.wait()
            except WebSocketException:
                return
            except TimeoutError:
                log.warning("%s: no pong within %.1f s: the line is dead", self._url, self._pace.pong)
                # Whoever receives learns it from the broken connection; a goodbye would wait for an answer.
                socket.transport.abort()
                return


def is_pong(body: dict[str, Any]) -> bool:
    """Whether a message answers a ping: private streams say op ``pong``, public ones ``ping`` again."""
    return body.get("op") == "pong" or (body.get("op") == "ping" and body.get("ret_msg") == "pong")


def _not_acknowledged(answer: dict[str, Any], topics: Sequence[str]) -> list[str]:
    """Return the topics an answer to a subscription leaves out; all of them if it refuses."""
    if not answer.get("success"):
        return list(topics)
    data = answer.get("data")
    failed = data.get("failTopics") if isinstance(data, dict) else None
    return [str(topic) for topic in failed] if isinstance(failed, list) else []


def auth_message(credentials: Credentials, expires_ms: int) -> dict[str, Any]:
    """Return the private stream's authentication: ``GET/realtime`` and the expiry, signed."""
    signed = signature(credentials, f"GET/realtime{expires_ms}".encode())
    return {"op": "auth", "args": [credentials.api_key, expires_ms, signed]}


def decoded(message: str | bytes) -> dict[str, Any] | None:
    """Return the object in a message, or None."""
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
