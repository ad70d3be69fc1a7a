"""Clients of a venue in a process of their own: signed orders, and sockets that note when they were told.

``python -m benchmarks.venue_load orders|sockets CORE`` reads a JSON object from stdin and prints one.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import json
import os
import sys
import time
from typing import Any

import uvloop

Account = dict[str, str]

PATIENCE_S = 30.0


class Wire(asyncio.Protocol):
    """A keep-alive connection: one request out, one answer in."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # what TCP makes

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(rest) >= length:
            self._buffer = rest[length:]
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(rest[:length])

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the venue hung up"))

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


async def wire(host: str, port: int) -> Wire:
    """A connection that is made."""
    _, made = await asyncio.get_running_loop().create_connection(Wire, host, port)
    return made


def signed(account: Account, path: str, body: bytes) -> bytes:
    """A POST as Bybit's documentation signs it: time, key, window and the very bytes of the body."""
    stamp = str(int(time.time() * 1000)).encode()
    key = account["api_key"].encode()
    sign = hmac.digest(account["api_secret"].encode(), stamp + key + b"5000" + body, "sha256").hex().encode()
    return (
        b"POST " + path.encode() + b" HTTP/1.1\r\nHost: venue\r\nContent-Type: application/json\r\n"
        b"X-BAPI-API-KEY: " + key + b"\r\nX-BAPI-TIMESTAMP: " + stamp + b"\r\nX-BAPI-RECV-WINDOW: 5000\r\n"
        b"X-BAPI-SIGN: " + sign + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip


def place(account: Account, order: dict[str, Any]) -> bytes:
    """The request that places an order."""
    return signed(account, "/v5/order/create", json.dumps(order).encode())


async def orders(task: dict[str, Any]) -> dict[str, Any]:
    """Every account places orders over and over, one request under way each, for so many seconds."""
    names = itertools.count()
    ends = time.perf_counter() + task["seconds"]
    took: list[float] = []
    refused: dict[str, int] = {}

    async def trade(account: Account, order: dict[str, Any]) -> None:
        line = await wire(task["host"], task["port"])
        while True:
            sent = time.perf_counter()
            answer = await line.ask(place(account, {**order, "orderLinkId": f"{task['name']}-{next(names)}"}))
            took.append(time.perf_counter() - sent)
            if b'"retCode":0' not in answer:
                told = json.loads(answer)["retMsg"]
                refused[told] = refused.get(told, 0) + 1
            if time.perf_counter() >= ends:
                break
        line.transport.close()

    begun = time.perf_counter()
    await asyncio.gather(
        *(trade(a, task["orders"][nth % len(task["orders"])]) for nth, a in enumerate(task["accounts"]))
    )
    seconds = time.perf_counter() - begun
    return {
        "orders": len(took), "per_s": round(len(took) / seconds), "ms": quantiles(took), "refused": refused,
    }  # fmt: skip


class Ears:
    """When accounts were told of a fill, counted from the moment it was asked for."""

    def __init__(self) -> None:
        self.waiting: dict[str, float] = {}
        self.told: list[float] = []
        self._done = asyncio.Event()

    def hear(self, uid: str) -> None:
        """An account was told of an execution."""
        if uid in self.waiting:
            self.told.append(time.perf_counter() - self.waiting.pop(uid))
            if not self.waiting:
                self._done.set()

    async def all(self) -> dict[str, Any]:
        """The figures once nobody waits any more."""
        async with asyncio.timeout(PATIENCE_S):
            while self.waiting:
                self._done.clear()
                await self._done.wait()
        told, self.told = self.told, []
        return {"fills": len(told), "ms": quantiles(told)}


class Ear(asyncio.Protocol):
    """A WebSocket that only notices executions: a whole client would be slower than the venue."""

    def __init__(self, ears: Ears, account: Account) -> None:
        self._ears = ears
        self._uid = account["uid"]
        self._heard = b""
        self._hears = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # what TCP makes

    def data_received(self, data: bytes) -> None:
        if b'"topic":"execution"' in data:
            self._ears.hear(self._uid)
        self._heard = data
        self._hears.set()

    async def say(self, data: bytes, expected: bytes) -> None:
        """Send bytes and wait for an answer that holds others."""
        self._hears.clear()
        self.transport.write(data)
        async with asyncio.timeout(PATIENCE_S):
            await self._hears.wait()
        if expected not in self._heard:
            raise RuntimeError(self._heard)


def text_frame(payload: dict[str, Any]) -> bytes:
    """A client's text frame of RFC 6455; the mask is zero, so the text is as it was."""
    text = json.dumps(payload).encode()
    return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4) + text


async def sockets(task: dict[str, Any]) -> dict[str, Any]:
    """Log every account's socket in; then fill orders at a steady rate, and one of every account at once."""
    ears, accounts = Ears(), task["accounts"]
    for account in accounts:
        await _listening(ears, task, account)
    trading = await wire(task["host"], task["port"])
    pause, next_at = 1.0 / task["per_s"], time.perf_counter()
    for account in itertools.islice(itertools.cycle(accounts), task["fills"]):
        await asyncio.sleep(max(0.0, next_at - time.perf_counter()))
        next_at += pause
        ears.waiting[account["uid"]] = time.perf_counter()
        _accepted(await trading.ask(place(account, task["taking"])))
    steady = await ears.all()
    for account in accounts:
        _accepted(await trading.ask(place(account, task["resting"])))
    ears.waiting = dict.fromkeys((account["uid"] for account in accounts), time.perf_counter())
    if b'"code"' in (answer := await trading.ask(_control(task))):
        raise RuntimeError(answer.decode())
    burst = await ears.all()
    return {"steady": steady, "at once": burst}


def _accepted(answer: bytes) -> None:
    if b'"retCode":0' not in answer:
        raise RuntimeError(answer.decode())


def _control(task: dict[str, Any]) -> bytes:
    """The request that fills a part of every account's resting order."""
    symbol = task["resting"]["symbol"]
    faults = [
        {"kind": "partial_fill", "where": {"uid": account["uid"], "symbol": symbol}, "params": {"lots": 1}}
        for account in task["accounts"]
    ]
    body = json.dumps({"faults": faults}).encode()
    request: bytes = (
        b"POST /control/faults HTTP/1.1\r\nHost: venue\r\nAuthorization: Bearer " + task["token"].encode()
        + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )  # fmt: skip
    return request


async def _listening(ears: Ears, task: dict[str, Any], account: Account) -> None:
    """Connect, log in and subscribe."""
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(lambda: Ear(ears, account), task["host"], task["port"])
    await line.say(
        b"GET /v5/private HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b" 101 ",
    )
    expires = int(time.time() * 1000) + 60_000
    sign = hmac.digest(account["api_secret"].encode(), f"GET/realtime{expires}".encode(), "sha256").hex()
    for frame in (
        {"op": "auth", "args": [account["api_key"], expires, sign]},
        {"op": "subscribe", "args": ["order", "execution", "position", "wallet"]},
    ):
        await line.say(text_frame(frame), b'"success":true')


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in ms."""
    ranked = sorted(seconds)
    return (
        {
            name: round(ranked[min(len(ranked) - 1, int(len(ranked) * share))] * 1e3, 2)
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        }
        if ranked
        else {}
    )


def main() -> int:
    """Do what the first argument names, on the core the second one names."""
    os.sched_setaffinity(0, {int(sys.argv[2])})
    task = json.loads(sys.stdin.readline())
    print(json.dumps(uvloop.run({"orders": orders, "sockets": sockets}[sys.argv[1]](task))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
