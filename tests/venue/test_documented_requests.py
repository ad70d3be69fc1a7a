"""Requests as the documentation's examples spell them, and as other clients do: more fields, other JSON types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.venue.raw import RawClient
from tests.venue.venues import VenueProcess

Body = dict[str, Any]

LINEAR = {"category": "linear", "symbol": "ETHUSDT"}
SPOT = {"category": "spot", "symbol": "ETHUSDT"}
OPEN = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "990"}

ORDERS: dict[str, Body] = {
    "linear, one-way, every optional field empty or at its default": {
        **OPEN, "timeInForce": "GTC", "positionIdx": 0, "orderLinkId": "", "reduceOnly": False, "closeOnTrigger": False,
        "isLeverage": 0, "orderFilter": "Order", "triggerPrice": "", "triggerDirection": 0, "triggerBy": "",
        "takeProfit": "", "stopLoss": "", "tpTriggerBy": "", "slTriggerBy": "", "tpslMode": "", "tpLimitPrice": "",
        "slLimitPrice": "", "tpOrderType": "", "slOrderType": "", "smpType": "None", "mmp": False, "orderIv": "",
        "slippageToleranceType": "", "slippageTolerance": "", "marketUnit": "", "bboSideType": "", "bboLevel": "",
    },
    "linear with stop and target": {
        **OPEN, "positionIdx": 0, "takeProfit": "1100", "stopLoss": "900", "tpslMode": "Full", "tpOrderType": "Market",
        "slOrderType": "Market", "tpTriggerBy": "MarkPrice", "slTriggerBy": "IndexPrice",
    },
    "linear, conditional": {
        **OPEN, "triggerPrice": "1005", "triggerDirection": 1, "triggerBy": "LastPrice", "price": "1006",
    },
    "linear at market with a tolerance": {
        **LINEAR, "side": "Buy", "orderType": "Market", "qty": "0.1", "slippageToleranceType": "Percent",
        "slippageTolerance": "0.5",
    },
    "spot, PostOnly": {
        **SPOT, "side": "Buy", "orderType": "Limit", "qty": "0.1", "price": "960", "timeInForce": "PostOnly",
        "isLeverage": 0, "orderFilter": "Order",
    },
    "spot at market, in the quote coin": {
        **SPOT, "side": "Buy", "orderType": "Market", "qty": "200", "timeInForce": "IOC", "isLeverage": 0,
        "orderFilter": "Order",
    },
}  # fmt: skip


def as_numbers(body: Body) -> Body:
    """Numbers instead of the texts that hold them."""

    def number(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return float(value)
        except ValueError:
            return value

    return {name: number(value) for name, value in body.items()}


def as_texts(body: Body) -> Body:
    """Texts instead of numbers and booleans."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}


def with_more(body: Body) -> Body:
    """Fields nobody knows, and some that other categories have."""
    more = {
        "position_idx": 0,
        "leverage": "5",
        "rpiTakerAccess": True,
        "unknown": {"deep": [1, None]},
        "note": None,
    }
    return {**more, **body}


SPELLINGS: dict[str, Callable[[Body], Body]] = {
    "as documented": dict,
    "numbers": as_numbers,
    "texts": as_texts,
    "more fields": with_more,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", ORDERS)
def test_orders_are_taken_however_they_are_spelled(
    still_venue: VenueProcess, name: str, spelling: str
) -> None:
    client = RawClient(still_venue, still_venue.account(f"documented-{name}-{spelling}"))

    answer = client.post("/v5/order/create", SPELLINGS[spelling](ORDERS[name]))

    assert (answer.status, answer.code) == (200, 0), answer.body
    order_id = answer.json["result"]["orderId"]
    query = urlencode({"category": ORDERS[name]["category"], "orderId": order_id})
    (row,) = client.get("/v5/order/realtime", query).json["result"]["list"]
    assert row["side"] == "Buy"
    plain = RawClient(still_venue, still_venue.account(f"documented-{name}-plain"))
    if spelling != "as documented":
        reference = plain.post("/v5/order/create", ORDERS[name])
        query = urlencode(
            {"category": ORDERS[name]["category"], "orderId": reference.json["result"]["orderId"]}
        )
        (expected,) = plain.get("/v5/order/realtime", query).json["result"]["list"]
        for field in ("orderId", "createdTime", "updatedTime"):
            del row[field], expected[field]
        assert row == expected


POSTS: list[tuple[str, Body, int]] = [
    ("/v5/order/amend", {**LINEAR, "orderLinkId": "known", "qty": "0.15", "price": "980"}, 0),
    (
        "/v5/order/amend",
        {**LINEAR, "orderLinkId": "known", "triggerPrice": "", "qty": "0.2", "price": 985},
        0,
    ),
    ("/v5/order/cancel", {**LINEAR, "orderLinkId": "known", "orderId": ""}, 0),
    ("/v5/order/cancel", {**LINEAR, "orderId": None, "orderLinkId": "known"}, 110001),
    ("/v5/order/cancel-all", {"category": "linear", "symbol": None, "settleCoin": "USDT"}, 0),
    ("/v5/order/cancel-all", {"category": "spot"}, 0),
    ("/v5/position/set-leverage", {**LINEAR, "buyLeverage": "6", "sellLeverage": "6"}, 0),
    ("/v5/position/set-leverage", {**LINEAR, "buyLeverage": 7, "sellLeverage": 7.0}, 0),
    ("/v5/position/switch-mode", {"category": "linear", "symbol": "", "coin": "USDT", "mode": 0}, 0),
    ("/v5/position/switch-mode", {"category": "linear", "coin": "USDT", "mode": "0"}, 0),
    ("/v5/position/set-auto-add-margin", {**LINEAR, "autoAddMargin": "0", "positionIdx": "0"}, 0),
    ("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN", "leverage": 5}, 0),
    ("/v5/order/disconnected-cancel-all", {"timeWindow": "40", "product": "DERIVATIVES"}, 0),
]


def test_other_calls_take_other_spellings(still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, still_venue.account("documented-posts"))
    assert client.order(price="990", orderLinkId="known").code == 0

    for path, body, code in POSTS:
        answer = client.post(path, body)
        assert (answer.status, answer.code) == (200, code), (path, body, answer.body)


QUERIES = [
    "/v5/order/realtime?category=linear&symbol=ETHUSDT&openOnly=0&limit=1",
    "/v5/order/realtime?category=linear&baseCoin=ETH&settleCoin=&symbol=&orderId=&orderLinkId=&cursor=",
    "/v5/order/realtime?category=spot&limit=50&orderFilter=Order",
    "/v5/order/history?category=linear&limit=1&startTime=&endTime=",
    "/v5/order/history?category=spot&orderStatus=Filled",
    "/v5/execution/list?category=linear&limit=200&execType=Trade",
    "/v5/execution/list?category=spot&symbol=ETHUSDT",
    "/v5/position/list?category=linear&settleCoin=USDT&limit=200&cursor=",
    "/v5/position/closed-pnl?category=linear&symbol=ETHUSDT&limit=1",
    "/v5/account/wallet-balance?accountType=UNIFIED&coin=BTC,USDT",
    "/v5/account/transaction-log?accountType=UNIFIED&category=linear&currency=USDT&type=TRADE&limit=50",
    "/v5/account/fee-rate?category=linear&symbol=ETHUSDT",
    "/v5/account/withdrawal?coinName=USDT,ETH",
    "/v5/account/instruments-info?category=linear&symbol=ETHUSDT&limit=1&cursor=",
    "/v5/user/query-api",
    "/v5/market/kline?category=linear&symbol=ETHUSDT&interval=1&start=&end=&limit=",
    "/v5/market/tickers?category=linear&symbol=&baseCoin=&expDate=",
    "/v5/market/instruments-info?category=linear&status=Trading&baseCoin=ETH&limit=&cursor=",
    "/v5/market/risk-limit?category=linear&symbol=ETHUSDT&cursor=",
    "/v5/market/funding/history?category=linear&symbol=ETHUSDT&limit=1&startTime=&endTime=",
    "/v5/market/open-interest?category=linear&symbol=ETHUSDT&intervalTime=5min&startTime=1669571100000",
    "/v5/market/historical-volatility?category=option&baseCoin=ETH&period=30",
    "/v5/market/orderbook?category=spot&symbol=ETHUSDT&limit=200&unknown=1",
]


def test_queries_with_empty_and_unknown_parameters(still_venue: VenueProcess) -> None:
    client = RawClient(still_venue, still_venue.account("documented-queries"))

    for query in QUERIES:
        path, _, parameters = query.partition("?")
        answer = client.get(path, parameters)
        assert (answer.status, answer.code) == (200, 0), (query, answer.body)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n ", " :\t")])
def test_the_body_is_signed_as_it_is_spelled(still_venue: VenueProcess, separators: tuple[str, str]) -> None:
    client = RawClient(still_venue, still_venue.account("documented-body"))

    answer = client.post("/v5/order/create", json.dumps(OPEN, separators=separators, ensure_ascii=False))

    assert answer.code == 0
