"""Nonsense by the thousand: no 500, no dead session, nothing changed by what was refused."""

from __future__ import annotations

import http.client
import json
import random
import string
import time
from contextlib import AsyncExitStack, suppress
from typing import Any, Self
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed

from tests.venue.raw import ORDER, RawClient, Socket, auth_frame, control, open_socket
from tests.venue.venues import VenueProcess
from trading_core.venue.faults.control import KINDS
from trading_core.venue.rest.routes import PRIVATE, PUBLIC
from trading_core.venue.server import SESSIONS
from trading_core.venue.streams.subscriber import PRIVATE_PATH
from trading_core.venue.streams.trade import OPERATIONS, TRADE_PATH

REQUESTS = 2_000
"""For each of the seeds."""
SLOWEST_S = 10.0
NAMES = [
    *ORDER, "orderLinkId", "orderId", "stopLoss", "takeProfit", "trailingStop", "activePrice", "triggerPrice",
    "triggerDirection", "triggerBy", "tpslMode", "slTriggerBy", "tpSize", "slSize", "slOrderType", "slLimitPrice",
    "buyLeverage", "sellLeverage", "timeInForce", "positionIdx", "mode", "coin", "reduceOnly", "closeOnTrigger",
    "slippageTolerance", "slippageToleranceType", "orderFilter", "settleCoin", "baseCoin", "startTime", "endTime",
    "start", "end", "limit", "cursor", "interval", "intervalTime", "accountType", "setMarginMode", "coinName",
    "request", "period", "openOnly", "type", "currency", "status", "margin", "product", "timeWindow",
    "marketUnit", "isLeverage", "baseCoin",
]  # fmt: skip
VALUES: list[Any] = [
    "", "0", "-1", "1", "1e9", "NaN", "Infinity", "9" * 40, "0.001", "0.1", "1000", "900.05", "linear", "spot",
    "inverse", "option", "ETHUSDT", "BTCUSDT", "USDT", "USDC", "Buy", "Sell", "Limit", "Market", "PostOnly", "FOK",
    "IOC", "GTC", "Full", "Partial", "LastPrice", "MarkPrice", "UNIFIED", "ISOLATED_MARGIN", "REGULAR_MARGIN",
    "PORTFOLIO_MARGIN", "StopOrder", "Order", "quoteCoin", "baseCoin", "D", "60", "5min", "Percent",
    "TickSize", "true", "a\x00b", "é", " ",
    "x" * 5_000, "%", "page_token%3D1%26", "%00", "[]",
    None, True, False, 0, -1, 1, 3, 1.5, 1e308, -0.0, 10**18, 10**30, [], {}, [[]], [{}], {"a": {"b": []}},
]  # fmt: skip
HEADERS = [
    "X-BAPI-API-KEY",
    "X-BAPI-SIGN",
    "X-BAPI-TIMESTAMP",
    "X-BAPI-RECV-WINDOW",
    "Content-Type",
    "X-Referer",
]


class Fuzz:
    """A stream of requests from a seed, over one kept connection."""

    def __init__(self, venue: VenueProcess, seed: int) -> None:
        self.venue = venue
        self.rng = random.Random(seed)
        self.client = RawClient(venue, venue.account(f"fuzz-{seed}", "100000"))
        self.line = http.client.HTTPConnection(venue.url.removeprefix("http://"), timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def params(self) -> dict[str, Any]:
        rng = self.rng
        params: dict[str, Any] = dict(ORDER) if rng.random() < 0.7 else {}
        if rng.random() < 0.2:
            params["request"] = [self.few(dict(ORDER)) for _ in range(rng.choice([0, 1, 2, 25]))]
        return self.few(params)

    def few(self, params: dict[str, Any]) -> dict[str, Any]:
        for _ in range(self.rng.randint(0, 4)):
            params[self.rng.choice(NAMES)] = self.rng.choice(VALUES)
        return params

    def nonsense(self) -> str:
        return "".join(self.rng.choices(string.printable, k=self.rng.randint(0, 60)))

    def request(self) -> tuple[str, str, bytes | None, dict[str, str]]:
        rng = self.rng
        method, path = rng.choice([*PRIVATE, *PUBLIC])
        if rng.random() < 0.05:
            method = rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
        if rng.random() < 0.05:
            path = rng.choice(
                [path + "/", path.upper(), "/", "/v5", "/v5//order/create", path + "%00", "/%ff"]
            )
        if method == "POST":
            payload = json.dumps(self.params()) if rng.random() < 0.9 else self.nonsense()
            target, body = path, payload.encode()
        else:
            params = {k: v if isinstance(v, str) else json.dumps(v) for k, v in self.params().items()}
            payload = urlencode(params) if rng.random() < 0.9 else urlencode({"a": self.nonsense()})[:200]
            target, body = f"{path}?{payload}" if payload else path, None
        return method, target, body, self.headers(payload)

    def headers(self, payload: str) -> dict[str, str]:
        rng = self.rng
        headers = self.client.headers(payload) if rng.random() < 0.9 else {}
        if rng.random() < 0.1:
            headers[rng.choice(HEADERS)] = rng.choice(
                ["", "0", "x", "9" * 50, "-5", "application/xml", "\xe9"]
            )
        return headers

    def ask(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        begun = time.monotonic()
        self.line.request(method, target, body, headers)
        answer = self.line.getresponse()
        told = answer.status, answer.read()
        assert time.monotonic() - begun < SLOWEST_S, (method, target)
        return told

    def state(self) -> bytes:
        path = f"/control/accounts/{self.client.account['uid']}"
        status, state = self.ask("GET", path, None, {"Authorization": "Bearer control"})
        assert status == 200
        return state


@pytest.mark.parametrize("seed", range(5))
def test_requests(still_venue: VenueProcess, seed: int) -> None:
    with Fuzz(still_venue, seed) as fuzz:
        state, codes = fuzz.state(), set()
        for _ in range(REQUESTS):
            request = fuzz.request()
            status, body = fuzz.ask(*request)
            now = fuzz.state()
            assert status < 500, request
            code = 0
            if request[0] != "HEAD" and (status, body[:1]) != (403, b"<"):
                code = json.loads(body)["retCode"]
                assert type(code) is int
            codes.add(code)
            if code or request[0] != "POST":
                assert now == state, (request, code)
            state = now
    assert {0, 10001, 10004} <= codes
    assert still_venue.process.poll() is None


def frame(fuzz: Fuzz) -> str | bytes:
    """A frame of a client that has lost its mind; now and then a sane one."""
    rng = fuzz.rng
    if rng.random() < 0.1:
        senseless: list[str | bytes] = [
            fuzz.nonsense(), rng.randbytes(30), "", "[" * 5_000, "null", '"ping"', "1e999",
        ]  # fmt: skip
        return rng.choice(senseless)
    ops: list[Any] = [
        "ping",
        "auth",
        "subscribe",
        "unsubscribe",
        *OPERATIONS,
        "",
        "order.fly",
        7,
        None,
        [],
        {},
    ]
    args: Any = [rng.choice(VALUES), fuzz.params(), [fuzz.params()], [fuzz.params(), {}], ["order", 1], ["order"],
                 ["tickers.ETHUSDT"], ["kline.1.ETHUSDT", "kline.0.ETHUSDT"], ["orderbook.50.ETHUSDT"], ["a", 1, "b"],
                 ["." * 300], auth_frame(fuzz.client.account)["args"]]  # fmt: skip
    told: dict[str, Any] = {"op": rng.choice(ops), "args": rng.choice(args)}
    if rng.random() < 0.7:
        stamp = fuzz.client.headers("")["X-BAPI-TIMESTAMP"]
        told["header"] = {"X-BAPI-TIMESTAMP": rng.choice([stamp, stamp, int(stamp), "", None, [1]])}
    for name in ("req_id", "reqId"):
        if rng.random() < 0.3:
            told[name] = rng.choice(VALUES)
    return json.dumps(told)


@pytest.mark.parametrize("path", sorted(SESSIONS))
@pytest.mark.parametrize("authorized", [False, True])
async def test_frames(still_venue: VenueProcess, path: str, authorized: bool) -> None:
    with Fuzz(still_venue, sum(path.encode())) as fuzz:
        before, ordered = json.loads(fuzz.state())["sim"], False
        for _ in range(4):
            async with AsyncExitStack() as stack:
                socket = await open_socket(stack, still_venue, path)
                if authorized and path in (PRIVATE_PATH, TRADE_PATH):
                    await socket.ask(auth_frame(fuzz.client.account))
                ordered |= await rant(fuzz, socket)
        if not ordered:
            assert json.loads(fuzz.state())["sim"] == before
    assert still_venue.process.poll() is None


async def rant(fuzz: Fuzz, socket: Socket) -> bool:
    """Say 60 frames. The session answers a last ping, or has closed in good order. Whether it took an order."""
    with suppress(ConnectionClosed):
        for _ in range(60):
            await socket.say(frame(fuzz))
        await socket.say({"op": "ping", "req_id": "last", "reqId": "last"})
    while (told := await socket.next()) is not None and "last" not in (told.get("req_id"), told.get("reqId")):
        pass
    assert socket.line.close_code in (None, 1000)
    return any(
        str(told.get("op", "")).startswith("order.") and told.get("retCode") == 0 for told in socket.heard
    )


def test_control_api(faulty_venue: VenueProcess) -> None:
    rng = random.Random(9)
    kinds = sorted(KINDS.keys() - {"maintenance", "restart"})
    for _ in range(400):
        spec: dict[str, Any] = {"kind": rng.choice([*kinds, *VALUES])}
        for name in ("where", "params", "probability", "nth", "count", "seed"):
            if rng.random() < 0.4:
                junk = {
                    rng.choice(
                        ["uid", "path", "topic", "symbol", "ms", "code", "status", "lots"]
                    ): rng.choice(VALUES)
                }
                spec[name] = rng.choice([junk, rng.choice(VALUES)])
        answer = control(
            faulty_venue, "POST", "/faults", {"faults": rng.choice([[spec], spec, [spec, spec]])}
        )
        assert answer.status in (200, 400, 409), (spec, answer.body)
        assert control(faulty_venue, "DELETE", "/faults").status == 200
        opened = {rng.choice(["reference", "balance", "fees", "permissions", "ips", "rsa_public_key", "read_only"]):
                  rng.choice(VALUES) for _ in range(4)}  # fmt: skip
        assert control(faulty_venue, "POST", "/accounts", opened).status in (200, 400), opened
