"""A signed client of its own, and a WebSocket that hears raw frames: nothing between test and venue."""

from __future__ import annotations

import asyncio
import hmac
import http.client
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.venue.venues import VenueProcess

Account = dict[str, str]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        code: int = self.json["retCode"]
        return code


class Lost(Exception):
    """The connection ended without an answer."""


def hmac_sign(account: Account, origin: bytes) -> str:
    return hmac.digest(account["api_secret"].encode(), origin, "sha256").hex()


@dataclass
class RawClient:
    """Signs and sends by hand, one connection for each request."""

    venue: VenueProcess
    account: Account
    sign: Callable[[Account, bytes], str] = hmac_sign
    window: str = "5000"
    off_ms: int = 0
    """How far its clock is off."""

    def headers(self, payload: str) -> dict[str, str]:
        stamp = str(int(time.time() * 1000) + self.off_ms)
        origin = f"{stamp}{self.account['api_key']}{self.window}{payload}".encode()
        return {
            "X-BAPI-API-KEY": self.account["api_key"],
            "X-BAPI-TIMESTAMP": stamp,
            "X-BAPI-RECV-WINDOW": self.window,
            "X-BAPI-SIGN": self.sign(self.account, origin),
        }

    def get(self, path: str, query: str = "") -> Answer:
        return send(self.venue, "GET", f"{path}?{query}" if query else path, None, self.headers(query))

    def post(self, path: str, body: dict[str, Any] | str) -> Answer:
        text = body if isinstance(body, str) else json.dumps(body)
        return send(self.venue, "POST", path, text.encode(), self.headers(text))

    def order(self, **params: Any) -> Answer:
        return self.post("/v5/order/create", {**ORDER, **params})


ORDER = {
    "category": "linear", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.1",
    "price": "900",
}  # fmt: skip


def send(venue: VenueProcess, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    """One request; raise Lost if the line is cut."""
    line = http.client.HTTPConnection(venue.url.removeprefix("http://"), timeout=20)
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    except (http.client.HTTPException, ConnectionError) as e:
        raise Lost from e
    finally:
        line.close()


def control(venue: VenueProcess, method: str, path: str, body: Any = None) -> Answer:
    """One call of the control API."""
    data = None if body is None else json.dumps(body).encode()
    return send(venue, method, f"/control{path}", data, {"Authorization": "Bearer control"})


def set_fault(venue: VenueProcess, kind: str, **spec: Any) -> dict[str, Any]:
    """Put one fault in force."""
    answer = control(venue, "POST", "/faults", {"faults": [{"kind": kind, **spec}]})
    assert answer.status == 200, answer.body
    fault: dict[str, Any] = answer.json["faults"][0]
    return fault


def struck(venue: VenueProcess) -> list[int]:
    """How often each fault in force struck, in the order they were set."""
    return [fault["struck"] for fault in control(venue, "GET", "/faults").json["faults"]]


@dataclass
class Socket:
    """A WebSocket and all it heard."""

    line: ClientConnection
    heard: list[Any] = field(default_factory=list)

    async def say(self, frame: dict[str, Any] | str | bytes) -> None:
        await self.line.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def ask(self, frame: dict[str, Any] | str | bytes) -> Any:
        await self.say(frame)
        return await self.next()

    async def next(self) -> Any:
        """The next frame; None once the connection ended."""
        try:
            self.heard.append(json.loads(await asyncio.wait_for(self.line.recv(), 20)))
        except ConnectionClosed:
            return None
        return self.heard[-1]

    async def until_pong(self) -> list[Any]:
        """Everything that was said before the answer to a ping."""
        await self.say({"op": "ping", "req_id": "until"})
        before = []
        while (frame := await self.next()) is not None and frame.get("op") not in ("ping", "pong"):
            before.append(frame)
        return before


async def open_socket(stack: AsyncExitStack, venue: VenueProcess, path: str) -> Socket:
    """Connect; the stack closes it."""
    base = venue.url.replace("http", "ws")
    return Socket(
        await stack.enter_async_context(connect(base + path, close_timeout=0.2, ping_interval=None))
    )


def auth_frame(account: Account, expires: Any = 99_999_999_999_999) -> dict[str, Any]:
    sign = hmac_sign(account, f"GET/realtime{expires}".encode())
    return {"op": "auth", "args": [account["api_key"], expires, sign]}


async def private_socket(
    stack: AsyncExitStack, venue: VenueProcess, account: Account, *topics: str
) -> Socket:
    """A socket that is logged in and subscribed."""
    socket = await open_socket(stack, venue, "/v5/private")
    assert (await socket.ask(auth_frame(account)))["success"]
    assert (await socket.ask({"op": "subscribe", "args": list(topics)}))["success"]
    return socket
