"""Small Bybit payloads, in the shapes of the v5 documentation."""

from __future__ import annotations

from typing import Any

from trading_core.exchanges.bybit.parse import instrument_of
from trading_core.market.instrument import Instrument

INSTRUMENT_ROW: dict[str, Any] = {
    "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
    "quoteCoin": "USDT", "settleCoin": "USDT", "priceScale": "2", "launchTime": "1585526400000",
    "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {
        "minOrderQty": "0.001", "maxOrderQty": "1190.000", "maxMktOrderQty": "500.000",
        "qtyStep": "0.001", "minNotionalValue": "5",
    },
    "fundingInterval": 480,
}  # fmt: skip
BTC: Instrument = instrument_of(INSTRUMENT_ROW)
INSTRUMENTS = {"BTCUSDT": BTC}


def order_row(**changes: Any) -> dict[str, Any]:
    """An order as REST and the order stream tell it."""
    return {
        "category": "linear", "symbol": "BTCUSDT", "orderId": "o-1", "orderLinkId": "A1-LINK",
        "side": "Buy", "orderType": "Limit", "orderStatus": "New", "price": "60000.10", "qty": "0.005",
        "cumExecQty": "0.000", "reduceOnly": False, "rejectReason": "EC_NoError", "cancelType": "UNKNOWN",
        "stopOrderType": "", "createdTime": "1700000000000", "updatedTime": "1700000000005",
    } | changes  # fmt: skip


def execution_row(**changes: Any) -> dict[str, Any]:
    """An execution as REST and the execution stream tell it."""
    return {
        "category": "linear", "symbol": "BTCUSDT", "execId": "e-1", "orderId": "o-1",
        "orderLinkId": "A1-LINK", "side": "Buy", "execType": "Trade", "execPrice": "60000.10",
        "execQty": "0.005", "execFee": "0.165000275", "isMaker": False, "stopOrderType": "UNKNOWN",
        "execTime": "1700000000006", "seq": 7,
    } | changes  # fmt: skip


def position_row(**changes: Any) -> dict[str, Any]:
    """A position as REST and the position stream tell it."""
    return {
        "category": "linear", "symbol": "BTCUSDT", "positionIdx": 0, "side": "Sell", "size": "0.010",
        "avgPrice": "60000.05", "leverage": "2", "stopLoss": "61000.00", "liqPrice": "", "seq": 9,
        "updatedTime": "1700000000007",
    } | changes  # fmt: skip
