"""Hedge mode over HTTP and streams: two positions of a symbol, each with its own index."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import ccxt
import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from tests.venue.raw import RawClient, control, private_socket, set_fault
from tests.venue.test_ccxt import options as ccxt_options
from tests.venue.venues import VenueProcess, code_of

LINEAR = {"category": "linear"}
ETH = {**LINEAR, "symbol": "ETHUSDT"}
MARKET = {**ETH, "orderType": "Market"}
MISMATCH = "position idx not match position mode"


@pytest.fixture
def hedger(trader: HTTP) -> HTTP:
    """One ETH long beside half of one short."""
    trader.switch_position_mode(**ETH, mode=3)
    trader.place_order(**MARKET, side="Buy", qty="1", positionIdx=1)
    trader.place_order(**MARKET, side="Sell", qty="0.5", positionIdx=2)
    return trader


def positions(session: HTTP, **query: str) -> list[tuple[int, str, str]]:
    asked = query or {"symbol": "ETHUSDT"}
    rows = session.get_positions(**LINEAR, **asked)["result"]["list"]
    return [(row["positionIdx"], row["side"], row["size"]) for row in rows]


def test_two_positions_stand_beside_each_other(hedger: HTTP) -> None:
    assert positions(hedger) == [(1, "Buy", "1.00"), (2, "Sell", "0.50")]
    assert positions(hedger, settleCoin="USDT") == [(1, "Buy", "1.00"), (2, "Sell", "0.50")]

    hedger.place_order(**MARKET, side="Sell", qty="0.4", positionIdx=1)
    hedger.place_order(**MARKET, side="Buy", qty="9", positionIdx=2, reduceOnly=True)

    assert positions(hedger) == [(1, "Buy", "0.60"), (2, "", "0.00")]
    assert code_of(hedger.place_order, **MARKET, side="Buy", qty="1", positionIdx=2) == 110017
    closed = hedger.get_closed_pnl(**ETH)["result"]["list"]
    assert [(row["side"], row["closedSize"]) for row in closed] == [("Buy", "0.50"), ("Sell", "0.40")]


def test_orders_name_their_side(hedger: HTTP) -> None:
    for index, side, price in ((1, "Buy", "990"), (2, "Sell", "1010"), (2, "Buy", "985")):
        hedger.place_order(**ETH, side=side, orderType="Limit", qty="0.1", price=price, positionIdx=index)
    orders = hedger.get_open_orders(**ETH)["result"]["list"]
    assert [(o["positionIdx"], o["side"], o["reduceOnly"]) for o in orders] == [
        (2, "Buy", True), (2, "Sell", False), (1, "Buy", False),
    ]  # fmt: skip

    hedger.amend_order(**ETH, orderId=orders[1]["orderId"], price="1012")
    hedger.cancel_order(**ETH, orderId=orders[2]["orderId"])
    assert [o["price"] for o in hedger.get_open_orders(**ETH)["result"]["list"]] == ["985.00", "1012.00"]
    assert len(hedger.cancel_all_orders(**ETH)["result"]["list"]) == 2


def test_an_index_of_the_other_mode_is_refused(hedger: HTTP, still_venue: VenueProcess) -> None:
    one_way = still_venue.client(still_venue.account("one way"))
    for session, index in ((hedger, 0), (one_way, 1), (one_way, 2)):
        for call, params in (
            (session.place_order, {**MARKET, "side": "Buy", "qty": "1"}),
            (session.set_trading_stop, {**ETH, "tpslMode": "Full", "stopLoss": "900"}),
        ):
            with pytest.raises(InvalidRequestError) as caught:
                call(**params, positionIdx=index)
            assert (caught.value.status_code, caught.value.message) == (10001, MISMATCH)
    assert code_of(hedger.place_order, **MARKET, side="Buy", qty="1") == 10001
    assert code_of(hedger.place_order, **MARKET, side="Buy", qty="1", positionIdx=3) == 10001


def test_mode_of_a_symbol_waits_until_nothing_stands_on_it(hedger: HTTP) -> None:
    assert code_of(hedger.switch_position_mode, **ETH, mode=3) == 110025
    assert code_of(hedger.switch_position_mode, **ETH, mode=0) == 110024
    hedger.place_order(**MARKET, side="Sell", qty="0", positionIdx=1, reduceOnly=True, closeOnTrigger=True)
    hedger.place_order(**MARKET, side="Buy", qty="0", positionIdx=2, reduceOnly=True, closeOnTrigger=True)
    hedger.place_order(**ETH, side="Buy", orderType="Limit", qty="1", price="990", positionIdx=1)
    assert code_of(hedger.switch_position_mode, **ETH, mode=0) == 110028
    hedger.cancel_all_orders(**ETH)
    hedger.switch_position_mode(**ETH, mode=0)
    assert [row[0] for row in positions(hedger)] == [0]


def test_mode_by_coin_leaves_what_is_in_use(hedger: HTTP) -> None:
    assert hedger.switch_position_mode(**LINEAR, coin="USDT", mode=0)["retCode"] == 0
    assert [row[0] for row in positions(hedger)] == [1, 2]
    hedger.place_order(**MARKET, side="Sell", qty="1", positionIdx=1)
    hedger.place_order(**MARKET, side="Buy", qty="0.5", positionIdx=2)
    for mode, indexes in ((0, [0]), (3, [1, 2]), (3, [1, 2]), (0, [0])):
        assert hedger.switch_position_mode(**LINEAR, coin="USDT", mode=mode)["retCode"] == 0
        assert [row[0] for row in positions(hedger)] == indexes


def test_sides_have_leverage_and_stops_of_their_own(hedger: HTTP) -> None:
    hedger.set_leverage(**ETH, buyLeverage="5", sellLeverage="7")
    assert code_of(hedger.set_leverage, **ETH, buyLeverage="5", sellLeverage="7") == 110043
    hedger.set_leverage(**ETH, buyLeverage="5", sellLeverage="8")
    assert code_of(hedger.set_leverage, **ETH, buyLeverage="6", sellLeverage="101") == 110013
    hedger.set_trading_stop(**ETH, tpslMode="Full", positionIdx=1, stopLoss="950")
    hedger.set_trading_stop(**ETH, tpslMode="Full", positionIdx=2, stopLoss="1050", takeProfit="900")

    long, short = hedger.get_positions(**ETH)["result"]["list"]

    assert (long["leverage"], long["stopLoss"], long["takeProfit"]) == ("5", "950.00", "0")
    assert (short["leverage"], short["stopLoss"], short["takeProfit"]) == ("8", "1050.00", "900.00")
    assert float(long["liqPrice"]) < 1000 < float(short["liqPrice"])


def test_cross_margin_wants_equal_leverage(trader: HTTP) -> None:
    trader.switch_position_mode(**ETH, mode=3)
    trader.set_margin_mode(setMarginMode="REGULAR_MARGIN")
    assert code_of(trader.set_leverage, **ETH, buyLeverage="5", sellLeverage="7") == 10001
    trader.set_leverage(**ETH, buyLeverage="5", sellLeverage="5")
    trader.place_order(**MARKET, side="Buy", qty="10", positionIdx=1)
    trader.place_order(**MARKET, side="Sell", qty="10", positionIdx=2)
    long, short = trader.get_positions(**ETH)["result"]["list"]
    assert long["liqPrice"] == ""
    assert float(short["liqPrice"]) > 50_000  # only the growing maintenance margin can end it


def test_settings_of_a_symbol_are_told_for_both_sides(trader: HTTP, still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, still_venue.account("symbol info"))
    body = {"category": "linear", "symbol": "ETHUSDT", "mode": 3}
    assert client.post("/v5/position/switch-mode", body).code == 0
    rows = client.get("/v5/position/symbol-info", "category=linear&symbol=ETHUSDT").json["result"]["list"]
    assert [(row["positionIdx"], row["side"], row["leverage"]) for row in rows] == [
        (1, "Buy", "10"), (2, "Sell", "10"),
    ]  # fmt: skip


async def test_streams_tell_which_side(still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, still_venue.account("hedge stream"))
    client.post("/v5/position/switch-mode", {"category": "linear", "coin": "USDT", "mode": 3})
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, still_venue, client.account, "order", "position")
        client.order(orderType="Market", side="Buy", qty="1", positionIdx=1)
        client.order(side="Sell", price="1010", qty="1", positionIdx=2)
        heard = [
            (f["topic"], e["positionIdx"], e["side"]) for f in await socket.until_pong() for e in f["data"]
        ]
    assert ("position", 1, "Buy") in heard
    assert ("order", 2, "Sell") in heard
    assert ("position", 2, "") in heard


def test_what_happens_to_a_hedge_and_survives(tmp_path: Path, replay_options: list[str]) -> None:
    for number, extra in enumerate(([], ["--snapshot-every", "2"])):
        venue = VenueProcess(tmp_path / f"venue-{number}", *replay_options, *extra)
        client = RawClient(venue, venue.account("hedged", "100000"))
        where: dict[str, Any] = {"uid": client.account["uid"], "symbol": "ETHUSDT"}
        set_fault(venue, "position_flip", where=where)
        for index, side in ((1, "Buy"), (2, "Sell")):
            assert client.order(orderType="Market", side=side, qty="0.04", positionIdx=index).code == 0
        flip = {"faults": [{"kind": "position_flip", "where": where, "params": {"hedged": False}}]}
        assert control(venue, "POST", "/faults", flip).status == 409
        set_fault(venue, "leverage_flip", where=where, params={"leverage": 5})
        set_fault(venue, "funding", where=where)
        client.order(side="Sell", price="1020", qty="0.06", positionIdx=2)
        set_fault(venue, "partial_fill", where=where, params={"lots": 2})
        set_fault(venue, "manual_trade", where=where, params={"side": "Sell", "lots": 1})
        set_fault(venue, "adl", where=where, params={"lots": 1})
        session = venue.client(client.account)
        assert positions(session) == [(1, "Buy", "0.03"), (2, "Sell", "0.07")]
        set_fault(venue, "liquidation", where=where)
        assert positions(session)[0][1] == ""
        before = venue.call(f"/accounts/{client.account['uid']}")

        venue.stop(signal.SIGKILL)
        venue.start()

        assert venue.call(f"/accounts/{client.account['uid']}") == before
        assert [row[0] for row in positions(venue.client(client.account))] == [1, 2]
        venue.stop()


def test_ccxt_trades_a_hedge(still_venue: VenueProcess) -> None:
    exchange = ccxt.bybit(ccxt_options(still_venue, still_venue.account("hedge ccxt")))
    exchange.load_markets()
    symbol = "ETH/USDT:USDT"
    exchange.set_position_mode(True, symbol)
    exchange.create_order(symbol, "market", "buy", 1, params={"hedged": True})
    exchange.create_order(symbol, "market", "sell", 0.5, params={"hedged": True})

    held = {p["side"]: (p["contracts"], p["hedged"]) for p in exchange.fetch_positions([symbol])}

    assert held == {"long": (1.0, True), "short": (0.5, True)}
    exchange.create_order(symbol, "market", "sell", 1, params={"hedged": True, "reduceOnly": True})
    assert [p["side"] for p in exchange.fetch_positions() if p["contracts"]] == ["short"]
    exchange.session.close()


def test_a_part_of_a_side_is_protected(hedger: HTTP) -> None:
    part = {**ETH, "tpslMode": "Partial", "positionIdx": 2, "slSize": "0.2", "stopLoss": "1050"}
    hedger.set_trading_stop(**part)
    (order,) = hedger.get_open_orders(**ETH)["result"]["list"]
    assert (order["positionIdx"], order["side"], order["qty"], order["triggerPrice"]) == (
        2,
        "Buy",
        "0.20",
        "1050.00",
    )

    hedger.cancel_order(**ETH, orderId=order["orderId"])
    hedger.set_trading_stop(**ETH, tpslMode="Full", positionIdx=2, stopLoss="1060")
    (order,) = hedger.get_open_orders(**ETH)["result"]["list"]
    assert (order["positionIdx"], order["stopOrderType"], order["qty"]) == (2, "StopLoss", "0.50")
    hedger.cancel_order(**ETH, orderId=order["orderId"])
    assert hedger.get_positions(**ETH)["result"]["list"][1]["stopLoss"] == "0"


def test_a_delisted_symbol_lets_each_side_be_closed(tmp_path: Path, replay_options: list[str]) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    client = RawClient(venue, venue.account("leaving"))
    client.post("/v5/position/switch-mode", {"category": "linear", "coin": "USDT", "mode": 3})
    assert client.order(orderType="Market", side="Buy", qty="0.02", positionIdx=1).code == 0
    set_fault(venue, "delisting", where={"symbol": "ETHUSDT"}, params={"status": "Delivering"})
    assert client.order(orderType="Market", side="Sell", qty="0.02", positionIdx=2).code == 110023
    assert client.order(orderType="Market", side="Sell", qty="0.02", positionIdx=1).code == 0
    assert positions(venue.client(client.account))[0][1] == ""
    venue.stop()
