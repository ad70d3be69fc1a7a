"""Orders by WebSocket: unmodified pybit, and frames written by hand."""

from __future__ import annotations

import asyncio
import hmac
import json
import queue
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pybit.unified_trading import WebSocketTrading
from websockets.asyncio.client import connect

from tests.venue.venues import PybitStream, VenueProcess

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
LIMIT = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}
Eventually = Callable[..., Any]


class PybitTrading:
    """pybit's own trading socket, unmodified but for its address; calls wait for their answer."""

    def __init__(self, venue: VenueProcess, account: dict[str, str]) -> None:
        base = venue.url.replace("http", "ws")

        class Here(WebSocketTrading):  # type: ignore[misc]  # pybit has no types
            def _connect(self, url: str) -> None:
                super()._connect(re.sub(r"^wss?://[^/]+", base, url))

        self.socket = Here(testnet=False, api_key=account["api_key"], api_secret=account["api_secret"])

    def __call__(self, name: str, **order: Any) -> dict[str, Any]:
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        getattr(self.socket, name)(answers.put, error_callback=answers.put, **order)
        return answers.get(timeout=30)

    def close(self) -> None:
        self.socket.exit()
        self.socket.wst.join(5)


@pytest.fixture
def trading(still_venue: VenueProcess) -> Iterator[Callable[[dict[str, str]], PybitTrading]]:
    opened: list[PybitTrading] = []

    def open_socket(account: dict[str, str]) -> PybitTrading:
        opened.append(PybitTrading(still_venue, account))
        return opened[-1]

    yield open_socket
    for one in opened:
        one.close()


def test_pybit_orders_by_websocket(
    still_venue: VenueProcess, trading: Callable[[dict[str, str]], PybitTrading]
) -> None:
    account = still_venue.account("trade-life")
    ask, rest = trading(account), still_venue.client(account)

    placed = ask("place_order", **LIMIT, orderLinkId="one")

    assert (placed["retCode"], placed["retMsg"], placed["op"]) == (0, "OK", "order.create")
    assert placed["data"]["orderLinkId"] == "one"
    assert set(placed["header"]) == {
        "X-Bapi-Limit", "X-Bapi-Limit-Status", "X-Bapi-Limit-Reset-Timestamp", "Traceid", "Timenow",
    }  # fmt: skip
    amended = ask("amend_order", **ORDER, orderLinkId="one", price="980")
    assert amended["data"] == placed["data"]
    (order,) = rest.get_open_orders(**ORDER)["result"]["list"]
    assert (order["orderId"], order["price"]) == (placed["data"]["orderId"], "980.00")
    assert ask("cancel_order", **ORDER, orderId=order["orderId"])["retCode"] == 0
    gone = ask("cancel_order", **ORDER, orderId=order["orderId"])
    assert (gone["retCode"], gone["data"], gone["op"]) == (110001, {}, "order.cancel")
    assert ask("place_order", **LIMIT, orderLinkId="one")["retCode"] == 110072


def test_pybit_batches_by_websocket(
    still_venue: VenueProcess, trading: Callable[[dict[str, str]], PybitTrading]
) -> None:
    account = still_venue.account("trade-batch")
    ask = trading(account)
    orders = [{**LIMIT, "orderLinkId": name} for name in ("a", "b", "a")]

    placed = ask("place_batch_order", category="linear", request=orders)

    assert placed["retCode"] == 0
    assert [item["code"] for item in placed["retExtInfo"]["list"]] == [0, 0, 110072]
    named = [{"symbol": SYMBOL, "orderLinkId": name} for name in ("a", "b")]
    amended = ask("amend_batch_order", category="linear", request=[{**n, "qty": "0.2"} for n in named])
    assert [item["code"] for item in amended["retExtInfo"]["list"]] == [0, 0]
    cancelled = ask("cancel_batch_order", category="linear", request=named)
    assert [row["orderLinkId"] for row in cancelled["data"]["list"]] == ["a", "b"]
    assert still_venue.client(account).get_open_orders(**ORDER)["result"]["list"] == []


def test_what_is_ordered_here_is_told_on_the_private_stream(
    still_venue: VenueProcess,
    trading: Callable[[dict[str, str]], PybitTrading],
    stream: Callable[..., PybitStream],
    eventually: Eventually,
) -> None:
    account = still_venue.account("trade-told")
    heard = stream(still_venue, "private", account)
    heard.socket.order_stream(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: still_venue.call(state)["topics"] == ["order"], timeout_s=30)
    ask = trading(account)

    ask("place_order", **ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in")

    eventually(lambda: len(heard.topics()) == 2, timeout_s=30)
    assert [o["orderStatus"] for o in heard.data("order")] == ["New", "Filled"]
    ask.close()
    assert still_venue.call(state)["topics"] == ["order"]


def authentic(account: dict[str, str]) -> dict[str, Any]:
    expires = str(int(time.time() * 1000) + 10_000)
    origin = f"GET/realtime{expires}".encode()
    sign = hmac.digest(account["api_secret"].encode(), origin, "sha256").hex()
    return {"op": "auth", "args": [account["api_key"], expires, sign], "reqId": "me"}


def ordering(**changes: Any) -> dict[str, Any]:
    header = {"X-BAPI-TIMESTAMP": str(int(time.time() * 1000))}
    return {"op": "order.create", "header": header, "args": [LIMIT], **changes}


async def talk(venue: VenueProcess, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send frames one after another, each once the one before was answered."""
    answers = []
    async with connect(f"{venue.url.replace('http', 'ws')}/v5/trade") as socket:
        for frame in frames:
            await socket.send(json.dumps(frame))
            answers.append(json.loads(await asyncio.wait_for(socket.recv(), 30)))
    return answers


async def test_auth_and_ping_are_answered_as_this_socket_does(still_venue: VenueProcess) -> None:
    account = still_venue.account("trade-auth")

    welcome, again, pong = await talk(still_venue, [authentic(account), authentic(account), {"op": "ping"}])

    assert (welcome["retCode"], welcome["retMsg"], welcome["op"]) == (0, "OK", "auth")
    assert welcome["reqId"] == "me"
    assert again["retCode"] == 20001
    assert (pong["op"], pong["retCode"], pong["data"][0].isdigit()) == ("pong", 0, True)
    assert "reqId" not in pong
    forged = {**authentic(account), "args": [account["api_key"], "9999999999999", "no"]}
    assert [a["retCode"] for a in await talk(still_venue, [forged])] == [10004]
    assert (await talk(still_venue, [ordering()]))[0]["retCode"] == 10005


async def test_refused_frames_change_nothing(still_venue: VenueProcess) -> None:
    account = still_venue.account("trade-bad")
    old = {"X-BAPI-TIMESTAMP": str(int(time.time() * 1000) - 60_000)}
    inverse = {**LIMIT, "category": "inverse"}
    frames: list[tuple[dict[str, Any], int]] = [
        ({"op": "order.fly"}, 10404),
        ({"op": "subscribe", "args": ["order"]}, 10404),
        (ordering(args=[inverse]), 10404),
        (ordering(header=old), 10002),
        (ordering(header={}), 10001),
        (ordering(header=7), 10001),
        (ordering(args=[]), 10001),
        (ordering(args=[LIMIT, LIMIT]), 10001),
        (ordering(reqId="x" * 37), 10001),
        (ordering(reqId=7), 10001),
    ]

    answers = await talk(still_venue, [authentic(account), *(frame for frame, _ in frames)])

    assert [a["retCode"] for a in answers[1:]] == [code for _, code in frames]
    assert answers[-1]["reqId"] == 7
    assert (answers[-1]["header"]["X-Bapi-Limit"], answers[-1]["data"]) == ("10", {})
    assert still_venue.client(account).get_open_orders(**ORDER)["result"]["list"] == []


async def test_a_request_id_is_good_once(still_venue: VenueProcess) -> None:
    account = still_venue.account("trade-twice")
    wide = {"X-BAPI-TIMESTAMP": int(time.time() * 1000) - 60_000, "X-BAPI-RECV-WINDOW": "120000"}

    _, first, second, other = await talk(
        still_venue,
        [
            authentic(account), ordering(reqId="r" * 36), ordering(reqId="r" * 36),
            ordering(reqId="other", header=wide),
        ],
    )  # fmt: skip

    assert [first["retCode"], second["retCode"], other["retCode"]] == [0, 20006, 0]
    assert len(still_venue.client(account).get_open_orders(**ORDER)["result"]["list"]) == 2


async def test_spot_orders_go_by_this_socket_too(still_venue: VenueProcess) -> None:
    account = still_venue.account("trade-spot")
    order = {**LIMIT, "category": "spot", "orderLinkId": "by-socket"}

    answers = await talk(still_venue, [authentic(account), ordering(args=[order])])

    assert [answer["retCode"] for answer in answers] == [0, 0]
    (row,) = still_venue.client(account).get_open_orders(category="spot")["result"]["list"]
    assert (row["orderLinkId"], row["category"]) == ("by-socket", "spot")
