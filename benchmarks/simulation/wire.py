"""The venue without sockets: the adapter's requests and streams end in the venue's own handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from io import BytesIO
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from websockets.exceptions import ConnectionClosedError

from benchmarks.simulation.blocking import Turn, wait_for
from bots.services.venue_control import VenueControl
from trading_core.venue.control import control
from trading_core.venue.faults import outages
from trading_core.venue.faults.messages import carry
from trading_core.venue.faults.requests import strike, subject_of
from trading_core.venue.hub import Venue
from trading_core.venue.rest.app import Answer, answer, page
from trading_core.venue.rest.request import Request
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.subscriber import Subscriber

HOST = "venue.simulated"
LATENCY_S = (0.001, 0.02)
READ_TIMEOUT_S = 5.0


class Wire:
    """The way between one platform and one venue, which may be down."""

    def __init__(self, venue: Venue, draw: Random, token: str) -> None:
        self.venue = venue
        self.token = token
        self._draw = draw
        self.is_down = False
        """Whether the venue's process is gone: connections are refused."""
        self._sockets: set[Socket] = set()
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Address of the venue."""
        return f"http://{HOST}"

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Let the adapter's transports end here."""
        with ExitStack() as stack:
            stack.enter_context(patch.object(HTTPAdapter, "send", self._sent))
            stack.enter_context(patch("trading_core.exchanges.bybit.line.connect", self._connect))
            stack.enter_context(patch("trading_core.exchanges.bybit.client.Lock", Turn))
            yield

    def control(self) -> VenueControl:
        """The control API."""
        return _Control(self)

    def latency(self) -> float:
        """One way, seconds."""
        return self._draw.uniform(*LATENCY_S)

    def cut(self) -> None:
        """Break every stream, as a venue that dies does."""
        for socket in list(self._sockets):
            socket.abort()

    def close(self) -> None:
        """End what still serves."""
        for task in self._sessions:
            task.cancel()

    # --- REST -----------------------------------------------------------------------------------

    def _sent(self, prepared: requests.PreparedRequest, **options: Any) -> requests.Response:
        """``HTTPAdapter.send``: called by the session in a simulated thread."""
        return wait_for(self._served(prepared))

    async def _served(self, prepared: requests.PreparedRequest) -> requests.Response:
        await asyncio.sleep(self.latency())
        if self.is_down:
            refused = NewConnectionError(SimpleNamespace(), "connection refused")  # type: ignore[arg-type]
            raise requests.exceptions.ConnectionError(SimpleNamespace(reason=refused))
        served = await self._answer(request_of(prepared))
        if served is None or served.is_lost or self.is_down:
            await asyncio.sleep(self._draw.choice((0.01, READ_TIMEOUT_S)))
            raise requests.exceptions.ReadTimeout("no answer")
        await asyncio.sleep(self.latency())
        return response_of(served, prepared)

    async def _answer(self, request: Request) -> Answer | None:
        """As ``VenueApp`` serves a request under faults."""
        venue, served = self.venue, None
        outage = outages.closed(venue)
        if outage == "maintenance":
            served = page(503, "System is under maintenance.")
        elif not outage:
            account = venue.exchange.by_key.get(request.headers.get(b"x-bapi-api-key", b"").decode())
            subject = subject_of(request, account.uid if account else None)
            served = await strike(venue.faults, request, subject, partial(answer, venue, request))
        if served is not None:
            for outcome in served.outcomes:
                venue.publish(outcome)
        return served

    # --- streams --------------------------------------------------------------------------------

    @asynccontextmanager
    async def _connect(self, url: str, **options: Any) -> AsyncIterator[Socket]:
        await asyncio.sleep(self.latency())
        if self.is_down or outages.closed(self.venue):
            raise ConnectionRefusedError("connection refused")
        socket = Socket(self, urlsplit(url).path)
        self._sockets.add(socket)
        self.venue.sockets.open.add(socket.connection)
        task = asyncio.create_task(self._session(socket))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)
        try:
            yield socket
        finally:
            socket.leave()
            self._sockets.discard(socket)

    async def _session(self, socket: Socket) -> None:
        try:
            await Subscriber(self.venue, socket.connection, idle_s=600).run(socket.receive, socket.told)
        finally:
            self.venue.sockets.open.discard(socket.connection)
            socket.abort()


class Socket:
    """Both ends of one WebSocket: what the client calls, and what the venue's session calls."""

    def __init__(self, wire: Wire, path: str) -> None:
        self._wire = wire
        self._upward: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._downward: asyncio.Queue[str | None] = asyncio.Queue()
        self._broken = False
        self.transport = self
        self.connection = Connection(f"{id(self):x}", self)  # type: ignore[arg-type]
        self.connection.path, self.connection.line = path, partial(carry, wire.venue.faults)

    # the client's end

    async def send(self, text: str) -> None:
        """Send a frame."""
        if self._broken:
            raise ConnectionClosedError(None, None)
        await asyncio.sleep(self._wire.latency())
        self._upward.put_nowait({"type": "websocket.receive", "text": text})

    async def recv(self, decode: bool | None = None) -> str:  # noqa: FBT001 - the library's signature
        """Receive a frame; raises once the connection is broken."""
        raw = await self._downward.get() if not self._broken or not self._downward.empty() else None
        if raw is None:
            raise ConnectionClosedError(None, None)
        return raw

    def leave(self) -> None:
        """Close the client's end."""
        self._upward.put_nowait({"type": "websocket.disconnect"})
        self._broken = True

    # the transport, as both sides abort it

    def abort(self) -> None:
        """Break the connection: what is under way is lost."""
        if not self._broken:
            self._broken = True
            while not self._downward.empty():
                self._downward.get_nowait()
            self._downward.put_nowait(None)
            self._upward.put_nowait({"type": "websocket.disconnect"})

    def pause_reading(self) -> None:
        """A silent venue hears nothing either; what is sent waits for ever."""

    def resume_reading(self) -> None:
        """The silence is over."""

    def is_closing(self) -> bool:
        """Whether the connection is broken."""
        return self._broken

    # the venue's end

    async def receive(self) -> dict[str, Any]:
        """Wait for a frame of the client."""
        return await self._upward.get()

    async def told(self, message: Any) -> None:
        """Send a frame to the client, in order, a moment later."""
        if message["type"] == "websocket.close":
            self.abort()
            return
        await asyncio.sleep(self._wire.latency() / 10)
        if not self._broken:
            self._downward.put_nowait(message["text"])


class _Control(VenueControl):
    """The control API, called where it is."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire.url, wire.token)
        self._wire = wire
        self._turn = Turn()  # type: ignore[assignment]

    def _asked(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        headers = {b"authorization": f"Bearer {self._wire.token}".encode()}
        request = Request(method, path, b"", (body or "").encode(), headers, remote="127.0.0.1")
        served = control(self._wire.venue, request)
        return served.status, served.body


def request_of(prepared: requests.PreparedRequest) -> Request:
    """A request of the adapter as the venue reads it."""
    address = urlsplit(str(prepared.url))
    body: Any = prepared.body or b""
    headers = {name.lower().encode(): str(value).encode() for name, value in prepared.headers.items()}
    raw = body.encode() if isinstance(body, str) else body
    method = str(prepared.method)
    return Request(method, address.path, address.query.encode(), raw, headers, remote="127.0.0.1")


def response_of(served: Answer, prepared: requests.PreparedRequest) -> requests.Response:
    """An answer of the venue as the adapter's session returns it."""
    response = requests.Response()
    response.status_code, response.url, response.request = served.status, str(prepared.url), prepared
    response.headers.update({name.decode(): value.decode() for name, value in served.headers})
    response.raw = BytesIO(served.body)
    return response
