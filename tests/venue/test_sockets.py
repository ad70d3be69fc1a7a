"""The life of a socket: frames in order, acks, pings, idleness, listeners that don't read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.venue.raw import RawClient, Socket, auth_frame, open_socket
from tests.venue.venues import TOKEN, VenueProcess
from trading_core.venue.config import VenueConfig
from trading_core.venue.hub import Venue
from trading_core.venue.streams.connection import QUEUE_BYTES_MAX, QUEUE_MAX, Connection
from trading_core.venue.streams.session import Session, idle_limit_s
from trading_core.venue.streams.subscriber import PRIVATE_PATH, PUBLIC_PATHS, Subscriber
from trading_core.venue.streams.trade import TRADE_PATH, TradeSession

LINEAR, SPOT = "/v5/public/linear", "/v5/public/spot"
_names = count()


@pytest.fixture
def client(still_venue: VenueProcess) -> RawClient:
    return RawClient(still_venue, still_venue.account(f"socket-{next(_names)}"))


async def test_frames_are_answered_strictly_in_order(still_venue: VenueProcess, client: RawClient) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, PRIVATE_PATH)
        await socket.say(auth_frame(client.account))
        await socket.say({"op": "subscribe", "args": ["order"], "req_id": "s"})
        await socket.say({"op": "ping", "req_id": "p"})
        await socket.say({"op": "unsubscribe", "args": ["order"], "req_id": "u"})

        answers = [await socket.next() for _ in range(4)]

    assert [(a["op"], a.get("req_id")) for a in answers] == [
        ("auth", None), ("subscribe", "s"), ("pong", "p"), ("unsubscribe", "u"),
    ]  # fmt: skip
    assert all(a["success"] for a in answers if "success" in a)


async def test_a_subscription_holds_before_it_is_acknowledged(
    still_venue: VenueProcess, client: RawClient
) -> None:
    """A client that trades right after asking (nautilus_trader does) hears of it, after the acknowledgement."""
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, PRIVATE_PATH)
        assert (await socket.ask(auth_frame(client.account)))["success"]
        for topic in ("wallet", "order"):
            await socket.say({"op": "subscribe", "args": [topic], "req_id": topic})
        await asyncio.sleep(0.01)  # a frame on its way; much less than the acknowledgement takes
        answer = await asyncio.to_thread(client.order, side="Buy", orderType="Limit", qty="0.10", price="990")
        assert answer.code == 0

        heard = [await socket.next() for _ in range(3)]

    assert [m.get("req_id", m.get("topic")) for m in heard] == ["wallet", "order", "order"]


@pytest.mark.parametrize("req_id", [7, "text", "kline.1.ETHUSDT", 1.5])
async def test_ids_of_requests_come_back_as_they_were(still_venue: VenueProcess, req_id: Any) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, LINEAR)
        for op, args in (
            ("ping", []),
            ("subscribe", ["kline.1.ETHUSDT"]),
            ("unsubscribe", ["kline.1.ETHUSDT"]),
        ):
            answer = await socket.ask({"op": op, "args": args, "req_id": req_id})
            assert (answer["success"], answer["req_id"], type(answer["req_id"])) == (
                True,
                req_id,
                type(req_id),
            )
            assert "req_id" not in await socket.ask({"op": "ping"})


@pytest.mark.parametrize("args", [[], 20, None, ["1"]])
async def test_pings_of_every_form_are_answered(
    still_venue: VenueProcess, client: RawClient, args: Any
) -> None:
    ping = {"op": "ping"} if args is None else {"op": "ping", "args": args}
    async with AsyncExitStack() as stack:
        public = await (await open_socket(stack, still_venue, LINEAR)).ask({**ping, "req_id": "a"})
        private = await (await open_socket(stack, still_venue, PRIVATE_PATH)).ask({**ping, "req_id": "a"})
        trade = await (await open_socket(stack, still_venue, TRADE_PATH)).ask(ping)

    assert {**public, "conn_id": ""} == {
        "success": True, "ret_msg": "pong", "conn_id": "", "req_id": "a", "op": "ping",
    }  # fmt: skip
    assert set(private) == {"req_id", "op", "args", "conn_id"}
    assert (private["op"], private["args"][0].isdigit()) == ("pong", True)
    assert (trade["retCode"], trade["op"], trade["data"][0].isdigit()) == (0, "pong", True)


async def test_protocol_pings_are_answered(still_venue: VenueProcess) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, LINEAR)
        await asyncio.wait_for(await socket.line.ping(), 20)


@pytest.mark.parametrize("path", [PRIVATE_PATH, TRADE_PATH])
async def test_a_second_auth_changes_nothing(still_venue: VenueProcess, client: RawClient, path: str) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, path)
        first = await socket.ask(auth_frame(client.account))
        again = await socket.ask(auth_frame(client.account))
        alive = await socket.ask({"op": "ping"})

    if path == TRADE_PATH:
        assert (first["retCode"], again["retCode"]) == (0, 20001)
    else:
        assert (first["success"], again["success"], again["ret_msg"]) == (True, False, "Repeat auth")
    assert alive["op"] == "pong"


@pytest.mark.parametrize("path", [PRIVATE_PATH, TRADE_PATH])
@pytest.mark.parametrize("wrong", ["late", "key", "sign", "args"])
async def test_an_auth_that_fails_says_why(
    still_venue: VenueProcess, client: RawClient, path: str, wrong: str
) -> None:
    frame = auth_frame(client.account, 1 if wrong == "late" else 99_999_999_999_999)
    if wrong == "key":
        frame["args"][0] = "nobody"
    if wrong == "sign":
        frame["args"][2] = "0" * 64
    if wrong == "args":
        frame["args"] = frame["args"][:2]
    async with AsyncExitStack() as stack:
        answer = await (await open_socket(stack, still_venue, path)).ask(frame)

    code = {"late": 10001, "key": 10003, "sign": 10004, "args": 10001}[wrong]
    assert answer.get("retCode", code) == code
    assert answer.get("success", False) is False
    assert answer.get("ret_msg") or answer.get("retMsg")


async def test_subscriptions_are_limited_and_all_or_nothing(still_venue: VenueProcess) -> None:
    async with AsyncExitStack() as stack:
        spot = await open_socket(stack, still_venue, SPOT)
        crowd = await spot.ask({"op": "subscribe", "args": [f"tickers.A{n}" for n in range(11)]})
        assert (crowd["success"], crowd["ret_msg"]) == (False, "args size >10")
        linear = await open_socket(stack, still_venue, LINEAR)
        half = await linear.ask({"op": "subscribe", "args": ["tickers.ETHUSDT", "tickers.NOPE"]})
        assert half["success"] is False
        assert await linear.until_pong() == []  # no snapshot: neither was subscribed to
        endless = await linear.ask({"op": "subscribe", "args": ["tickers." + "X" * 22_000]})
        assert (endless["success"], endless["ret_msg"]) == (False, "args length >21000")


async def test_a_snapshot_comes_behind_its_ack_and_nothing_after_unsubscribing(
    replay_venue: VenueProcess,
) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, replay_venue, LINEAR)
        ack = await socket.ask({"op": "subscribe", "args": ["tickers.ETHUSDT"]})
        snapshot = await socket.next()
        await socket.ask({"op": "unsubscribe", "args": ["tickers.ETHUSDT"]})
        replay_venue.step(3)

        assert (ack["op"], snapshot["type"]) == ("subscribe", "snapshot")
        assert await socket.until_pong() == []


async def repeat(socket: Socket, frame: str) -> None:
    for _ in range(2_000):
        await socket.say(frame)


async def test_a_listener_that_doesn_t_read_is_cut_off(still_venue: VenueProcess) -> None:
    def memory_mb() -> float:
        pages = int(Path(f"/proc/{still_venue.process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6

    before = memory_mb()
    async with AsyncExitStack() as stack:
        deaf = await open_socket(stack, still_venue, LINEAR)
        ping = json.dumps({"op": "ping", "req_id": "x" * 200_000})
        with pytest.raises(ConnectionClosed):
            await repeat(deaf, ping)
        other = await open_socket(stack, still_venue, LINEAR)
        assert (await other.ask({"op": "ping"}))["success"]

    assert memory_mb() - before < QUEUE_BYTES_MAX / 1e6 + 100


class Line(asyncio.Transport):
    """A transport that notes whether it was broken."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("size, fitting", [(10, QUEUE_MAX), (1 << 20, QUEUE_BYTES_MAX >> 20)])
def test_a_queue_is_bounded_in_messages_and_in_bytes(size: int, fitting: int) -> None:
    line = Line()
    connection = Connection("c", line)
    for _ in range(fitting):
        connection.put_raw(b"x" * size)
    assert not line.aborted

    connection.put_raw(b"x" * size)

    assert line.aborted
    assert connection._queue.qsize() == 1  # the end alone


@pytest.mark.parametrize(
    "query, seconds",
    [(b"", 600), (b"max_active_time=1m", 60), (b"a=b&max_active_time=90s", 90), (b"max_active_time=5s", 30),
     (b"max_active_time=9999m", 600), (b"max_active_time=soon", 600)],
)  # fmt: skip
def test_idleness_is_allowed_as_the_client_asks(query: bytes, seconds: int) -> None:
    assert idle_limit_s(query) == seconds


@pytest.mark.parametrize("path", [*PUBLIC_PATHS, PRIVATE_PATH, TRADE_PATH])
async def test_an_idle_client_is_cut_off(tmp_path: Path, path: str) -> None:
    venue = Venue(VenueConfig(tmp_path, TOKEN, symbols=("ETHUSDT",), mode="candles", history_days=1))
    connection = Connection("c")
    connection.path = path
    session: Session = (TradeSession if path == TRADE_PATH else Subscriber)(venue, connection, idle_s=0.05)
    sent: list[Any] = []
    receive: Callable[[], Awaitable[Any]] = asyncio.Queue[Any]().get

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(session.run(receive, send), 20)

    assert [message["type"] for message in sent] == ["websocket.close"]
    venue.journal.close()
