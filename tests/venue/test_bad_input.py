"""Malformed requests, bodies and frames: the right error, nothing changed, nobody dead."""

from __future__ import annotations

import asyncio
import hmac
import json
import random
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.venue.venues import VenueProcess

ORDER = {
    "category": "linear",
    "symbol": "ETHUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.1",
    "price": "900",
}


def signed(account: dict[str, str], payload: str) -> dict[str, str]:
    stamp = str(int(time.time() * 1000))
    origin = f"{stamp}{account['api_key']}5000{payload}".encode()
    return {
        "X-BAPI-API-KEY": account["api_key"],
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": hmac.digest(account["api_secret"].encode(), origin, "sha256").hex(),
    }


def post(venue: VenueProcess, account: dict[str, str], path: str, body: str) -> tuple[int, Any]:
    status, raw = venue.raw("POST", path, body.encode(), signed(account, body))
    return status, json.loads(raw)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "\x00", '{"category":"linear"}', "{}" * 9])
def test_malformed_bodies_are_parameter_errors(still_venue: VenueProcess, body: str) -> None:
    account = still_venue.account("fuzz")

    status, answer = post(still_venue, account, "/v5/order/create", body)

    assert (status, answer["retCode"]) == (200, 10001)


def test_random_orders_never_crash_nor_change_state_when_refused(still_venue: VenueProcess) -> None:
    account = still_venue.account("fuzz2")
    rng = random.Random(5)
    junk: list[Any] = [
        "",
        "0",
        "-1",
        "1e9",
        "NaN",
        "9" * 40,
        "0.001",
        None,
        True,
        1.5,
        10**30,
        [],
        {},
        "x" * 200,
        "é",
        " ",
        1e308,
    ]
    state = still_venue.call(f"/accounts/{account['uid']}")
    paths = ("order/create", "order/amend", "order/cancel", "order/cancel-all", "position/set-leverage",
             "position/trading-stop", "position/switch-mode", "account/set-margin-mode")  # fmt: skip
    names = [
        *ORDER,
        "orderLinkId",
        "stopLoss",
        "buyLeverage",
        "sellLeverage",
        "timeInForce",
        "positionIdx",
        "mode",
    ]
    for _ in range(120):
        body: dict[str, Any] = {**ORDER, "stopLoss": "800"}
        for _ in range(rng.randint(1, 4)):
            body[rng.choice(names)] = rng.choice(junk)
        status, answer = post(still_venue, account, f"/v5/{rng.choice(paths)}", json.dumps(body))
        assert status == 200
        now = still_venue.call(f"/accounts/{account['uid']}")
        if answer["retCode"]:
            assert now == state, (body, answer)
        state = now
    assert still_venue.process.poll() is None


def test_random_queries_never_crash(still_venue: VenueProcess) -> None:
    account = still_venue.account("fuzz3")
    rng = random.Random(6)
    junk: list[Any] = [
        "",
        "0",
        "-1",
        "%00",
        "%ff",
        "9" * 30,
        "linear",
        "ETHUSDT",
        "1",
        "%zz",
        "a=b",
        "true",
        "1e5",
        "USDT",
    ]
    paths = ("market/kline", "market/tickers", "market/orderbook", "market/instruments-info", "market/recent-trade",
             "market/funding/history", "market/risk-limit", "order/realtime", "order/history", "execution/list",
             "position/list", "account/wallet-balance", "account/transaction-log", "account/fee-rate")  # fmt: skip
    names = [
        "category",
        "symbol",
        "interval",
        "start",
        "end",
        "limit",
        "cursor",
        "startTime",
        "endTime",
        "settleCoin",
    ]
    for _ in range(120):
        query = "&".join(f"{rng.choice(names)}={rng.choice(junk)}" for _ in range(rng.randint(0, 5)))
        status, raw = still_venue.raw("GET", f"/v5/{rng.choice(paths)}?{query}", None, signed(account, query))
        assert status == 200, (query, raw)
        assert isinstance(json.loads(raw)["retCode"], int)


def test_control_names_the_field_that_is_wrong(still_venue: VenueProcess) -> None:
    token = {"Authorization": "Bearer control"}

    for body, path in (
        (b"{", "body"),
        (b'{"balance":"1"}', "reference"),
        (b'{"reference":"a","balance":1.5}', "balance"),
    ):
        status, raw = still_venue.raw("POST", "/control/accounts", body, token)
        assert status == 400
        assert json.loads(raw)["fields"][0]["path"] == path
    assert still_venue.raw("GET", "/control/status", None, {})[0] == 401
    assert still_venue.raw("GET", "/control/accounts/7", None, token)[0] == 404


async def talk(url: str, frames: list[str | bytes]) -> list[Any]:
    answers = []
    async with connect(url) as socket:
        for frame in frames:
            await socket.send(frame)
            try:
                answers.append(json.loads(await asyncio.wait_for(socket.recv(), 5)))
            except ConnectionClosed:
                break
    return answers


async def test_bad_frames_are_answered_and_survived(still_venue: VenueProcess) -> None:
    base = still_venue.url.replace("http", "ws")
    frames: list[str | bytes] = ["{", "[]", "7", b"\xff\x00", '{"op":"dance"}', '{"op":["x"]}', '{"op":"subscribe"}',
                                 '{"op":"subscribe","args":["nope.ETHUSDT"]}', '{"op":"subscribe","args":[1]}',
                                 '{"op":"subscribe","args":["tickers.NOPE"],"req_id":7}']  # fmt: skip

    for path in ("/v5/public/linear", "/v5/private"):
        answers = await talk(base + path, frames)
        assert len(answers) == len(frames)
        assert not any(answer["success"] for answer in answers)
    assert answers[-1]["req_id"] == 7


async def test_pings_and_bad_keys_on_streams(still_venue: VenueProcess) -> None:
    base = still_venue.url.replace("http", "ws")

    (pong,) = await talk(f"{base}/v5/public/linear", ['{"op":"ping","req_id":"a"}'])
    assert (pong["ret_msg"], pong["op"], pong["req_id"]) == ("pong", "ping", "a")
    (private,) = await talk(f"{base}/v5/private", ['{"op":"ping","args":[1]}'])
    assert (private["op"], private["args"][0].isdigit()) == ("pong", True)
    late = '{"op":"auth","args":["key",1,"sign"]}'
    unknown = '{"op":"auth","args":["key","99999999999999","sign"]}'
    for frame in (late, unknown):
        (refused,) = await talk(f"{base}/v5/private", [frame])
        assert refused["success"] is False
    (denied,) = await talk(f"{base}/v5/private", ['{"op":"subscribe","args":["order"]}'])
    assert denied["ret_msg"] == "Request not authorized"
