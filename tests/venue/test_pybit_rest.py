"""Unmodified pybit over HTTP: market data, orders, positions, account."""

from __future__ import annotations

import time

import pytest
from pybit import _helpers
from pybit.exceptions import FailedRequestError
from pybit.unified_trading import HTTP

from tests.venue.venues import VenueProcess, code_of

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}


def test_market_data_of_a_running_market(free_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = free_venue.url

    time = session.get_server_time()["result"]
    assert time["timeSecond"].isdigit()
    assert time["timeNano"].isdigit()
    listed = session.get_instruments_info(category="linear", limit=1)["result"]
    assert [i["symbol"] for i in listed["list"]] == ["BTCUSDT"]
    after = session.get_instruments_info(category="linear", limit=1, cursor=listed["nextPageCursor"])[
        "result"
    ]
    assert [i["symbol"] for i in after["list"]] == ["ETHUSDT"]
    assert after["nextPageCursor"] == ""
    assert session.get_instruments_info(category="option")["result"]["list"] == []
    assert session.get_instruments_info(category="linear", status="PreLaunch")["result"]["list"] == []
    ticker = session.get_tickers(category="linear", symbol="BTCUSDT")["result"]["list"][0]
    assert float(ticker["bid1Price"]) < float(ticker["lastPrice"]) < float(ticker["ask1Price"])
    book = session.get_orderbook(category="linear", symbol="BTCUSDT", limit=50)["result"]
    assert len(book["a"]) == len(book["b"]) == 50
    assert session.get_public_trade_history(category="linear", symbol="BTCUSDT")["result"]["list"]
    assert session.get_funding_rate_history(category="linear", symbol="BTCUSDT", limit=3)["result"]["list"]
    assert session.get_risk_limit(category="linear")["result"]["nextPageCursor"] == ""
    assert session.get_mark_price_kline(category="linear", symbol=SYMBOL, interval="60")["result"]["list"]


def test_klines_are_newest_first_and_page_from_a_start(free_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = free_venue.url
    start = free_venue.call("/status")["market"]["start_ms"] - 86_400_000

    rows = session.get_kline(category="linear", symbol=SYMBOL, interval=1, start=start, limit=3)["result"][
        "list"
    ]

    assert [int(row[0]) for row in rows] == [start + 120_000, start + 60_000, start]
    assert all(len(row) == 7 and all(isinstance(value, str) for value in row) for row in rows)
    wide = session.get_kline(category="linear", symbol=SYMBOL, interval=5, start=start, end=start + 3_600_000)
    times = [int(row[0]) for row in wide["result"]["list"]]
    assert times == sorted(times, reverse=True)
    assert all(t % 300_000 == 0 and start <= t <= start + 3_600_000 for t in times)
    assert len(session.get_kline(category="linear", symbol=SYMBOL, interval="D")["result"]["list"]) >= 3


def test_klines_of_a_replay_are_the_files_own_numbers(replay_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = replay_venue.url
    replay_venue.step(2)

    rows = session.get_kline(category="linear", symbol=SYMBOL, interval=1)["result"]["list"]

    assert [row[1:6] for row in rows] == [
        ["1000", "1010", "999.5", "1008", "50000"],
        ["1000", "1001", "999", "1000", "50000"],
    ]


def test_order_life_place_amend_query_cancel(trader: HTTP) -> None:
    placed = trader.place_order(
        **ORDER, side="Buy", orderType="Limit", qty="0.10", price="990", orderLinkId="one", stopLoss="900"
    )["result"]
    assert placed["orderLinkId"] == "one"

    assert trader.amend_order(**ORDER, orderLinkId="one", price="991.00", qty=0.2)["result"] == placed
    (order,) = trader.get_open_orders(category="linear", settleCoin="USDT")["result"]["list"]
    assert (order["price"], order["qty"], order["orderStatus"]) == ("991.00", "0.20", "New")
    assert order["stopLoss"] == "900.00"
    trader.cancel_order(**ORDER, orderId=placed["orderId"])

    assert trader.get_open_orders(**ORDER)["result"]["list"] == []
    (gone,) = trader.get_open_orders(**ORDER, orderId=placed["orderId"])["result"]["list"]
    assert (gone["orderStatus"], gone["cancelType"]) == ("Cancelled", "CancelByUser")
    (kept,) = trader.get_order_history(**ORDER, orderLinkId="one")["result"]["list"]
    assert kept == gone
    assert code_of(trader.cancel_order, **ORDER, orderLinkId="one") == 110001
    assert code_of(trader.amend_order, **ORDER, orderLinkId="never", price="1") == 110001
    again = {"side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "990", "orderLinkId": "one"}
    assert code_of(trader.place_order, **ORDER, **again) == 110072


def test_market_order_position_stop_and_wallet(trader: HTTP) -> None:
    trader.set_leverage(**ORDER, buyLeverage="2", sellLeverage="2")
    assert code_of(trader.set_leverage, **ORDER, buyLeverage="2", sellLeverage="2") == 110043

    order_id = trader.place_order(
        **ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in", stopLoss="950.00"
    )["result"]["orderId"]

    (order,) = trader.get_open_orders(**ORDER, orderId=order_id)["result"]["list"]
    assert (order["orderStatus"], order["avgPrice"]) == ("Filled", "1000.1")
    (execution,) = trader.get_executions(category="linear")["result"]["list"]
    assert (execution["execPrice"], execution["execFee"]) == ("1000.10", "0.55005500")
    assert (execution["orderLinkId"], execution["isMaker"]) == ("in", False)
    (position,) = trader.get_positions(**ORDER)["result"]["list"]
    assert (position["side"], position["size"], position["stopLoss"]) == ("Buy", "1.00", "950.00")
    assert (position["leverage"], position["positionIM"]) == ("2", "500.05000000")
    assert code_of(trader.set_trading_stop, **ORDER, stopLoss="950", positionIdx=0, tpslMode="Full") == 34040
    assert code_of(trader.set_trading_stop, **ORDER, stopLoss="1001", positionIdx=0, tpslMode="Full") == 10001
    trader.set_trading_stop(**ORDER, stopLoss="960", positionIdx=0, tpslMode="Full")
    assert trader.get_positions(**ORDER)["result"]["list"][0]["stopLoss"] == "960.00"
    wallet = trader.get_wallet_balance(accountType="UNIFIED", coin="USDT")["result"]["list"][0]
    assert wallet["coin"][0]["walletBalance"] == "9999.44994500"
    assert wallet["totalAvailableBalance"] == "9499.39994500"
    (booked,) = trader.get_transaction_log(accountType="UNIFIED")["result"]["list"]
    assert (booked["type"], booked["change"], booked["cashBalance"]) == (
        "TRADE",
        "-0.55005500",
        "9999.44994500",
    )
    trader.place_order(**ORDER, side="Sell", orderType="Market", qty="1", reduceOnly=True)
    assert trader.get_positions(category="linear", settleCoin="USDT")["result"]["list"] == []
    (flat,) = trader.get_positions(**ORDER)["result"]["list"]
    assert (flat["side"], flat["size"], flat["liqPrice"]) == ("", "0.00", "")


def test_refusals_have_bybits_codes(trader: HTTP) -> None:
    buy = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}

    assert code_of(trader.place_order, **{**buy, "qty": "0.001"}) == 10001
    assert code_of(trader.place_order, **{**buy, "price": "990.001"}) == 10001
    assert code_of(trader.place_order, **{**buy, "price": "1"}) == 110094
    assert code_of(trader.place_order, **{**buy, "qty": "500"}) == 110007
    assert code_of(trader.place_order, **{**buy, "reduceOnly": True}) == 110017
    assert code_of(trader.place_order, **{**buy, "positionIdx": 1}) == 10001
    assert code_of(trader.place_order, **{**buy, "symbol": "NOPEUSDT"}) == 10001
    assert code_of(trader.place_order, **{**buy, "orderLinkId": "x" * 37}) == 10001
    assert code_of(trader.place_order, **{**buy, "stopLoss": "995"}) == 10001
    assert code_of(trader.place_order, **{**buy, "takeProfit": "980"}) == 10001
    assert code_of(trader.place_order, **{**buy, "category": "inverse"}) == 10001
    assert code_of(trader.set_leverage, **ORDER, buyLeverage="101", sellLeverage="101") == 110013
    assert code_of(trader.switch_position_mode, **ORDER, mode=0) == 110025
    assert code_of(trader.get_open_orders, category="linear") == 10001
    assert trader.get_open_orders(category="linear", settleCoin="USDC")["result"]["list"] == []
    assert trader.place_order(**buy, position_idx=0, unknown="ignored")["retCode"] == 0


def test_account_endpoints(trader: HTTP) -> None:
    assert trader.get_account_info()["result"]["marginMode"] == "ISOLATED_MARGIN"
    assert trader.switch_position_mode(category="linear", coin="USDT", mode=0)["retCode"] == 0
    assert trader.set_margin_mode(setMarginMode="ISOLATED_MARGIN")["result"] == {"reasons": []}
    assert code_of(trader.set_margin_mode, setMarginMode="PORTFOLIO_MARGIN") == 3400045
    (fee,) = trader.get_fee_rates(category="linear", symbol=SYMBOL)["result"]["list"]
    assert (fee["takerFeeRate"], fee["makerFeeRate"]) == ("0.00055", "0.0002")
    key = trader.get_api_key_information()["result"]
    assert key["permissions"]["Wallet"] == []
    assert (key["readOnly"], key["uta"]) == (0, 1)
    assert trader.get_coin_info()["result"]["rows"]


def test_lists_page_newest_first(trader: HTTP) -> None:
    for index in range(7):
        trader.place_order(
            **ORDER, side="Buy", orderType="Limit", qty="0.1", price="900", orderLinkId=f"n{index}"
        )
    seen: list[str] = []
    cursor = ""
    while True:
        page = trader.get_open_orders(**ORDER, limit=3, cursor=cursor)["result"]
        seen += [o["orderLinkId"] for o in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break

    assert seen == [f"n{index}" for index in range(6, -1, -1)]
    assert len(trader.cancel_all_orders(category="linear", settleCoin="USDT")["result"]["list"]) == 7


def test_keys_are_checked(still_venue: VenueProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    account = still_venue.account("bob")
    assert still_venue.account("bob") == account
    assert code_of(still_venue.client({**account, "api_secret": "wrong"}).get_account_info) == 10004
    assert code_of(still_venue.client({**account, "api_key": "unknown"}).get_account_info) == 10003
    late = still_venue.client(account)
    late.retry_codes = {1}
    monkeypatch.setattr(_helpers, "generate_timestamp", lambda: time.time_ns() // 1_000_000 - 6_000)
    assert code_of(late.get_account_info) == 10002
    monkeypatch.undo()
    status, body = still_venue.raw("GET", "/v5/account/info")
    assert (status, b'"retCode":10001' in body) == (200, True)


def test_answers_carry_rate_limit_headers(still_venue: VenueProcess) -> None:
    account = still_venue.account("carol")
    session = HTTP(api_key=account["api_key"], api_secret=account["api_secret"], return_response_headers=True)
    session.endpoint = still_venue.url

    _, _, headers = session.get_positions(**ORDER)

    assert headers["X-Bapi-Limit"] == "50"
    assert headers["X-Bapi-Limit-Status"].isdigit()
    assert headers["X-Bapi-Limit-Reset-Timestamp"].isdigit()


def test_unknown_path_is_not_found(still_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = still_venue.url

    with pytest.raises(FailedRequestError) as caught:
        session.get_rpi_orderbook(category="linear", symbol="ETHUSDT", limit=1)
    assert caught.value.status_code == 404
