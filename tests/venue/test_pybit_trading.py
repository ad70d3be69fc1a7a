"""Unmodified pybit over HTTP: batches, paging, filters, closed profits, modes, restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from tests.venue.venues import VenueProcess
from trading_core.simulator.arrival import MAX_ORDERS
from trading_core.venue.rest.batches import BATCH_MAX

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
LIMIT = {"symbol": SYMBOL, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}
UNKNOWN = "00000000-0000-4000-8000-000000000001"


def refused(call: Any, **params: Any) -> tuple[int, str]:
    with pytest.raises(InvalidRequestError) as caught:
        call(**params)
    return int(caught.value.status_code), str(caught.value.message)


def codes(answer: dict[str, Any]) -> list[int]:
    return [item["code"] for item in answer["retExtInfo"]["list"]]


def test_a_batch_tells_of_each_order_by_itself(trader: HTTP) -> None:
    bad = [{**LIMIT, "qty": "0.001"}, {**LIMIT, "symbol": "NOUSDT"}, {**LIMIT, "orderLinkId": "a"}]

    placed = trader.place_batch_order(
        category="linear", request=[{**LIMIT, "orderLinkId": "a"}, {**LIMIT, "orderLinkId": "b"}, *bad]
    )

    assert placed["retCode"] == 0
    assert codes(placed) == [0, 0, 10001, 10001, 110072]
    rows = placed["result"]["list"]
    assert [(r["orderLinkId"], bool(r["orderId"]), r["createAt"].isdigit()) for r in rows] == [
        ("a", True, True), ("b", True, True), ("", False, False), ("", False, False), ("a", False, False),
    ]  # fmt: skip
    amended = trader.amend_batch_order(
        category="linear",
        request=[
            {"symbol": SYMBOL, "orderId": rows[0]["orderId"], "price": "980"},
            {"symbol": SYMBOL, "orderLinkId": "never", "price": "980"},
        ],
    )
    assert codes(amended) == [0, 110001]
    (first,) = trader.get_open_orders(**ORDER, orderLinkId="a")["result"]["list"]
    assert first["price"] == "980.00"
    cancelled = trader.cancel_batch_order(
        category="linear",
        request=[{"symbol": SYMBOL, "orderLinkId": name} for name in ("a", "b", "a")],
    )
    assert codes(cancelled) == [0, 0, 110001]
    assert trader.get_open_orders(**ORDER)["result"]["list"] == []


def test_a_batch_holds_at_most_twenty_orders(trader: HTTP) -> None:
    code, message = refused(trader.place_batch_order, category="linear", request=[LIMIT] * (BATCH_MAX + 1))

    assert (code, "20" in message) == (10001, True)
    assert refused(trader.place_batch_order, category="linear", request=[])[0] == 10001
    assert refused(trader.cancel_batch_order, category="linear", request=["a"])[0] == 10001
    assert trader.get_open_orders(**ORDER)["result"]["list"] == []


def test_orders_are_paged_newest_first(trader: HTTP) -> None:
    for part in (range(15), range(15, 25)):
        trader.place_batch_order(
            category="linear", request=[{**LIMIT, "orderLinkId": f"n{k}", "qty": "0.01"} for k in part]
        )

    seen, cursor = [], ""
    while True:
        page = trader.get_open_orders(**ORDER, limit=10, cursor=cursor)["result"]
        seen += [order["orderLinkId"] for order in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break

    assert seen == [f"n{k}" for k in range(24, -1, -1)]
    gone = trader.cancel_all_orders(category="linear", baseCoin="ETH")["result"]
    assert len(gone["list"]) == 25
    assert trader.cancel_all_orders(category="linear", settleCoin="USDC")["result"]["list"] == []
    assert len(trader.get_order_history(category="linear", limit=50)["result"]["list"]) == 25
    assert len(trader.get_open_orders(**ORDER, openOnly=1, limit=50)["result"]["list"]) == 25


def test_five_hundred_orders_rest_on_a_symbol(trader: HTTP) -> None:
    tiny = {**LIMIT, "qty": "0.01"}
    for _ in range(MAX_ORDERS // BATCH_MAX):
        assert set(codes(trader.place_batch_order(category="linear", request=[tiny] * BATCH_MAX))) == {0}

    assert refused(trader.place_order, **{**ORDER, **tiny})[0] == 110020

    assert len(trader.cancel_all_orders(**ORDER)["result"]["list"]) == MAX_ORDERS
    trader.place_order(**{**ORDER, **tiny})


def test_queries_are_filtered(trader: HTTP) -> None:
    trader.place_order(**{**ORDER, **LIMIT}, orderLinkId="rests")
    trader.place_order(**{**ORDER, **LIMIT}, orderLinkId="gone")
    trader.cancel_order(**ORDER, orderLinkId="gone")

    def links(ask: Any, **params: Any) -> list[str]:
        return [o["orderLinkId"] for o in ask(category="linear", **params)["result"]["list"]]

    assert links(trader.get_open_orders, baseCoin="ETH") == ["rests"]
    assert links(trader.get_open_orders, settleCoin="USDC") == []
    assert links(trader.get_open_orders, symbol=SYMBOL, orderFilter="Order") == ["rests"]
    assert links(trader.get_open_orders, symbol=SYMBOL, orderFilter="StopOrder") == []
    assert links(trader.get_order_history, orderFilter="StopOrder") == []
    assert links(trader.get_order_history, orderStatus="Cancelled") == ["gone"]
    assert links(trader.get_order_history, orderStatus="Filled") == []
    assert links(trader.get_open_orders, symbol=SYMBOL, orderId=UNKNOWN) == []
    week = 7 * 86_400_000
    assert refused(trader.get_order_history, category="linear", startTime=1, endTime=2 + week)[0] == 10001
    assert refused(trader.get_executions, category="linear", startTime=2, endTime=1)[0] == 10001
    assert links(trader.get_order_history, endTime=1_700_000_000_000) == []
    assert refused(trader.get_open_orders, category="linear")[0] == 10001
    assert trader.get_open_orders(category="inverse", symbol="BTCUSD")["result"]["list"] == []


def test_closed_profit_is_told_per_closing_order(trader: HTTP) -> None:
    trader.set_leverage(**ORDER, buyLeverage="4", sellLeverage="4")
    trader.place_order(**ORDER, side="Buy", orderType="Market", qty="2")
    for qty in ("0.5", "1.5"):
        trader.place_order(**ORDER, side="Sell", orderType="Market", qty=qty, reduceOnly=True)

    whole, half = trader.get_closed_pnl(**ORDER)["result"]["list"]

    assert (half["side"], half["closedSize"], half["leverage"], half["fillCount"]) == (
        "Sell",
        "0.50",
        "4",
        "1",
    )
    assert (half["avgEntryPrice"], half["avgExitPrice"]) == ("1000.10000000", "999.9")
    # 0.5 x -0.2 of price, 0.5 x 1000.1 x 0.055 % to open it, 0.5 x 999.9 x 0.055 % to close it
    assert (half["closedPnl"], half["openFee"]) == ("-0.65000000", "0.27502750")
    (wallet,) = trader.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
    change = float(wallet["totalWalletBalance"]) - 10_000
    assert float(whole["closedPnl"]) + float(half["closedPnl"]) == pytest.approx(change, abs=1e-7)
    (older,) = trader.get_closed_pnl(**ORDER, limit=1, cursor=trader.get_closed_pnl(**ORDER, limit=1)[
        "result"]["nextPageCursor"])["result"]["list"]  # fmt: skip
    assert older == half
    assert trader.get_closed_pnl(**ORDER, endTime=1_700_000_000_000)["result"]["list"] == []


def test_transactions_are_filtered(trader: HTTP) -> None:
    trader.place_order(**ORDER, side="Buy", orderType="Market", qty="1")

    def count(**params: Any) -> int:
        return len(trader.get_transaction_log(**params)["result"]["list"])

    assert count(accountType="UNIFIED", category="linear", currency="USDT", baseCoin="ETH", type="TRADE") == 1
    for params in ({"type": "SETTLEMENT"}, {"currency": "USDC"}, {"category": "spot"}, {"baseCoin": "BTC"}):
        assert count(**params) == 0


def test_modes_that_are_not_served_are_refused_and_known_ones_are_no_news(trader: HTTP) -> None:
    assert trader.switch_position_mode(category="linear", coin="USDT", mode=0)["retCode"] == 0
    assert trader.switch_position_mode(category="linear", coin="USDT", mode="0")["retCode"] == 0
    assert refused(trader.switch_position_mode, **ORDER, mode=0)[0] == 110025
    assert refused(trader.switch_position_mode, **ORDER, mode=2)[0] == 10001
    assert refused(trader.place_order, **{**ORDER, **LIMIT}, positionIdx=1) == (
        10001, "position idx not match position mode",
    )  # fmt: skip
    assert refused(trader.pre_check_order, **{**ORDER, **LIMIT})[0] == 10001  # in isolated margin
    margin = {"tradeMode": 1, "buyLeverage": "10", "sellLeverage": "10"}
    assert refused(trader.switch_margin_mode, **ORDER, **margin)[0] == 110026
    assert trader.set_tp_sl_mode(**ORDER, tpSlMode="Full")["result"] == {"tpSlMode": "Full"}
    assert trader.set_risk_limit(**ORDER, riskId=1)["result"]["riskId"] == 1
    assert trader.confirm_new_risk_limit(**ORDER)["result"] == {}
    assert trader.set_auto_add_margin(**ORDER, autoAddMargin=0)["result"] == {}
    assert refused(trader.set_auto_add_margin, **ORDER, autoAddMargin=2)[0] == 10001


def test_what_is_not_served_is_refused_and_not_passed_over(trader: HTTP) -> None:
    code, message = refused(trader.place_order, **{**ORDER, **LIMIT}, bboSideType="Queue")

    assert (code, message) == (10001, "params error: bboSideType is not served by this venue")


def test_a_slippage_tolerance_is_kept(trader: HTTP) -> None:
    buy = {**ORDER, "side": "Buy", "orderType": "Market", "qty": "0.1"}

    for kind, given in (("TickSize", "10"), ("TickSize", 10), ("Percent", "0.01"), ("Percent", "1")):
        trader.place_order(**buy, slippageToleranceType=kind, slippageTolerance=given)
    assert {e["execPrice"] for e in trader.get_executions(**ORDER)["result"]["list"]} == {"1000.10"}
    trader.place_order(**buy, slippageToleranceType="TickSize", slippageTolerance="9", orderLinkId="narrow")
    (narrow,) = trader.get_open_orders(**ORDER, orderLinkId="narrow")["result"]["list"]
    assert (narrow["orderStatus"], narrow["cumExecQty"]) == ("Cancelled", "0.00")
    for kind, given in (
        ("TickSize", "0"), ("TickSize", "1.5"), ("TickSize", "10001"), ("Percent", "0.001"), ("Percent", "11"),
        ("Other", "1"),
    ):  # fmt: skip
        assert (
            refused(trader.place_order, **buy, slippageToleranceType=kind, slippageTolerance=given)[0]
            == 10001
        )


def test_unknown_fields_are_ignored_and_numbers_are_taken_for_texts(trader: HTTP) -> None:
    order = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": 0.1, "price": 990, "position_idx": 0}

    trader.place_order(**order, orderLinkId="odd", leverage="3", isLeverage="0", smpType="CancelMaker")

    (found,) = trader.get_open_orders(**ORDER, limit="1")["result"]["list"]
    assert (found["orderLinkId"], found["price"], found["qty"]) == ("odd", "990.00", "0.10")


def test_money_and_collateral_are_the_settle_coin(trader: HTTP) -> None:
    (held,) = trader.get_coins_balance(accountType="UNIFIED", coin="USDT")["result"]["balance"]
    assert (held["coin"], held["walletBalance"]) == ("USDT", "10000.00000000")
    (fund,) = trader.get_coins_balance(accountType="FUND", coin="USDT")["result"]["balance"]
    assert fund["walletBalance"] == "0"
    (collateral,) = trader.get_collateral_info()["result"]["list"]
    assert (collateral["currency"], collateral["collateralSwitch"]) == ("USDT", True)
    assert trader.get_collateral_info(currency="BTC")["result"]["list"] == []


def test_a_restart_keeps_everything_but_the_recently_closed(
    tmp_path: Path, replay_options: list[str]
) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    account = venue.account("alice")
    session = venue.client(account)
    session.place_order(**ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in")
    session.place_order(**ORDER, side="Sell", orderType="Market", qty="0.4", reduceOnly=True)
    session.place_order(**{**ORDER, **LIMIT}, orderLinkId="rests")
    asks: tuple[Callable[[HTTP], Any], ...] = (
        lambda s: s.get_order_history(category="linear"),
        lambda s: s.get_open_orders(**ORDER),
        lambda s: s.get_executions(category="linear"),
        lambda s: s.get_positions(**ORDER),
        lambda s: s.get_closed_pnl(category="linear"),
        lambda s: s.get_wallet_balance(accountType="UNIFIED"),
        lambda s: s.get_transaction_log(),
    )
    before = [ask(session)["result"] for ask in asks]
    assert len(session.get_open_orders(**ORDER, openOnly=1)["result"]["list"]) == 2

    venue.stop()
    venue.start()

    session = venue.client(account)
    assert [ask(session)["result"] for ask in asks] == before
    assert session.get_open_orders(**ORDER, openOnly=1)["result"]["list"] == []
    assert session.get_open_orders(**ORDER, orderLinkId="in")["result"]["list"] == []
    assert len(session.get_order_history(**ORDER, orderLinkId="in")["result"]["list"]) == 1
    session.cancel_order(**ORDER, orderLinkId="rests")
    assert len(session.get_open_orders(**ORDER, orderLinkId="rests")["result"]["list"]) == 1
    venue.stop()
