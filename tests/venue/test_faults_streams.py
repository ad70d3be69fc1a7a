"""Stream messages lost, doubled, late and swapped; silent and cut sockets; candles that lie."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import count
from typing import Any

import pytest

from tests.venue.raw import (
    ORDER,
    Lost,
    RawClient,
    auth_frame,
    control,
    open_socket,
    private_socket,
    send,
    set_fault,
    struck,
)
from tests.venue.venues import START_MS, VenueProcess

_names = count()
LINEAR = "/v5/public/linear"


@pytest.fixture
def client(faulty_venue: VenueProcess) -> RawClient:
    return RawClient(faulty_venue, faulty_venue.account(f"stream-{next(_names)}"))


def links(frames: list[Any]) -> list[str]:
    return [frame["data"][0]["orderLinkId"] for frame in frames if frame.get("topic") == "order"]


async def told(venue: VenueProcess, client: RawClient, *faults: dict[str, Any]) -> list[str]:
    """The links an order stream hears of while three orders are placed under the faults."""
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, venue, client.account, "order")
        for fault in faults:
            set_fault(venue, where={"uid": client.account["uid"], "topic": "order"}, **fault)
        for link in ("a", "b", "c"):
            assert client.order(orderLinkId=link).code == 0
        return links(await socket.until_pong())


async def test_without_faults_every_message_comes_once(faulty_venue: VenueProcess, client: RawClient) -> None:
    assert await told(faulty_venue, client) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "kind, heard",
    [
        ("message_lost", ["a", "c"]),
        ("message_twice", ["a", "b", "b", "c"]),
        ("message_reordered", ["a", "c", "b"]),
    ],
)
async def test_the_second_message_suffers(
    faulty_venue: VenueProcess, client: RawClient, kind: str, heard: list[str]
) -> None:
    params = {"params": {"ms": 60_000}} if kind == "message_reordered" else {}
    assert await told(faulty_venue, client, {"kind": kind, "nth": 2, **params}) == heard
    assert struck(faulty_venue) == [1]


async def test_a_late_message_comes_behind_the_others(faulty_venue: VenueProcess, client: RawClient) -> None:
    late = {"kind": "message_late", "nth": 1, "params": {"ms": 600_000}}

    assert await told(faulty_venue, client, late) == ["b", "c"]


@pytest.mark.parametrize("where", [{"topic": "execution*"}, {"path": "/v5/public/*"}, {"uid": "another"}])
async def test_messages_that_are_not_meant_come_through(
    faulty_venue: VenueProcess, client: RawClient, where: dict[str, Any]
) -> None:
    if "uid" in where:  # of an account that exists
        where = {"uid": faulty_venue.account(f"stream-{next(_names)}")["uid"]}
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        set_fault(faulty_venue, "message_lost", where=where)
        client.order(orderLinkId="a")

        assert links(await socket.until_pong()) == ["a"]


@pytest.mark.parametrize("kind", ["message_late", "message_reordered"])
async def test_what_is_held_back_comes_in_the_end(
    faulty_venue: VenueProcess, client: RawClient, kind: str
) -> None:
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        set_fault(faulty_venue, kind, where={"topic": "order"}, params={"ms": 50})
        client.order(orderLinkId="a")

        assert links([await socket.next()]) == ["a"]


async def test_stream_faults_follow_the_seed_and_compose(
    faulty_venue: VenueProcess, client: RawClient
) -> None:
    async def story(seed: int) -> list[str]:
        account = RawClient(faulty_venue, faulty_venue.account(f"stream-{next(_names)}"))
        async with AsyncExitStack() as stack:
            socket = await private_socket(stack, faulty_venue, account.account, "order")
            where = {"uid": account.account["uid"]}
            set_fault(faulty_venue, "message_lost", where=where, probability=0.4, seed=seed)
            set_fault(faulty_venue, "message_twice", where=where, probability=0.5, seed=seed)
            for number in range(20):
                account.order(orderLinkId=f"{number}")
            return links(await socket.until_pong())

    heard = await story(5)

    assert await story(5) == heard
    assert await story(6) != heard
    assert len(set(heard)) < 20
    assert len(heard) > len(set(heard))


async def test_lost_messages_are_not_counted_as_told(faulty_venue: VenueProcess, client: RawClient) -> None:
    uid = client.account["uid"]
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        client.order(orderLinkId="a")
        (first,) = await socket.until_pong()
        set_fault(faulty_venue, "message_lost", where={"uid": uid})
        client.order(orderLinkId="b")

        assert await socket.until_pong() == []
        assert faulty_venue.call("/status")["accounts"][uid] == first["id"]


async def test_a_silent_socket_stays_open_and_answers_nothing(
    faulty_venue: VenueProcess, client: RawClient
) -> None:
    async with AsyncExitStack() as stack:
        silent = await private_socket(stack, faulty_venue, client.account, "order")
        fault = set_fault(faulty_venue, "socket_silent", where={"uid": client.account["uid"]})
        other = await private_socket(stack, faulty_venue, client.account, "order")
        client.order(orderLinkId="a")
        await silent.say({"op": "ping", "req_id": "unheard"})
        protocol_pong = asyncio.ensure_future(await silent.line.ping())

        assert links(await other.until_pong()) == ["a"]  # all the while the venue serves others
        assert not protocol_pong.done()
        control(faulty_venue, "DELETE", f"/faults/{fault['id']}")
        await protocol_pong
        assert (await silent.next())["req_id"] == "unheard"

    assert links(silent.heard) == []


async def test_sockets_are_cut_without_a_goodbye(faulty_venue: VenueProcess, client: RawClient) -> None:
    async with AsyncExitStack() as stack:
        private = await private_socket(stack, faulty_venue, client.account, "order")
        public = await open_socket(stack, faulty_venue, LINEAR)
        await public.ask({"op": "subscribe", "args": ["tickers.ETHUSDT"]})

        set_fault(faulty_venue, "socket_cut", where={"path": "/v5/private", "uid": client.account["uid"]})

        assert await private.next() is None
        assert private.line.close_code == 1006
        assert await public.until_pong()
        set_fault(faulty_venue, "socket_cut", where={"topic": "tickers.*"})
        assert await public.next() is None


async def test_a_restart_drops_sockets_and_lets_nobody_in(
    faulty_venue: VenueProcess, client: RawClient
) -> None:
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        fault = set_fault(faulty_venue, "restart", params={"ms": 600_000})

        assert await socket.next() is None
        with pytest.raises(Exception, match="HTTP 403"):
            await open_socket(stack, faulty_venue, LINEAR)
        control(faulty_venue, "DELETE", f"/faults/{fault['id']}")
        assert (await (await open_socket(stack, faulty_venue, LINEAR)).ask({"op": "ping"}))["success"]


async def closes(venue: VenueProcess, *faults: dict[str, Any], steps: int = 5) -> list[tuple[int, str]]:
    """What the stream says of the five closed candles of the replay: minute and close."""
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, venue, LINEAR)
        await socket.ask({"op": "subscribe", "args": ["kline.1.ETHUSDT"]})
        for fault in faults:
            set_fault(venue, **fault)
        venue.step(steps)
        frames = await socket.until_pong()
    rows = [frame["data"][0] for frame in frames]
    return [((row["start"] - START_MS) // 60_000, row["close"]) for row in rows if row["confirm"]]


def by_rest(venue: VenueProcess) -> list[tuple[int, float]]:
    query = "category=linear&symbol=ETHUSDT&interval=1"
    rows = send(venue, "GET", f"/v5/market/kline?{query}", None, {}).json["result"]["list"]
    return [((int(row[0]) - START_MS) // 60_000, float(row[4])) for row in reversed(rows)]


ALL = [(0, 1000.0), (1, 1008.0), (2, 1001.0), (3, 960.0), (4, 965.0)]


async def test_a_candle_is_missing_on_the_stream_and_by_rest(replay_venue: VenueProcess) -> None:
    heard = await closes(replay_venue, {"kind": "candle_gap", "nth": 3})

    without = [candle for candle in ALL if candle[0] != 2]
    assert [(minute, float(close)) for minute, close in heard] == without
    assert by_rest(replay_venue) == without
    control(replay_venue, "DELETE", "/faults")
    assert by_rest(replay_venue) == ALL


async def test_a_closed_candle_is_revised(replay_venue: VenueProcess) -> None:
    fault = {"kind": "candle_revised", "nth": 2, "params": {"ppm": -10_000}, "where": {"symbol": "ETHUSDT"}}

    heard = await closes(replay_venue, fault)

    revised = (1, 1008 * 0.99)
    told = [(minute, float(close)) for minute, close in heard]
    assert [(m, round(c)) for m, c in told] == [
        (0, 1000), (1, 1008), (1, round(revised[1])), (2, 1001), (3, 960), (4, 965),
    ]  # fmt: skip
    assert by_rest(replay_venue)[1] == pytest.approx(revised, rel=1e-3)


async def test_candles_stop_while_the_market_goes_on(replay_venue: VenueProcess) -> None:
    assert len(await closes(replay_venue, steps=2)) == 2

    heard = await closes(replay_venue, {"kind": "candle_stale", "where": {"topic": "kline.1.*"}}, steps=2)

    assert heard == []
    assert by_rest(replay_venue) == ALL[:2]
    ticker = send(replay_venue, "GET", "/v5/market/tickers?category=linear&symbol=ETHUSDT", None, {}).json
    assert float(ticker["result"]["list"][0]["lastPrice"]) == 960
    control(replay_venue, "DELETE", "/faults")
    assert by_rest(replay_venue) == ALL[:4]


@pytest.mark.parametrize(
    "kind,params,code",
    [
        ("request_lost", {}, None),
        ("answer_lost", {}, None),
        ("code", {"code": 10016}, 10016),
        ("code", {"code": 10019, "accepted": True}, 10019),
        ("delay", {"ms": 80}, 0),
    ],
)
async def test_orders_by_socket_suffer_as_requests_do(
    faulty_venue: VenueProcess, client: RawClient, kind: str, params: dict[str, Any], code: int | None
) -> None:
    set_fault(faulty_venue, kind, where={"path": "/v5/trade", "topic": "order.create"}, params=params)
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, faulty_venue, "/v5/trade")
        await socket.ask(auth_frame(client.account))
        header = {"X-BAPI-TIMESTAMP": client.headers("")["X-BAPI-TIMESTAMP"]}
        order = {**ORDER, "orderLinkId": "a"}
        answer = await socket.ask({"reqId": "1", "op": "order.create", "header": header, "args": [order]})

    assert answer is None if code is None else answer["retCode"] == code
    stands = kind in ("answer_lost", "delay") or params.get("accepted", False)
    rows = client.get("/v5/order/realtime", "category=linear&symbol=ETHUSDT").json["result"]["list"]
    assert [row["orderLinkId"] for row in rows] == (["a"] if stands else [])


async def test_sockets_of_a_revoked_key_are_cut(faulty_venue: VenueProcess, client: RawClient) -> None:
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        set_fault(faulty_venue, "key", where={"uid": client.account["uid"]})

        assert await socket.next() is None
        again = await open_socket(stack, faulty_venue, "/v5/private")
        assert (await again.ask(auth_frame(client.account)))["ret_msg"] == "API key is invalid."


@pytest.mark.parametrize("kind", ["candle_gap", "candle_revised"])
async def test_candles_that_had_closed_before_stay_as_they_are(replay_venue: VenueProcess, kind: str) -> None:
    await closes(replay_venue, steps=2)
    assert by_rest(replay_venue) == ALL[:2]

    await closes(replay_venue, {"kind": kind}, steps=2)

    told = by_rest(replay_venue)
    assert told[:2] == ALL[:2]
    assert told[2:] != ALL[2:4]
    assert struck(replay_venue) == [2]


@pytest.mark.parametrize("kind,params", [("answer_lost", {}), ("http", {"accepted": True})])
async def test_streams_tell_what_the_answer_does_not(
    faulty_venue: VenueProcess, client: RawClient, kind: str, params: dict[str, Any]
) -> None:
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, faulty_venue, client.account, "order")
        set_fault(faulty_venue, kind, where={"uid": client.account["uid"]}, params=params)
        with suppress(Lost):
            client.order(orderLinkId="a")

        assert links(await socket.until_pong()) == ["a"]
