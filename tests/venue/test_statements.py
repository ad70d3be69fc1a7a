"""Transaction log and closed profits add up to the wallet, whatever the exchange did to the account."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.venue.raw import RawClient, set_fault
from tests.venue.venues import VenueProcess, write_candles

HERE = "category=linear&symbol=ETHUSDT"
WHERE = {"symbol": "ETHUSDT"}


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A market in lock-step that stands still and has all the volume one may want."""
    file = write_candles(tmp_path, [(1000.0, 1001.0, 999.0, 1000.0)] * 3, volume=1e6)
    options = ("--market", "replay", "--mode", "candles", "--candles", str(file))
    made = VenueProcess(tmp_path / "venue", *options)
    yield made
    made.stop()


@pytest.fixture(params=["ISOLATED_MARGIN", "REGULAR_MARGIN"])
def client(venue: VenueProcess, request: pytest.FixtureRequest) -> RawClient:
    client = RawClient(venue, venue.account("holder", "10000"))
    assert client.post("/v5/account/set-margin-mode", {"setMarginMode": request.param}).code == 0
    return client


def rows(client: RawClient, path: str, query: str) -> list[dict[str, Any]]:
    """All rows of a list, oldest first."""
    found: list[dict[str, Any]] = client.get(path, query).json["result"]["list"]
    return found[::-1]


def happens(client: RawClient, kind: str, **params: Any) -> None:
    set_fault(client.venue, kind, where={**WHERE, "uid": client.account["uid"]}, params=params)


def agree(client: RawClient) -> list[str]:
    """Compare log, closed profits, executions and wallet; return the types of the log's lines."""
    log = rows(client, "/v5/account/transaction-log", "accountType=UNIFIED&limit=50")
    balance = Decimal(10_000)
    for line in log:
        change = Decimal(line["cashFlow"]) - Decimal(line["fee"]) + Decimal(line["funding"] or "0")
        assert Decimal(line["change"]) == change
        balance += change
        assert Decimal(line["cashBalance"]) == balance
    wallet = client.get("/v5/account/wallet-balance", "accountType=UNIFIED").json["result"]["list"][0]
    assert Decimal(wallet["totalWalletBalance"]) == balance
    assert Decimal(wallet["coin"][0]["cumRealisedPnl"]) == balance - 10_000

    executions = rows(client, "/v5/execution/list", f"{HERE}&limit=100")
    assert [e["execId"] for e in executions] == [line["tradeId"] for line in log]
    position = client.get("/v5/position/list", HERE).json["result"]["list"][0]
    signed = {"Buy": 1, "Sell": -1}
    size = sum(Decimal(e["execQty"]) * signed[e["side"]] for e in executions if e["execType"] != "Funding")
    assert size == Decimal(position["size"]) * signed.get(position["side"], 0)
    assert Decimal(log[-1]["size"]) == size
    assert Decimal(position["cumRealisedPnl"]) == balance - 10_000

    closed = sum(
        Decimal(row["closedPnl"]) for row in rows(client, "/v5/position/closed-pnl", f"{HERE}&limit=100")
    )
    funding = sum(Decimal(line["funding"] or "0") for line in log)
    if not size:
        assert balance - 10_000 == closed + funding
    return [line["type"] for line in log]


def test_after_trades_adl_and_funding(client: RawClient) -> None:
    client.order(orderType="Market", qty="4")
    happens(client, "funding", rate_e8=-20_000)
    happens(client, "adl", lots=100)
    client.order(side="Sell", orderType="Market", qty="1.5")
    happens(client, "funding", rate_e8=10_000)
    assert agree(client) == ["TRADE", "SETTLEMENT", "ADL", "TRADE", "SETTLEMENT"]

    happens(client, "adl", lots=0)
    assert agree(client)[-1] == "ADL"


def test_after_a_position_that_turned_around_was_taken_over(client: RawClient) -> None:
    client.order(orderType="Market", qty="4")
    client.order(side="Sell", orderType="Market", qty="10")
    happens(client, "funding", rate_e8=30_000)
    happens(client, "liquidation")

    assert agree(client) == ["TRADE", "TRADE", "SETTLEMENT", "LIQUIDATION"]
    (bust,) = (r for r in rows(client, "/v5/position/closed-pnl", HERE) if r["execType"] == "BustTrade")
    assert (bust["side"], bust["closedSize"], bust["qty"]) == ("Buy", "6.00", "6.00")


def test_after_a_delisting(client: RawClient) -> None:
    client.order(orderType="Market", qty="4")
    set_fault(client.venue, "delisting", where=WHERE, params={"status": "Delivering"})
    assert client.order(side="Sell", orderType="Market", qty="1", reduceOnly=True).code == 0
    set_fault(client.venue, "delisting", where=WHERE)
    happens(client, "adl", lots=0)

    assert agree(client) == ["TRADE", "TRADE", "ADL"]
