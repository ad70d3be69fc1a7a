"""Cross margin over HTTP: the account's mode, its rates, and the whole account's liquidation."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import ccxt
import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from tests.venue.raw import RawClient, control, private_socket, set_fault
from tests.venue.test_ccxt import options as ccxt_options
from tests.venue.venues import VenueProcess, write_candles

ETH = {"category": "linear", "symbol": "ETHUSDT"}
CROSS = "REGULAR_MARGIN"


@pytest.fixture
def deep_venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A market in lock-step that falls, with all the volume one may want."""
    file = write_candles(
        tmp_path, [(1000.0, 1001.0, 999.0, 1000.0), (1000.0, 1002.0, 950.0, 960.0)], volume=1e6
    )
    options = ("--market", "replay", "--mode", "candles", "--candles", str(file))
    venue = VenueProcess(tmp_path / "venue", *options)
    yield venue
    venue.stop()


def crossed(venue: VenueProcess, name: str, balance: str = "10000") -> HTTP:
    session = venue.client(venue.account(name, balance))
    assert session.set_margin_mode(setMarginMode=CROSS)["result"] == {"reasons": []}
    return session


def reasons(session: HTTP, mode: str) -> list[str]:
    with pytest.raises(InvalidRequestError) as caught:
        session.set_margin_mode(setMarginMode=mode)
    assert caught.value.status_code == 3400045
    return [caught.value.message]


def wallet(session: HTTP) -> dict[str, str]:
    row: dict[str, str] = session.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
    return row


def row(session: HTTP) -> dict[str, Any]:
    found: dict[str, Any] = session.get_positions(**ETH)["result"]["list"][0]
    return found


def test_mode_is_told_and_changing_it_waits_for_an_empty_account(still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, still_venue.account("cross switch"))
    session = still_venue.client(client.account)
    assert session.get_account_info()["result"]["marginMode"] == "ISOLATED_MARGIN"
    session.set_margin_mode(setMarginMode=CROSS)
    assert session.get_account_info()["result"]["marginMode"] == CROSS
    session.set_margin_mode(setMarginMode=CROSS, leverage="5")

    session.place_order(**ETH, side="Buy", orderType="Market", qty="1")
    session.place_order(**ETH, side="Buy", orderType="Limit", qty="1", price="900")
    answer = client.post("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN"})
    assert answer.code == 3400045
    assert [reason["reasonCode"] for reason in answer.json["result"]["reasons"]] == ["3400102", "3400101"]
    assert client.post("/v5/account/set-margin-mode", {"setMarginMode": CROSS}).code == 0
    session.cancel_all_orders(**ETH)
    assert reasons(session, "ISOLATED_MARGIN")
    session.place_order(**ETH, side="Sell", orderType="Market", qty="1")
    session.set_margin_mode(setMarginMode="ISOLATED_MARGIN")
    assert reasons(session, "PORTFOLIO_MARGIN")


def test_rates_and_balances_are_those_of_the_whole_account(still_venue: VenueProcess) -> None:
    session = crossed(still_venue, "cross rates")
    assert (wallet(session)["accountIMRate"], wallet(session)["accountMMRate"]) == ("0", "0")
    session.place_order(**ETH, side="Buy", orderType="Market", qty="20")
    session.place_order(**ETH, side="Buy", orderType="Limit", qty="10", price="990")

    told, position = wallet(session), row(session)

    balance = float(told["totalMarginBalance"])
    assert float(told["totalWalletBalance"]) + float(told["totalPerpUPL"]) == pytest.approx(balance, abs=1e-6)
    assert float(told["totalAvailableBalance"]) == pytest.approx(
        balance - float(told["totalInitialMargin"]), abs=1e-6
    )
    assert float(told["accountIMRate"]) == pytest.approx(
        float(told["totalInitialMargin"]) / balance, abs=1e-4
    )
    assert float(told["accountMMRate"]) == pytest.approx(
        float(told["totalMaintenanceMargin"]) / balance, abs=1e-4
    )
    mark, size = float(position["markPrice"]), float(position["size"])
    assert float(position["positionValue"]) == pytest.approx(mark * size, abs=1e-6)
    assert float(position["positionIM"]) == pytest.approx(mark * size / 10, abs=1e-6)
    assert float(position["positionMM"]) == pytest.approx(mark * size * 0.005, abs=1e-6)
    assert (position["tradeMode"], position["bustPrice"]) == (0, "")
    left = balance - size * (mark - float(position["liqPrice"]))
    assert left == pytest.approx(float(position["liqPrice"]) * size * 0.005, abs=0.3)


def test_a_position_that_no_price_can_break_has_no_liquidation_price(still_venue: VenueProcess) -> None:
    session = crossed(still_venue, "cross safe")
    session.place_order(**ETH, side="Buy", orderType="Market", qty="5")
    assert row(session)["liqPrice"] == ""


async def test_the_whole_account_is_taken_over(deep_venue: VenueProcess) -> None:
    account = deep_venue.account("cross bust", "2000")
    session = deep_venue.client(account)
    session.set_margin_mode(setMarginMode=CROSS)
    session.set_leverage(**ETH, buyLeverage="30", sellLeverage="30")
    session.place_order(**ETH, side="Buy", orderType="Market", qty="45")
    session.place_order(**ETH, side="Buy", orderType="Limit", qty="1", price="955", orderLinkId="below")
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, deep_venue, account, "order", "execution", "wallet")
        deep_venue.step(4)
        heard = [
            (frame["topic"], entry.get("cancelType") or entry.get("execType") or "")
            for frame in await socket.until_pong()
            for entry in frame["data"]
        ]

    assert heard[0] == ("order", "CancelAllBeforeLiq")
    assert ("execution", "BustTrade") in heard
    told = wallet(session)
    assert 0 <= float(told["totalWalletBalance"]) < 1
    assert (told["accountMMRate"], told["totalInitialMargin"]) == ("0", "0.00000000")
    log = session.get_transaction_log(accountType="UNIFIED")["result"]["list"]
    assert [line["type"] for line in log] == ["LIQUIDATION", "TRADE"]
    assert float(log[0]["cashBalance"]) == float(told["totalWalletBalance"])


def test_somebody_changes_the_mode_by_hand_and_it_survives(tmp_path: Path, replay_options: list[str]) -> None:
    for options in ([], ["--snapshot-every", "1"]):
        venue = VenueProcess(tmp_path / f"venue{len(options)}", *replay_options, *options)
        client = RawClient(venue, venue.account("flipped"))
        where = {"uid": client.account["uid"]}
        set_fault(venue, "margin_flip", where=where)
        assert client.get("/v5/account/info").json["result"]["marginMode"] == CROSS
        assert client.order(price="900").code == 0
        body = {"faults": [{"kind": "margin_flip", "where": where, "params": {"cross": False}}]}
        assert control(venue, "POST", "/faults", body).status == 409
        before = venue.call(f"/accounts/{client.account['uid']}")

        venue.stop(signal.SIGKILL)
        venue.start()

        assert venue.call(f"/accounts/{client.account['uid']}") == before
        assert client.get("/v5/account/info").json["result"]["marginMode"] == CROSS
        venue.stop()


def test_ccxt_sees_cross_margin(still_venue: VenueProcess) -> None:
    account = still_venue.account("cross ccxt")
    exchange = ccxt.bybit(ccxt_options(still_venue, account))
    exchange.load_markets()
    exchange.set_margin_mode("cross")
    exchange.create_order("ETH/USDT:USDT", "market", "buy", 20)

    (position,) = exchange.fetch_positions(["ETH/USDT:USDT"])

    assert position["initialMargin"] == pytest.approx(2_000, rel=0.01)
    assert 0 < position["liquidationPrice"] < position["entryPrice"]
    exchange.session.close()


def test_an_order_is_checked_beforehand(still_venue: VenueProcess) -> None:
    session = crossed(still_venue, "cross check")
    session.place_order(**ETH, side="Buy", orderType="Market", qty="10")
    order = {**ETH, "side": "Buy", "orderType": "Market", "qty": "10"}
    told = session.pre_check_order(**order)["result"]
    assert session.get_open_orders(**ETH)["result"]["list"] == []
    assert row(session)["size"] == "10.00"

    session.place_order(**order)

    after = wallet(session)
    assert 0 < told["preImrE4"] < told["postImrE4"] == round(float(after["accountIMRate"]) * 10_000)
    assert 0 < told["preMmrE4"] < told["postMmrE4"] == round(float(after["accountMMRate"]) * 10_000)
    with pytest.raises(InvalidRequestError, match="110007"):
        session.pre_check_order(**{**order, "qty": "500"})
