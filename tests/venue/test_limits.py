"""Requests per second and account, per address, and sockets per address."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from tests.venue.conftest import CANDLES
from tests.venue.raw import ORDER, Answer, RawClient, auth_frame, open_socket
from tests.venue.venues import VenueProcess, write_candles
from trading_core.venue.limits import ADDRESS_MAX, SECOND_MS, RateLimits
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.sockets import NEW_MAX, NEW_SPAN_MS, OPEN_MAX, Sockets

BURST = 40
"""Requests sent at once where ten a second are allowed: more than a slow machine can spread out."""


def still(folder: Path, *options: str) -> VenueProcess:
    candles = write_candles(folder, CANDLES)
    market = ["--market", "replay", "--mode", "candles", "--candles", str(candles)]
    return VenueProcess(folder / "venue", *market, *options)


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    venue = still(tmp_path_factory.mktemp("counting"), "--request-limits", "on")
    yield venue
    venue.stop()


def refused(answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.code == 10006]


def test_who_asks_too_often_is_told_when_to_come_back(counting: VenueProcess) -> None:
    client = RawClient(counting, counting.account("often"))

    answers = [client.order(qty="0") for _ in range(BURST)]

    assert answers[0].headers["x-bapi-limit-status"] == "9"
    late = refused(answers)
    assert late
    for answer in late:
        assert answer.status == 200
        assert answer.headers["x-bapi-limit"] == "10"
        assert answer.headers["x-bapi-limit-status"] == "0"
        ahead = int(answer.headers["x-bapi-limit-reset-timestamp"]) - answer.json["time"]
        assert 0 < ahead <= SECOND_MS
        assert answer.json["retMsg"].startswith("Too many visits")


def test_accounts_and_paths_have_limits_of_their_own(counting: VenueProcess) -> None:
    client, other = (RawClient(counting, counting.account(name)) for name in ("own", "other"))
    assert refused([client.order(qty="0") for _ in range(BURST)])

    assert not refused([other.order(qty="0")])
    assert not refused([client.post("/v5/order/amend", ORDER), client.get("/v5/account/info")])


def test_the_first_orders_of_a_batch_pass(counting: VenueProcess) -> None:
    client = RawClient(counting, counting.account("batch"))
    order = {k: v for k, v in ORDER.items() if k != "category"} | {"qty": "0.01"}
    batch = [{**order, "orderLinkId": f"b{n}"} for n in range(14)]

    answer = client.post("/v5/order/create-batch", {"category": "linear", "request": batch})

    assert answer.code == 0
    assert [row["code"] for row in answer.json["retExtInfo"]["list"]] == [0] * 10 + [10006] * 4
    assert [bool(row["orderId"]) for row in answer.json["result"]["list"]] == [True] * 10 + [False] * 4
    assert answer.headers["x-bapi-limit-status"] == "0"
    assert not refused([client.order(qty="0")])


async def test_orders_by_socket_count_as_batches_do(counting: VenueProcess) -> None:
    account = counting.account("socket")
    client = RawClient(counting, account)
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, counting, "/v5/trade")
        assert (await socket.ask(auth_frame(account)))["retCode"] == 0
        for _ in range(BURST):
            stamp = client.headers("")["X-BAPI-TIMESTAMP"]
            header = {"X-BAPI-TIMESTAMP": stamp}
            await socket.say({"op": "order.create", "header": header, "args": [{**ORDER, "qty": "0"}]})
        answers = [await socket.next() for _ in range(BURST)]

    late = [a for a in answers if a["retCode"] == 10006]
    assert late
    assert late[-1]["header"]["X-Bapi-Limit-Status"] == "0"
    assert not refused([client.order(qty="0")])  # another path, another limit


def test_vip_accounts_may_more_and_lock_step_doesn_t_count(tmp_path: Path, still_venue: VenueProcess) -> None:
    vip = still(tmp_path, "--request-limits", "on", "--limit-multiplier", "6")
    client = RawClient(vip, vip.account("vip"))

    answers = [client.order(qty="0") for _ in range(BURST)]
    vip.stop()

    assert not refused(answers)
    assert answers[0].headers["x-bapi-limit"] == "60"
    uncounted = RawClient(still_venue, still_venue.account("uncounted"))
    assert not refused([uncounted.order(qty="0") for _ in range(BURST)])


def test_an_address_can_ask_too_often(tmp_path: Path) -> None:
    venue = still(tmp_path, "--address-limits")
    line = http.client.HTTPConnection(venue.url.removeprefix("http://"), timeout=20)

    def status() -> tuple[int, bytes]:
        line.request("GET", "/v5/market/time")
        answer = line.getresponse()
        return answer.status, answer.read()

    assert {status()[0] for _ in range(ADDRESS_MAX)} == {200}
    while (told := status())[0] == 200:
        pass
    assert told[0] == 403
    assert b"access too frequent" in told[1]
    line.close()
    venue.stop()


@given(
    steps=st.lists(st.tuples(st.integers(0, 700), st.integers(1, 25)), max_size=60), limit=st.integers(1, 20)
)
def test_no_second_ever_holds_more_than_the_limit(steps: list[tuple[int, int]], limit: int) -> None:
    limits, now, granted = RateLimits(), 1_000_000, []
    for pause, cost in steps:
        now += pause
        quota = limits.take(1, "a", now, limit=limit, cost=cost)
        granted += [now] * quota.granted
        last = [at for at in granted if now - SECOND_MS < at <= now]
        assert len(last) <= limit
        assert quota.remaining == limit - len(last)
        assert quota.granted == min(cost, limit - (len(last) - quota.granted))
        if quota.granted < cost:
            assert now < quota.reset_ms <= now + SECOND_MS
        else:
            assert quota.reset_ms == now


def test_windows_nobody_uses_are_forgotten() -> None:
    limits = RateLimits()
    for uid in range(20_000):
        limits.take(uid, "a", uid * 10, limit=10)

    assert len(limits._windows) < 8_000


def test_sockets_of_an_address_are_counted() -> None:
    sockets = Sockets()
    assert not any(sockets.refuses("/v5/private", "a", n) for n in range(NEW_MAX))
    assert sockets.refuses("/v5/private", "a", NEW_MAX)
    assert not sockets.refuses("/v5/private", "b", NEW_MAX)
    assert not sockets.refuses("/v5/private", "a", NEW_SPAN_MS + 1)
    for _ in range(OPEN_MAX):
        connection = Connection("c")
        connection.path, connection.remote = "/v5/public/linear", "d"
        sockets.open.add(connection)
    assert sockets.refuses("/v5/public/linear", "d", 0)
    assert not sockets.refuses("/v5/public/spot", "d", 0)


async def test_the_socket_too_many_is_refused(tmp_path: Path) -> None:
    venue = still(tmp_path, "--address-limits")
    told: list[Any] = []
    for _ in range(NEW_MAX + 1):
        async with AsyncExitStack() as stack:
            try:
                await open_socket(stack, venue, "/v5/public/linear")
                told.append(101)
            except InvalidStatus as e:
                told.append(e.response.status_code)
    venue.stop()

    assert told == [101] * NEW_MAX + [403]
