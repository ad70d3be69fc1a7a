"""Who may do what: signatures over the raw bytes, windows, permissions, addresses, the envelope."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.venue.raw import ORDER, Account, RawClient, auth_frame, control, open_socket, send, set_fault
from tests.venue.venues import VenueProcess

POSITIONS = ("/v5/position/list", "category=linear&symbol=ETHUSDT")
_names = count()


def opened(venue: VenueProcess, **rights: Any) -> Account:
    body = {"reference": f"auth-{next(_names)}", "balance": "10000", **rights}
    answer = control(venue, "POST", "/accounts", body)
    assert answer.status == 200, answer.body
    account: Account = answer.json
    return account


@pytest.fixture
def client(still_venue: VenueProcess) -> RawClient:
    return RawClient(still_venue, opened(still_venue))


def test_every_private_answer_has_the_envelope_and_its_headers(client: RawClient) -> None:
    for answer in (
        client.order(),
        client.order(qty="0"),
        client.get(*POSITIONS),
        client.get("/v5/order/realtime"),
    ):
        assert answer.headers["content-type"].startswith("application/json")
        assert list(answer.json) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
        assert type(answer.json["retCode"]) is int
        assert answer.headers["timenow"] == str(answer.json["time"])
        assert answer.headers["traceid"]
        limit, left = (int(answer.headers[f"x-bapi-limit{name}"]) for name in ("", "-status"))
        assert 0 <= left < limit
        assert int(answer.headers["x-bapi-limit-reset-timestamp"]) <= answer.json["time"]
    assert client.get(*POSITIONS).headers["x-bapi-limit"] == "50"


@pytest.mark.parametrize("missing", ["X-BAPI-API-KEY", "X-BAPI-SIGN", "X-BAPI-TIMESTAMP"])
def test_a_header_is_missing(client: RawClient, missing: str) -> None:
    headers = client.headers("")
    del headers[missing]

    answer = send(client.venue, "GET", "/v5/account/info", None, headers)

    assert (answer.status, answer.code) == (200, 10001)
    stamp, key, sign = (headers.get(f"X-BAPI-{name}", "") for name in ("TIMESTAMP", "API-KEY", "SIGN"))
    assert answer.json["retMsg"] == f"empty value: apiTimestamp[{stamp}] apiKey[{key}] apiSignature[{sign}]"


@pytest.mark.parametrize(
    "off_ms, window", [(-6_000, "5000"), (30_000, "5000"), (-200, "100"), (60_000, "50000")]
)
def test_a_time_outside_the_window_is_told_with_both_clocks(
    client: RawClient, off_ms: int, window: str
) -> None:
    client.off_ms, client.window = off_ms, window

    answer = client.get(*POSITIONS)

    assert answer.code == 10002
    told = re.search(
        r"req_timestamp\[(\d+)\],server_timestamp\[(\d+)\],recv_window\[(\d+)\]$", answer.json["retMsg"]
    )
    assert told is not None
    assert int(told[1]) - int(told[2]) <= off_ms
    assert told[3] == window


@pytest.mark.parametrize(
    "off_ms, window", [(0, "20000"), (-9_000, "20000"), (900, "20000"), (-40_000, "60000")]
)
def test_a_time_inside_the_window_is_served(client: RawClient, off_ms: int, window: str) -> None:
    client.off_ms, client.window = off_ms, window

    assert client.get(*POSITIONS).code == 0


@pytest.mark.parametrize("stamp, window", [("x", "5000"), ("1", "-5"), ("1e9", "5000"), ("9" * 30, "5000")])
def test_times_that_are_no_times(client: RawClient, stamp: str, window: str) -> None:
    headers = {**client.headers(""), "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": window}

    assert send(client.venue, "GET", "/v5/account/info", None, headers).code == 10001


def test_unknown_keys_and_wrong_signatures(client: RawClient) -> None:
    headers = client.headers("category=linear&symbol=ETHUSDT")
    path = "/v5/position/list?category=linear&symbol=ETHUSDT"

    unknown = send(client.venue, "GET", path, None, {**headers, "X-BAPI-API-KEY": "nobody"})
    wrong = send(client.venue, "GET", path, None, {**headers, "X-BAPI-SIGN": "0" * 64})
    other = send(client.venue, "GET", f"{path}&limit=1", None, headers)

    assert (unknown.code, unknown.json["retMsg"]) == (10003, "API key is invalid.")
    assert [wrong.code, other.code] == [10004, 10004]
    origin = (
        f"{headers['X-BAPI-TIMESTAMP']}{headers['X-BAPI-API-KEY']}5000category=linear\\u0026symbol=ETHUSDT"
    )
    assert wrong.json["retMsg"] == f"error sign! origin_string[{origin}]"
    assert client.account["api_secret"] not in wrong.body.decode()


@pytest.mark.parametrize(
    "query",
    ["symbol=ETHUSDT&category=linear&cursor=a%3Db", "category=linear&symbol=ETHUSDT&x=%C3%A9+%20&y", ""],
)
def test_queries_are_signed_as_they_are_sent(client: RawClient, query: str) -> None:
    assert client.get("/v5/account/info", query).code == 0


@pytest.mark.parametrize("dressed", ["{}\n", ' {"a" : 1}', '{"b":2,"a":1}', '{"a":"\\u00e9"}', '{"a":"é"}'])
def test_bodies_are_signed_as_they_are_sent(client: RawClient, dressed: str) -> None:
    assert client.post("/v5/order/cancel-all", dressed).code == 10001  # signed well, category missing


def test_upper_case_and_optional_headers(client: RawClient) -> None:
    headers = {k.lower(): v for k, v in client.headers("").items()}
    headers["x-bapi-sign-type"] = "2"
    assert send(client.venue, "GET", "/v5/account/info", None, headers).code == 0
    stamp = str(int(time.time() * 1000))
    origin = f"{stamp}{client.account['api_key']}5000".encode()
    sign = hmac.digest(client.account["api_secret"].encode(), origin, "sha256").hex()
    bare = {"X-BAPI-API-KEY": client.account["api_key"], "X-BAPI-TIMESTAMP": stamp, "X-BAPI-SIGN": sign}
    assert send(client.venue, "GET", "/v5/account/info", None, bare).code == 0


def test_routes_that_are_none(client: RawClient) -> None:
    answers = [
        client.get("/v5/no/such"),
        client.get("/v5/order/create"),
        client.post("/v5/position/list", {}),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(404, 10017), (400, 10017), (400, 10017)]
    blocked = send(client.venue, "GET", "/v5/market/time", b"{}", {})
    assert (blocked.status, blocked.headers["content-type"]) == (403, "text/html")


def test_keys_do_what_they_are_permitted(still_venue: VenueProcess) -> None:
    def codes(**rights: Any) -> list[int]:
        client = RawClient(still_venue, opened(still_venue, **rights))
        leverage = {"category": "linear", "symbol": "ETHUSDT", "buyLeverage": "3", "sellLeverage": "3"}
        answers = [
            client.order(),
            client.post("/v5/position/set-leverage", leverage),
            client.get("/v5/order/realtime", "category=linear&symbol=ETHUSDT"),
            client.get(*POSITIONS),
            client.get("/v5/user/query-api"),
        ]
        assert {a.json["retMsg"] for a in answers if a.code} <= {
            "Permission denied, please check your API key permissions."
        }
        return [answer.code for answer in answers]

    assert codes() == [0, 0, 0, 0, 0]
    assert codes(read_only=True) == [10005, 10005, 0, 0, 0]
    assert codes(permissions={"ContractTrade": ["Order"]}) == [0, 10005, 0, 10005, 0]
    assert codes(permissions={"ContractTrade": ["Position"]}) == [10005, 0, 10005, 0, 0]
    assert codes(permissions={"Spot": ["SpotTrade"]}) == [10005, 10005, 10005, 10005, 0]


def test_query_api_tells_what_the_key_may(still_venue: VenueProcess) -> None:
    rights = {"permissions": {"ContractTrade": ["Order"], "Wallet": ["AccountTransfer"]}, "read_only": True}
    client = RawClient(still_venue, opened(still_venue, ips=["127.0.0.1"], **rights))

    told = client.get("/v5/user/query-api").json["result"]

    assert (told["readOnly"], told["ips"], told["rsaPublicKey"]) == (1, ["127.0.0.1"], "")
    assert {group: names for group, names in told["permissions"].items() if names} == rights["permissions"]


def test_a_key_bound_to_another_address(still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, opened(still_venue, ips=["10.1.2.3"]))

    answer = client.get("/v5/account/info")

    assert answer.code == 10010
    control(still_venue, "POST", f"/accounts/{client.account['uid']}/key", {"ips": ["10.1.2.3", "127.0.0.1"]})
    assert client.get("/v5/account/info").code == 0


@pytest.mark.parametrize("state, code", [("revoked", 10003), ("expired", 33004)])
def test_a_key_is_revoked(faulty_venue: VenueProcess, state: str, code: int) -> None:
    client = RawClient(faulty_venue, opened(faulty_venue))
    where = {"uid": client.account["uid"]}

    set_fault(faulty_venue, "key", where=where, params={"state": state})

    assert client.order().code == code
    set_fault(faulty_venue, "key", where=where, params={"state": "active"})
    assert client.order().code == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"permissions": {"Nonsense": []}},
        {"permissions": []},
        {"read_only": 1},
        {"ips": "all"},
        {"rsa_public_key": "x"},
    ],
)
def test_rights_that_are_none_are_named(still_venue: VenueProcess, wrong: dict[str, Any]) -> None:
    answer = control(still_venue, "POST", "/accounts", {"reference": "wrong", "balance": "1", **wrong})

    assert (answer.status, answer.json["fields"][0]["path"]) == (400, next(iter(wrong)))


def test_self_generated_keys_sign_with_rsa(still_venue: VenueProcess) -> None:
    private = rsa.generate_private_key(65_537, 2_048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = opened(still_venue, rsa_public_key=pem)

    def sign(_account: Account, origin: bytes) -> str:
        return base64.b64encode(private.sign(origin, PKCS1v15(), SHA256())).decode()

    client = RawClient(still_venue, account, sign=sign)
    assert client.order(orderLinkId="rsa").code == 0
    assert client.get("/v5/user/query-api").json["result"]["rsaPublicKey"] == pem
    assert RawClient(still_venue, account).get("/v5/account/info").code == 10004
    assert RawClient(still_venue, account, sign=lambda *_: "!").get("/v5/account/info").code == 10004

    other = ed25519.Ed25519PrivateKey.generate().public_key()
    refused = control(still_venue, "POST", "/accounts", {
        "reference": "ed", "balance": "1",
        "rsa_public_key": other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    })  # fmt: skip
    assert refused.status == 400


def test_rights_survive_a_restart(tmp_path: Path, replay_options: list[str]) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    account = opened(venue, read_only=True)
    control(venue, "POST", f"/accounts/{account['uid']}/key", {"ips": ["127.0.0.1"]})
    venue.stop()
    venue.start()

    told = RawClient(venue, account).get("/v5/user/query-api").json["result"]

    assert (told["readOnly"], told["ips"]) == (1, ["127.0.0.1"])
    assert json.loads(RawClient(venue, account).post("/v5/order/create", ORDER).body)["retCode"] == 10005
    venue.stop()


def test_accounts_of_older_logs_may_what_they_could(tmp_path: Path, replay_options: list[str]) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    account = opened(venue)
    venue.stop()
    (log,) = (tmp_path / "venue").rglob("log-*.jsonl")
    records = [json.loads(line) for line in log.read_text().splitlines()]
    for record in records:
        record.pop("rights", None)
    log.write_text("".join(json.dumps(record) + "\n" for record in records))

    venue.start()

    assert RawClient(venue, account).order().code == 0
    venue.stop()


@pytest.mark.parametrize("expires", [99_999_999_999_999, "99999999999999", 9_999_999_999_999_999])
async def test_streams_take_any_expiry_that_lies_ahead(still_venue: VenueProcess, expires: Any) -> None:
    account = opened(still_venue)
    async with AsyncExitStack() as stack:
        for path, told in (("/v5/private", "success"), ("/v5/trade", "retCode")):
            socket = await open_socket(stack, still_venue, path)
            answer = await socket.ask(auth_frame(account, expires))
            assert answer[told] == (True if told == "success" else 0)


@pytest.mark.parametrize(
    "target",
    [
        "/v5/market/index-price-kline?category=linear&symbol=ETHUSDT&interval=1",
        "/v5/market/premium-index-price-kline?category=linear&symbol=ETHUSDT&interval=1",
        "/v5/market/price-limit?category=linear&symbol=ETHUSDT",
        "/v5/market/open-interest?category=linear&symbol=ETHUSDT&intervalTime=5min",
        "/v5/system/status",
        "/v5/announcements/index?locale=en-US",
    ],
)
def test_public_answers_need_no_key_and_tell_no_limit(still_venue: VenueProcess, target: str) -> None:
    answer = send(still_venue, "GET", target, None, {})

    assert (answer.status, answer.code) == (200, 0)
    assert answer.headers["content-type"].startswith("application/json")
    assert [name for name in answer.headers if name.startswith("x-bapi")] == []
