"""The venue's process: sockets, ASGI, life and death."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import secrets
import signal
import socket
import sys
from functools import partial
from typing import Any

import uvicorn

from trading_core.venue.clock import true_ms
from trading_core.venue.config import VenueConfig
from trading_core.venue.control import control
from trading_core.venue.faults import outages
from trading_core.venue.faults.messages import carry
from trading_core.venue.faults.requests import strike, subject_of
from trading_core.venue.follower import Follower
from trading_core.venue.hub import Venue
from trading_core.venue.market.upstream import UpstreamMarket
from trading_core.venue.pacer import Pacer
from trading_core.venue.rest.app import BODY_MAX, Answer, answer, page
from trading_core.venue.rest.request import Request
from trading_core.venue.streams.connection import Connection, Receive, Send
from trading_core.venue.streams.session import Session, idle_limit_s
from trading_core.venue.streams.subscriber import PRIVATE_PATH, PUBLIC_PATHS, Subscriber
from trading_core.venue.streams.trade import TRADE_PATH, TradeSession
from trading_core.venue.wire import VenueHttp, VenueWebSocket, transport_of

log = logging.getLogger(__name__)

Scope = dict[str, Any]

SESSIONS: dict[str, type[Session]] = {
    **dict.fromkeys((*PUBLIC_PATHS, PRIVATE_PATH), Subscriber), TRADE_PATH: TradeSession,
}  # fmt: skip
"""Every WebSocket path that is served."""
_PR_SET_PDEATHSIG = 1


class VenueApp:
    """Raw ASGI: no framework between the bytes and the signature over them."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self._pacing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection of any kind."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            await _send(send, Answer(413, b'{"retCode":10001,"retMsg":"body too large"}', [], []))
            return
        remote = scope["client"][0] if scope["client"] else ""
        headers = dict(scope["headers"])
        request = Request(scope["method"], scope["path"], scope["query_string"], body, headers, remote=remote)
        if request.path.startswith("/control/"):
            served = control(self.venue, request)
            await _send(send, served)
            self._publish(served)
        elif self.venue.faults:
            await self._under_faults(scope, receive, send, request)
        else:
            served = answer(self.venue, request)
            await _send(send, served)
            self._publish(served)

    def _publish(self, served: Answer) -> None:
        for outcome in served.outcomes:
            self.venue.publish(outcome)

    async def _under_faults(self, scope: Scope, receive: Receive, send: Send, request: Request) -> None:
        """Serve as the faults in force have it, perhaps not at all."""
        venue, outage = self.venue, outages.closed(self.venue)
        account = venue.exchange.by_key.get(
            request.headers.get(b"x-bapi-api-key", b"").decode("ascii", "replace")
        )
        subject = subject_of(request, account.uid if account else None)
        served: Answer | None = None
        if outage == "maintenance":
            served = page(503, "System is under maintenance.")
        elif not outage:
            served = await strike(venue.faults, request, subject, lambda: answer(venue, request))
        if served is None or served.is_lost:
            transport_of(scope).abort()
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            await _send(send, served)
        if served is not None:
            self._publish(served)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        path, remote = scope["path"], scope["client"][0] if scope["client"] else ""
        venue, kind = self.venue, SESSIONS.get(scope["path"])
        crowded = venue.config.address_limits and venue.sockets.refuses(path, remote, true_ms())
        if kind is None or crowded or outages.closed(venue):
            await send({"type": "websocket.close", "code": 1008})  # before the handshake: HTTP 403
            return
        await send({"type": "websocket.accept"})
        connection = Connection(secrets.token_hex(10), transport_of(scope))
        connection.path, connection.remote, connection.line = path, remote, partial(carry, venue.faults)
        venue.sockets.open.add(connection)
        try:
            await kind(venue, connection, idle_s=idle_limit_s(scope["query_string"])).run(receive, send)
        finally:
            venue.sockets.open.discard(connection)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self.venue.config.mode == "ticks":
                    pacer = _clockwork(self.venue)
                    self.venue.pacer = pacer
                    self._pacing = asyncio.create_task(pacer.run())
                    self._pacing.add_done_callback(_end_if_failed)
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._pacing is not None:
                    self._pacing.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await self._pacing
                self.venue.journal.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _clockwork(venue: Venue) -> Follower | Pacer:
    """Whoever moves the prices of this market."""
    source = venue.exchange.source
    return Follower(venue, source) if isinstance(source, UpstreamMarket) else Pacer(venue)


def _end_if_failed(pacing: asyncio.Task[None]) -> None:
    """A market that stopped moving must not look alive: end the process."""
    if not pacing.cancelled() and (error := pacing.exception()) is not None:
        log.critical("the market stopped moving", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


async def _read_body(receive: Receive) -> bytes | None:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            return None
    return body


async def _send(send: Send, served: Answer) -> None:
    length = (b"content-length", str(len(served.body)).encode())
    await send({"type": "http.response.start", "status": served.status, "headers": [*served.headers, length]})
    await send({"type": "http.response.body", "body": served.body})


def run(config: VenueConfig) -> None:
    """Run a venue until SIGINT or SIGTERM; print its address once it accepts connections.

    Raise InvalidInput or CandlesInvalid for what can't be run, OSError for a taken port.
    """
    config.validate()
    if config.die_with_parent:
        _die_with_parent()
    venue = Venue(config)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((config.host, config.port))
    host, port = sock.getsockname()[:2]
    sock.listen(2048)
    sys.stdout.write(f"venue http://{host}:{port} {venue.exchange.source.name}\n")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(
            VenueApp(venue), loop="uvloop", http=VenueHttp, ws=VenueWebSocket, log_level="warning", access_log=False,
            ws_max_size=1 << 20, ws_ping_interval=None, ws_per_message_deflate=False, timeout_keep_alive=75,
            server_header=False, timeout_graceful_shutdown=2, lifespan="on",
        )
    )  # fmt: skip
    server.run(sockets=[sock])


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends; only Linux can."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        sys.exit("the parent is gone already")
