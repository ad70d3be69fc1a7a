"""Requests and answers that get lost, come late or lie; outages; the clock."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest

from tests.venue.raw import Answer, Lost, RawClient, control, send, set_fault, struck
from tests.venue.venues import VenueProcess

CREATE = "/v5/order/create"
_names = count()


@pytest.fixture
def client(faulty_venue: VenueProcess) -> RawClient:
    return RawClient(faulty_venue, faulty_venue.account(f"fault-{next(_names)}"))


def here(client: RawClient, **more: Any) -> dict[str, Any]:
    """Aimed at the orders of one account."""
    return {"uid": client.account["uid"], "path": CREATE, **more}


def links(client: RawClient) -> list[str]:
    rows = client.get("/v5/order/realtime", "category=linear&symbol=ETHUSDT").json["result"]["list"]
    return [row["orderLinkId"] for row in rows]


def test_a_lost_request_was_never_carried_out(faulty_venue: VenueProcess, client: RawClient) -> None:
    set_fault(faulty_venue, "request_lost", where=here(client), count=1)

    with pytest.raises(Lost):
        client.order(orderLinkId="a")

    assert links(client) == []
    assert client.order(orderLinkId="a").code == 0
    assert struck(faulty_venue) == [1]


def test_an_answer_is_lost_and_the_order_stands(faulty_venue: VenueProcess, client: RawClient) -> None:
    set_fault(faulty_venue, "answer_lost", where=here(client), count=1)

    with pytest.raises(Lost):
        client.order(orderLinkId="a")

    assert links(client) == ["a"]
    assert client.order(orderLinkId="a").code == 110072


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_gateway_answers_html(
    faulty_venue: VenueProcess, client: RawClient, status: int, accepted: bool
) -> None:
    set_fault(
        faulty_venue, "http", where=here(client), count=1, params={"status": status, "accepted": accepted}
    )

    answer = client.order(orderLinkId="a")

    assert (answer.status, answer.headers["content-type"]) == (status, "text/html")
    assert answer.body.startswith(b"<html>")
    assert links(client) == (["a"] if accepted else [])


@pytest.mark.parametrize("status, words", [(403, "access too frequent"), (429, "frequency protection")])
def test_addresses_are_shut_out(
    faulty_venue: VenueProcess, client: RawClient, status: int, words: str
) -> None:
    set_fault(faulty_venue, "http", where=here(client), count=1, params={"status": status})

    answer = client.order()

    assert answer.status == status
    assert words in answer.json["retMsg"]


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("code", [10000, 10016, 10019, 10429])
def test_codes_that_leave_the_outcome_open(
    faulty_venue: VenueProcess, client: RawClient, code: int, accepted: bool
) -> None:
    set_fault(faulty_venue, "code", where=here(client), count=1, params={"code": code, "accepted": accepted})

    answer = client.order(orderLinkId="a")

    assert (answer.status, answer.code) == (200, code)
    assert links(client) == (["a"] if accepted else [])


@pytest.mark.parametrize("reset_ms", [30_000, -30_000])
def test_a_limit_is_hit_with_its_reset_ahead_or_past(
    faulty_venue: VenueProcess, client: RawClient, reset_ms: int
) -> None:
    set_fault(faulty_venue, "code", where=here(client), params={"code": 10006, "reset_ms": reset_ms})

    answer = client.order()

    assert answer.code == 10006
    assert answer.headers["x-bapi-limit-status"] == "0"
    ahead = int(answer.headers["x-bapi-limit-reset-timestamp"]) - answer.json["time"]
    assert abs(ahead - reset_ms) < 1_000
    assert links(client) == []


@pytest.mark.parametrize("accepted", [False, True])
def test_a_delay_is_waited_out(faulty_venue: VenueProcess, client: RawClient, accepted: bool) -> None:
    set_fault(faulty_venue, "delay", where=here(client), params={"ms": 120, "accepted": accepted})
    begun = time.monotonic()

    answer = client.order(orderLinkId="a")

    assert time.monotonic() - begun >= 0.12
    assert answer.code == 0
    assert links(client) == ["a"]


def test_faults_strike_whom_they_are_aimed_at(faulty_venue: VenueProcess, client: RawClient) -> None:
    other = RawClient(faulty_venue, faulty_venue.account(f"other-{next(_names)}"))
    set_fault(faulty_venue, "code", where=here(client, symbol="ETHUSDT"), params={"code": 10016})

    assert client.order().code == 10016
    assert other.order().code == 0
    assert client.get("/v5/position/list", "category=linear&symbol=ETHUSDT").code == 0
    assert struck(faulty_venue) == [1]


def test_faults_are_composed_in_the_order_they_were_set(
    faulty_venue: VenueProcess, client: RawClient
) -> None:
    set_fault(faulty_venue, "code", where=here(client), nth=2, params={"code": 10016})
    set_fault(faulty_venue, "http", where=here(client), count=2)

    answers = [client.order() for _ in range(4)]

    assert [answer.status for answer in answers] == [502, 200, 502, 200]
    assert [answers[1].code, answers[3].code] == [10016, 0]


def test_the_same_seed_strikes_the_same_requests(faulty_venue: VenueProcess, client: RawClient) -> None:
    def story(seed: int) -> list[int]:
        fault = set_fault(
            faulty_venue, "code", where=here(client), seed=seed, probability=0.5, params={"code": 10016}
        )
        codes = [client.order().code for _ in range(24)]
        assert control(faulty_venue, "DELETE", f"/faults/{fault['id']}").json == {"removed": 1}
        return codes

    told = story(3)

    assert set(told) == {0, 10016}
    assert story(3) == told
    assert story(4) != told


def test_an_order_can_be_invisible_for_a_while(faulty_venue: VenueProcess, client: RawClient) -> None:
    where = {"uid": client.account["uid"]}
    fault = set_fault(faulty_venue, "order_hidden", where=where, params={"ms": 600_000}, count=1)

    assert client.order(orderLinkId="a").code == 0
    assert client.order(orderLinkId="b").code == 0

    assert links(client) == ["b"]
    by_link = "category=linear&orderLinkId=a"
    assert client.get("/v5/order/realtime", by_link).json["result"]["list"] == []
    control(faulty_venue, "DELETE", f"/faults/{fault['id']}")
    assert links(client) == ["b", "a"]


@pytest.mark.parametrize("ms", [-6_000, 1_200])
def test_a_clock_that_jumps_refuses_the_well_timed(
    faulty_venue: VenueProcess, client: RawClient, ms: int
) -> None:
    fault = set_fault(faulty_venue, "clock_jump", params={"ms": ms})

    before = time.time() * 1000
    told = send(faulty_venue, "GET", "/v5/market/time", None, {}).json
    after = time.time() * 1000
    refused = client.order()
    client.off_ms = ms
    served = client.order()
    control(faulty_venue, "DELETE", f"/faults/{fault['id']}")
    client.off_ms = 0

    for now in (told["time"], int(told["result"]["timeNano"]) / 1e6):
        assert before + ms - 1 <= now <= after + ms + 1
    late = ms > 0
    assert refused.code == (0 if late else 10002)
    assert served.code == 0
    assert client.order().code == 0


def test_a_clock_far_ahead_finds_requests_too_old(faulty_venue: VenueProcess, client: RawClient) -> None:
    set_fault(faulty_venue, "clock_jump", params={"ms": 10_000})

    answer = client.order()

    assert answer.code == 10002
    asked, now = (int(part.split("]")[0]) for part in answer.json["retMsg"].split("timestamp[")[1:])
    assert now - asked >= 10_000


def cancelled(client: RawClient) -> None:
    assert client.order(orderLinkId="gone").code == 0
    body = {"category": "linear", "symbol": "ETHUSDT", "orderLinkId": "gone"}
    assert client.post("/v5/order/cancel", body).code == 0


def found(client: RawClient, path: str) -> list[Any]:
    answer: Answer = client.get(path, "category=linear&orderLinkId=gone")
    rows: list[Any] = answer.json["result"]["list"]
    return rows


def test_maintenance_refuses_and_forgets_closed_orders(faulty_venue: VenueProcess, client: RawClient) -> None:
    cancelled(client)
    assert len(found(client, "/v5/order/realtime")) == 1
    fault = set_fault(faulty_venue, "maintenance", params={"ms": 600_000})

    answer = client.order()
    control(faulty_venue, "DELETE", f"/faults/{fault['id']}")

    assert (answer.status, answer.headers["content-type"]) == (503, "text/html")
    assert found(client, "/v5/order/realtime") == []
    assert len(found(client, "/v5/order/history")) == 1


def test_a_restart_drops_every_connection(faulty_venue: VenueProcess, client: RawClient) -> None:
    cancelled(client)
    fault = set_fault(faulty_venue, "restart", params={"ms": 600_000})

    with pytest.raises(Lost):
        client.order()
    with pytest.raises(Lost):
        send(faulty_venue, "GET", "/v5/market/time", None, {})
    control(faulty_venue, "DELETE", f"/faults/{fault['id']}")

    assert found(client, "/v5/order/realtime") == []
    assert len(found(client, "/v5/order/history")) == 1


def test_control_names_what_is_wrong_with_a_fault(faulty_venue: VenueProcess) -> None:
    wrong: list[tuple[Any, str]] = [
        (None, "faults"),
        ([7], "faults[0]"),
        ([{"kind": "earthquake"}], "faults[0].kind"),
        ([{"kind": "delay", "when": 1}], "faults[0].when"),
        ([{"kind": "delay"}, {"kind": "delay", "nth": 0}], "faults[1].nth"),
        ([{"kind": "delay", "probability": 2}], "faults[0].probability"),
        ([{"kind": "delay", "where": {"uid": "7"}}], "faults[0].where.uid"),
        ([{"kind": "delay", "where": {"symbol": "NOPE"}}], "faults[0].where.symbol"),
        ([{"kind": "delay", "params": {"ms": -1}}], "faults[0].params.ms"),
        ([{"kind": "delay", "params": {"ms": "1"}}], "faults[0].params.ms"),
        ([{"kind": "delay", "params": {"s": 1}}], "faults[0].params"),
        ([{"kind": "adl", "where": {"symbol": "ETHUSDT"}}], "faults[0].where.uid"),
        ([{"kind": "delisting"}], "faults[0].where.symbol"),
        ([{"kind": "delisting", "where": {"symbol": "ETHUSDT"}, "params": {"status": "Gone"}}],
         "faults[0].params.status"),
    ]  # fmt: skip

    for faults, field in wrong:
        answer = control(faulty_venue, "POST", "/faults", {"faults": faults})
        assert (answer.status, answer.json["fields"][0]["path"]) == (400, field)
    assert control(faulty_venue, "GET", "/faults").json == {"faults": []}
    assert control(faulty_venue, "DELETE", "/faults/77").status == 404
