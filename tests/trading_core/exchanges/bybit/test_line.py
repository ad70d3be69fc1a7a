"""The line under every stream: its greeting, its pings, and what ends it."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.trading_core.exchanges.bybit.payloads import INSTRUMENTS, order_row
from tests.trading_core.exchanges.bybit.stream_server import message
from tests.trading_core.exchanges.bybit.test_streams import QUICK, take
from trading_core.errors import Rejected
from trading_core.exchanges.bybit.line import Pace, is_pong
from trading_core.exchanges.bybit.streams import BybitPrivateStream, BybitPublicStream
from trading_core.exchanges.port import Credentials, LastPrice, StreamGap


async def test_line_that_talks_and_never_answers_a_ping_is_dead(caplog: pytest.LogCaptureFixture) -> None:
    """A server that reads pings and pushes data, but whose other half is gone."""

    async def handle(socket: ServerConnection) -> None:
        connections.append(socket)
        async for text in socket:
            body = json.loads(text)
            if body["op"] != "ping":
                await socket.send(json.dumps({"op": body["op"], "success": True}))
            if body["op"] == "subscribe":
                talk.append(asyncio.create_task(talking(socket)))

    async def talking(socket: ServerConnection) -> None:
        while True:
            await socket.send(json.dumps(message("order", order_row())))
            await asyncio.sleep(0.02)

    connections: list[ServerConnection] = []
    talk: list[asyncio.Task[None]] = []
    async with serve(handle, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        stream = BybitPrivateStream(
            base=url, credentials=Credentials("KEY", "SECRET"), instruments=INSTRUMENTS,
            wall_ms=lambda: 1, pace=QUICK,
        )  # fmt: skip
        async with asyncio.timeout(5), aclosing(stream.news()) as source:
            gaps = 0
            async for news in source:
                gaps += news == StreamGap()
                if gaps == 2:
                    break
        for task in talk:
            task.cancel()
        await asyncio.gather(*talk, return_exceptions=True)
    assert len(connections) == 2
    assert "no pong within 0.3 s" in caplog.text


@pytest.mark.parametrize(
    "pong",
    [
        {"op": "pong", "args": ["1"], "conn_id": "c"},
        {"op": "ping", "ret_msg": "pong", "success": True, "req_id": "1"},
    ],
)
def test_both_shapes_of_a_pong_are_known(pong: dict[str, Any]) -> None:
    assert is_pong(pong)
    assert not is_pong({"op": "ping", "ret_msg": "", "success": False})


async def test_what_comes_between_the_acknowledgements_is_kept() -> None:
    """A snapshot is told once, right after its subscription: it must not get lost among the next ones."""
    kept = {"topic": "tickers.S0USDT", "ts": 1, "data": {"symbol": "S0USDT", "lastPrice": "7"}}

    async def handle(socket: ServerConnection) -> None:
        async for text in socket:
            body = json.loads(text)
            if body["op"] == "subscribe":
                await socket.send(json.dumps({"op": "subscribe", "success": True, "req_id": "of somebody"}))
                await socket.send(json.dumps(kept))
                await socket.send(json.dumps({"op": "subscribe", "success": True, "req_id": body["req_id"]}))

    async with serve(handle, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        stream = BybitPublicStream(base=url, wall_ms=lambda: 1, pace=QUICK)
        gap, price, ticker = await take(stream.news("linear", [f"S{i}USDT" for i in range(6)]), 3)
    assert (gap, price) == (StreamGap(), LastPrice("S0USDT", Decimal(7), 1))
    assert ticker.symbol == "S0USDT"


async def test_topic_that_an_acknowledgement_leaves_out_is_named() -> None:
    answer = {"op": "subscribe", "success": True, "data": {"failTopics": ["tickers.XUSDT"]}, "ret_msg": "?"}

    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(answer))
        await socket.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        stream = BybitPublicStream(base=url, wall_ms=lambda: 1, pace=QUICK)
        with pytest.raises(Rejected, match=r"subscription to tickers\.XUSDT refused"):
            await take(stream.news("linear", ["XUSDT"]), 1)


async def test_subscription_that_is_never_acknowledged_makes_a_new_line() -> None:
    tries: list[int] = []

    async def handle(socket: ServerConnection) -> None:
        tries.append(1)
        request = json.loads(await socket.recv())
        if len(tries) > 1:
            await socket.send(json.dumps({"op": "subscribe", "success": True, "req_id": request["req_id"]}))
        await socket.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        stream = BybitPublicStream(base=url, wall_ms=lambda: 1, pace=replace(QUICK, greeting=0.2))
        assert await take(stream.news("linear", ["XUSDT"]), 1) == [StreamGap()]
    assert len(tries) == 2


def test_backoff_rises_to_its_limit() -> None:
    pace = Pace()
    assert [pace.backoff(n) for n in (1, 2, 3, 10, 10_000)] == [0.2, 0.4, 0.8, 10.0, 10.0]
