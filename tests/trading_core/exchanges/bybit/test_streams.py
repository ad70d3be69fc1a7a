from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.trading_core.exchanges.bybit.payloads import (
    INSTRUMENTS,
    execution_row,
    order_row,
    position_row,
)  # fmt: skip
from trading_core.errors import Rejected
from trading_core.exchanges.bybit.line import Pace
from trading_core.exchanges.bybit.streams import BybitPrivateStream, BybitPublicStream
from trading_core.exchanges.port import (
    Credentials,
    ExecutionNews,
    LastPrice,
    OrderNews,
    PositionNews,
    StreamGap,
    StreamMark,
    TickerNews,
    WalletNews,
)  # fmt: skip

QUICK = Pace(ping=0.05, stall=0.3, greeting=2.0, backoff_min=0.01, backoff_max=0.05)
Script = Callable[[ServerConnection], Awaitable[None]]


@dataclass
class StreamServer:
    """A loopback stream that greets as Bybit does, then plays one script per connection."""

    scripts: list[Script] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    accepts: bool = True
    connections: int = 0

    async def handle(self, socket: ServerConnection) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        listener = asyncio.create_task(self._listen(socket, greeted := asyncio.Event()))
        try:
            if self.accepts:
                await greeted.wait()
                await script(socket)
            await socket.wait_closed()
        finally:
            listener.cancel()

    async def _listen(self, socket: ServerConnection, greeted: asyncio.Event) -> None:
        async for message in socket:
            body = json.loads(message)
            self.heard.append(body)
            if body["op"] == "auth":
                await socket.send(json.dumps({"op": "auth", "success": self.accepts, "ret_msg": "no"}))
            elif body["op"] == "subscribe":
                await socket.send(json.dumps({"op": "subscribe", "success": True, "ret_msg": ""}))
                greeted.set()
            elif body["op"] == "ping":
                await socket.send(json.dumps({"op": "pong", "args": ["1"]}))


@asynccontextmanager
async def streaming(*scripts: Script) -> AsyncIterator[StreamServer]:
    state = StreamServer(list(scripts))
    async with serve(state.handle, "127.0.0.1", 0) as server:
        state.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield state


def saying(*bodies: dict[str, Any] | str, then_close: bool = False) -> Script:
    async def script(socket: ServerConnection) -> None:
        for body in bodies:
            await socket.send(body if isinstance(body, str) else json.dumps(body))
        if then_close:
            await socket.close()

    return script


def message(topic: str, *rows: dict[str, Any], id: str = "m-1") -> dict[str, Any]:  # noqa: A002
    return {"id": id, "topic": topic, "creationTime": 5, "data": list(rows)}


def private(server: StreamServer) -> BybitPrivateStream:
    return BybitPrivateStream(
        base=server.url, credentials=Credentials("KEY", "SECRET"), instruments=INSTRUMENTS,
        wall_ms=lambda: 1_700_000_000_000, pace=QUICK,
    )  # fmt: skip


async def take(source: AsyncGenerator[Any, None], count: int) -> list[Any]:
    found: list[Any] = []
    async with asyncio.timeout(5), aclosing(source) as items:
        async for item in items:
            found.append(item)
            if len(found) == count:
                break
    return found


async def test_news_come_in_order_with_the_mark_behind_them() -> None:
    wallet = {"coin": [{"coin": "USDT", "walletBalance": "1"}]}
    said = saying(
        message("order", order_row(), id="m-1"),
        message("execution", execution_row(), execution_row(execId="e-2"), id="m-2"),
        message("position", position_row(), id="m-3"),
        message("wallet", wallet, id="m-4"),
    )
    async with streaming(said) as server:
        news = await take(private(server).news(), 10)
    kinds = [type(item) for item in news]
    assert kinds == [
        StreamGap, OrderNews, StreamMark, ExecutionNews, ExecutionNews, StreamMark, PositionNews,
        StreamMark, WalletNews, StreamMark,
    ]  # fmt: skip
    assert [item.message_id for item in news if isinstance(item, StreamMark)] == ["m-1", "m-2", "m-3", "m-4"]
    assert server.heard[0]["op"] == "auth"
    assert server.heard[1]["args"] == ["order", "execution", "position", "wallet"]


async def test_reconnect_is_a_gap() -> None:
    first = saying(message("order", order_row()), then_close=True)
    second = saying(message("order", order_row(orderStatus="Filled"), id="m-2"))
    async with streaming(first, second) as server:
        news = await take(private(server).news(), 6)
    assert [type(item) for item in news] == [
        StreamGap, OrderNews, StreamMark, StreamGap, OrderNews, StreamMark,
    ]  # fmt: skip


async def test_duplicate_is_handed_over_twice_for_the_service_to_ignore() -> None:
    same = message("execution", execution_row())
    async with streaming(saying(same, same)) as server:
        news = await take(private(server).news(), 5)
    assert [item.exec_id for item in news if isinstance(item, ExecutionNews)] == ["e-1", "e-1"]


async def test_silence_is_a_dead_line_when_not_even_pongs_come() -> None:
    async def mute(socket: ServerConnection) -> None:
        socket.transport.pause_reading()
        await asyncio.sleep(1)

    async with streaming(mute, saying(message("order", order_row()))) as server:
        news = await take(private(server).news(), 3)
    assert [type(item) for item in news] == [StreamGap, StreamGap, OrderNews]


async def test_quiet_line_is_kept_alive_by_pings() -> None:
    async def late(socket: ServerConnection) -> None:
        await asyncio.sleep(0.6)
        await socket.send(json.dumps(message("order", order_row())))
        await socket.wait_closed()

    async with streaming(late) as server:
        news = await take(private(server).news(), 2)
    assert [type(item) for item in news] == [StreamGap, OrderNews]
    assert server.connections == 1
    assert sum(body["op"] == "ping" for body in server.heard) >= 5


async def test_silent_topic_makes_a_new_line_while_others_talk() -> None:
    async def half(socket: ServerConnection) -> None:
        while True:
            await socket.send(json.dumps({"topic": "tickers.BTCUSDT", "data": {"symbol": "BTCUSDT"}}))
            await asyncio.sleep(0.02)

    async with streaming(half, saying()) as server:
        stream = BybitPublicStream(base=server.url, wall_ms=lambda: 1, pace=replace(QUICK, topic=0.2))
        async with aclosing(stream.news("linear", ["BTCUSDT"])) as source:
            gaps = 0
            async for news in source:
                gaps += news == StreamGap()
                if gaps == 2:
                    break
    assert server.connections == 2


async def test_refused_subscription_is_named() -> None:
    refusal = {"op": "subscribe", "success": False, "ret_msg": "handler not found"}

    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(json.dumps(refusal))
        await socket.wait_closed()

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        stream = BybitPublicStream(base=f"ws://127.0.0.1:{port}", wall_ms=lambda: 1, pace=QUICK)
        with pytest.raises(Rejected, match=r"kline\.1\.XUSDT, tickers\.XUSDT refused: handler not found"):
            await take(stream.news("linear", ["XUSDT"]), 1)


@pytest.mark.parametrize("frame", ["not json", "[1, 2]", "[" * 100_000])
async def test_unreadable_frame_makes_a_new_line(frame: str) -> None:
    async with streaming(saying(frame), saying(message("order", order_row()))) as server:
        news = await take(private(server).news(), 3)
    assert [type(item) for item in news] == [StreamGap, StreamGap, OrderNews]


async def test_unreadable_entry_is_a_gap_in_its_place() -> None:
    said = saying(message("order", order_row(qty="much"), order_row(), id="m-7"))
    async with streaming(said) as server:
        news = await take(private(server).news(), 4)
    assert news[1:2] + news[3:] == [StreamGap(), StreamMark("m-7")]


async def test_foreign_symbols_and_categories_are_left_out() -> None:
    rows = [order_row(symbol="XYZ"), order_row(category="spot"), order_row()]
    async with streaming(saying(message("order", *rows))) as server:
        news = await take(private(server).news(), 3)
    assert [type(item) for item in news] == [StreamGap, OrderNews, StreamMark]


async def test_refused_key_is_told() -> None:
    async with streaming(saying()) as server:
        server.accepts = False
        with pytest.raises(Rejected, match="authentication refused: no"):
            await take(private(server).news(), 1)


async def test_server_that_is_away_is_waited_for() -> None:
    async with streaming(saying()) as server:
        url = server.url
    stream = BybitPublicStream(base=url, wall_ms=lambda: 1, pace=QUICK)
    pending = asyncio.create_task(take(stream.news("linear", ["BTCUSDT"]), 1))
    await asyncio.sleep(0.1)
    state = StreamServer([saying()])
    async with serve(state.handle, "127.0.0.1", int(url.rpartition(":")[2])):
        assert await pending == [StreamGap()]


async def test_public_stream_tells_closed_candles_and_prices() -> None:
    candle = {
        "start": 60_000, "end": 119_999, "interval": "1", "open": "1", "high": "2", "low": "0.5",
        "close": "1.5", "volume": "10", "turnover": "15", "timestamp": 120_000,
    }  # fmt: skip
    said = saying(
        {"topic": "kline.1.BTCUSDT", "ts": 1, "data": [candle | {"confirm": False}]},
        {"topic": "kline.1.BTCUSDT", "ts": 1, "data": [candle | {"confirm": True}]},
        {"topic": "tickers.BTCUSDT", "ts": 9, "data": {"symbol": "BTCUSDT", "lastPrice": "1.5"}},
        {"topic": "kline.1.BTCUSDT", "ts": 1, "data": [candle | {"confirm": True, "open": "?"}]},
    )
    async with streaming(said) as server:
        stream = BybitPublicStream(base=server.url, wall_ms=lambda: 1, pace=QUICK)
        gap, closed, price, ticker, broken = await take(stream.news("linear", ["BTCUSDT"]), 5)
    assert (gap, broken) == (StreamGap(), StreamGap())
    symbol, bar = closed
    assert (symbol, bar.open_time, bar.close) == ("BTCUSDT", 60_000, 1.5)
    assert isinstance(price, LastPrice)
    assert ticker == TickerNews("BTCUSDT", funding_rate=None, mark=None, spread=None)
    assert server.heard[0]["args"] == ["kline.1.BTCUSDT", "tickers.BTCUSDT"]


async def test_many_topics_are_asked_for_in_parts() -> None:
    async with streaming(saying()) as server:
        stream = BybitPublicStream(base=server.url, wall_ms=lambda: 1, pace=QUICK)
        await take(stream.candles("linear", [f"S{i}USDT" for i in range(12)]), 1)
    assert [len(body["args"]) for body in server.heard if body["op"] == "subscribe"] == [10, 10, 4]


def test_backoff_rises_to_its_limit() -> None:
    pace = Pace()
    assert [pace.backoff(n) for n in (1, 2, 3, 10, 10_000)] == [0.2, 0.4, 0.8, 10.0, 10.0]
