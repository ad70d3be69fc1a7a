from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.trading_core.exchanges.bybit.payloads import (
    INSTRUMENTS,
    execution_row,
    order_row,
    position_row,
)  # fmt: skip
from tests.trading_core.exchanges.bybit.stream_server import StreamServer, message, saying, streaming
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

QUICK = Pace(ping=0.05, pong=0.3, stall=0.5, greeting=2.0, backoff_min=0.01, backoff_max=0.05)


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


async def test_execution_told_twice_comes_once() -> None:
    same = message("execution", execution_row(), execution_row())
    last = message("execution", execution_row(execId="e-2"), id="m-2")
    async with streaming(saying(same, same, last)) as server:
        news = await take(private(server).news(), 6)
    assert [item.exec_id for item in news if isinstance(item, ExecutionNews)] == ["e-1", "e-2"]
    assert [item.message_id for item in news if isinstance(item, StreamMark)] == ["m-1", "m-1", "m-2"]


async def test_what_was_told_before_a_gap_is_told_again_after_it() -> None:
    first = saying(message("execution", execution_row()), then_close=True)
    async with streaming(first, saying(message("execution", execution_row()))) as server:
        news = await take(private(server).news(), 5)
    assert [type(item) for item in news] == [
        StreamGap, ExecutionNews, StreamMark, StreamGap, ExecutionNews,
    ]  # fmt: skip


async def test_position_older_than_the_last_is_left_out() -> None:
    told = [("10", 5, "1"), ("20", 4, "2"), ("15", 9, "3"), ("20", 3, "4"), ("20", 4, "5"), ("21", 1, "6")]
    rows = [position_row(updatedTime=at, seq=seq, size=size) for at, seq, size in told]
    async with streaming(saying(*(message("position", row) for row in rows))) as server:
        news = await take(private(server).news(), 11)
    sizes = [item.lots for item in news if isinstance(item, PositionNews)]
    assert sizes == [-1000, -2000, -5000, -6000]


async def test_ticker_out_of_turn_is_left_out() -> None:
    def ticker(ts: int, price: str) -> dict[str, Any]:
        return {"topic": "tickers.BTCUSDT", "ts": ts, "data": {"symbol": "BTCUSDT", "lastPrice": price}}

    async with streaming(saying(ticker(5, "1"), ticker(4, "2"), ticker(6, "3"))) as server:
        stream = BybitPublicStream(base=server.url, wall_ms=lambda: 1, pace=QUICK)
        news = await take(stream.news("linear", ["BTCUSDT"]), 5)
    assert [str(item.price) for item in news if isinstance(item, LastPrice)] == ["1", "3"]


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
