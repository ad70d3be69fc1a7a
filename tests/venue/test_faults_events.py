"""What happens to an account without its doing: told on streams and by REST, and never forgotten."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.venue.raw import RawClient, control, private_socket, send, set_fault
from tests.venue.venues import VenueProcess

SYMBOL = "ETHUSDT"
HERE = f"category=linear&symbol={SYMBOL}"


@pytest.fixture
def client(replay_venue: VenueProcess) -> RawClient:
    """Two ETH long, and an order far below."""
    client = RawClient(replay_venue, replay_venue.account("holder", "100000"))
    assert client.order(orderType="Market", qty="2").code == 0
    assert client.order(price="900", orderLinkId="below").code == 0
    return client


def happens(client: RawClient, kind: str, **params: Any) -> None:
    where = {"uid": client.account["uid"], "symbol": SYMBOL}
    assert set_fault(client.venue, kind, where=where, params=params)["struck"] == 1


def position(client: RawClient) -> dict[str, Any]:
    row: dict[str, Any] = client.get("/v5/position/list", HERE).json["result"]["list"][0]
    return row


def executions(client: RawClient) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/v5/execution/list", HERE).json["result"]["list"]
    return rows


def wallet(client: RawClient) -> float:
    answer = client.get("/v5/account/wallet-balance", "accountType=UNIFIED").json
    return float(answer["result"]["list"][0]["totalWalletBalance"])


def open_links(client: RawClient) -> list[str]:
    rows = client.get("/v5/order/realtime", HERE).json["result"]["list"]
    return [row["orderLinkId"] for row in rows]


async def heard_of(client: RawClient, kind: str, **params: Any) -> list[tuple[str, str]]:
    """Topics and kinds of what the private stream says of it."""
    async with AsyncExitStack() as stack:
        topics = ("order", "execution", "position", "wallet")
        socket = await private_socket(stack, client.venue, client.account, *topics)
        happens(client, kind, **params)
        frames = await socket.until_pong()
    return [(f["topic"], f["data"][0].get("execType") or f["data"][0].get("orderStatus", "")) for f in frames]


async def test_adl_closes_part_of_a_position(client: RawClient) -> None:
    heard = await heard_of(client, "adl", lots=50)

    assert heard == [("execution", "AdlTrade"), ("order", "Filled"), ("position", ""), ("wallet", "")]
    last = executions(client)[0]
    assert (last["execType"], last["side"], last["execQty"], last["orderLinkId"]) == (
        "AdlTrade",
        "Sell",
        "0.50",
        "",
    )
    assert position(client)["size"] == "1.50"
    assert open_links(client) == ["below"]


async def test_adl_of_everything(client: RawClient) -> None:
    happens(client, "adl")

    assert position(client)["size"] in ("0", "0.00")


async def test_liquidation_takes_position_and_orders(client: RawClient) -> None:
    heard = await heard_of(client, "liquidation")

    assert ("execution", "BustTrade") in heard
    assert ("order", "Cancelled") in heard
    assert executions(client)[0]["execType"] == "BustTrade"
    assert position(client)["size"] in ("0", "0.00")
    assert open_links(client) == []


async def test_a_funding_row_moves_cash_only(client: RawClient) -> None:
    before, cash = position(client), wallet(client)

    heard = await heard_of(client, "funding", rate_e8=100_000)

    assert heard[0] == ("execution", "Funding")
    assert wallet(client) < cash
    assert position(client)["size"] == before["size"]
    last = executions(client)[0]
    assert (last["execType"], last["execQty"]) == ("Funding", "2.00")
    log = client.get("/v5/account/transaction-log", "type=SETTLEMENT").json["result"]["list"]
    assert [row["type"] for row in log] == ["SETTLEMENT"]


async def test_an_order_is_filled_in_part_and_then_cancelled(client: RawClient) -> None:
    assert client.order(price="950", qty="1", orderLinkId="part").code == 0

    heard = await heard_of(client, "partial_fill", link="part", lots=30)

    assert heard == [("execution", "Trade"), ("order", "PartiallyFilled"), ("position", ""), ("wallet", "")]
    rows = client.get("/v5/order/realtime", f"{HERE}&orderLinkId=part").json["result"]["list"]
    (row,) = rows
    sizes = [row[name] for name in ("orderStatus", "qty", "cumExecQty", "leavesQty")]
    assert sizes == ["PartiallyFilled", "1.00", "0.30", "0.70"]
    last = executions(client)[0]
    assert (last["execQty"], last["leavesQty"], float(last["execPrice"]), last["isMaker"]) == (
        "0.30",
        "0.70",
        950,
        True,
    )
    assert position(client)["size"] == "2.30"
    body = {"category": "linear", "symbol": SYMBOL, "orderLinkId": "part"}
    assert client.post("/v5/order/cancel", body).code == 0
    assert open_links(client) == ["below"]
    closed = client.get("/v5/order/history", f"{HERE}&orderLinkId=part").json["result"]["list"][0]
    assert (closed["orderStatus"], closed["cumExecQty"], closed["leavesQty"]) == ("Cancelled", "0.30", "0.00")


async def test_somebody_trades_by_hand(client: RawClient) -> None:
    heard = await heard_of(client, "manual_trade", side="Sell", lots=300)

    assert ("execution", "Trade") in heard
    assert executions(client)[0]["orderLinkId"] == ""
    assert (position(client)["side"], position(client)["size"]) == ("Sell", "1.00")


async def test_somebody_changes_the_leverage(client: RawClient) -> None:
    before = position(client)["leverage"]

    happens(client, "leverage_flip", leverage=3)

    assert (before, position(client)["leverage"]) != ("3", "3")
    assert float(position(client)["leverage"]) == 3


def test_what_can_t_happen_is_refused_and_changes_nothing(replay_venue: VenueProcess) -> None:
    flat = RawClient(replay_venue, replay_venue.account("flat"))
    before = replay_venue.call(f"/accounts/{flat.account['uid']}")
    where = {"uid": flat.account["uid"], "symbol": SYMBOL}

    for kind, params in (
        ("adl", {}), ("liquidation", {}), ("partial_fill", {}), ("manual_trade", {"lots": 10**9}),
        ("leverage_flip", {"leverage": 10}),
    ):  # fmt: skip
        answer = control(
            replay_venue, "POST", "/faults", {"faults": [{"kind": kind, "where": where, "params": params}]}
        )
        assert (answer.status, answer.json["code"]) == (409, "REFUSED")
    assert replay_venue.call(f"/accounts/{flat.account['uid']}") == before
    assert control(replay_venue, "GET", "/faults").json == {"faults": []}


def test_a_symbol_is_delisted(client: RawClient) -> None:
    def listed(status: str = "") -> list[str]:
        query = "category=linear" + (f"&status={status}" if status else "")
        answer = send(client.venue, "GET", f"/v5/market/instruments-info?{query}", None, {})
        return [row["status"] for row in answer.json["result"]["list"]]

    assert listed() == ["Trading"]
    where = {"symbol": SYMBOL}
    set_fault(client.venue, "delisting", where=where, params={"status": "Delivering"})
    assert client.order(qty="0.5").code == 110023
    assert client.order(side="Sell", price="1200", qty="0.5", reduceOnly=True).code == 0
    set_fault(client.venue, "delisting", where=where)

    assert client.order(side="Sell", price="1200", qty="0.5", reduceOnly=True).code == 110074
    assert (listed(), listed("Closed")) == ([], ["Closed"])
    body = {"category": "linear", "symbol": SYMBOL, "orderLinkId": "below"}
    assert client.post("/v5/order/cancel", body).code == 0
    set_fault(client.venue, "delisting", where=where, params={"status": "Trading"})
    assert listed() == ["Trading"]
    assert client.order().code == 0


def test_events_survive_a_kill(tmp_path: Path, replay_options: list[str]) -> None:
    for number, options in enumerate(([], ["--snapshot-every", "2"])):
        venue = VenueProcess(tmp_path / f"venue-{number}", *replay_options, *options)
        client = RawClient(venue, venue.account("holder", "100000"))
        client.order(orderType="Market", qty="2")
        for kind, params in (
            ("adl", {"lots": 50}),
            ("funding", {}),
            ("manual_trade", {}),
            ("liquidation", {}),
        ):
            happens(client, kind, **params)
        set_fault(venue, "delisting", where={"symbol": SYMBOL})
        set_fault(venue, "key", where={"uid": client.account["uid"]}, params={"state": "expired"})
        before = venue.call(f"/accounts/{client.account['uid']}")

        venue.stop(signal.SIGKILL)
        venue.start()

        assert venue.call(f"/accounts/{client.account['uid']}") == before
        assert client.get("/v5/account/info").code == 33004
        set_fault(venue, "key", where={"uid": client.account["uid"]}, params={"state": "active"})
        assert client.order().code == 110074
        venue.stop()
