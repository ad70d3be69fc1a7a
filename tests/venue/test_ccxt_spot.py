"""Unmodified ccxt on the spot market: sync, async and pro."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from tests.venue.test_ccxt import options, sync_client
from tests.venue.venues import VenueProcess

SYMBOL = "ETH/USDT"
__all__ = ["sync_client"]


def spot_options(venue: VenueProcess, account: dict[str, str] | None = None) -> dict[str, Any]:
    return {**options(venue, account), "options": {"defaultType": "spot"}}


@pytest.fixture
def spot(still_venue: VenueProcess, sync_client: Callable[..., Any], request: pytest.FixtureRequest) -> Any:
    """ccxt with an account of the test's own, spot its default."""
    exchange = sync_client(still_venue, still_venue.account(request.node.name))
    exchange.options["defaultType"] = "spot"
    return exchange


def test_market_is_loaded_with_its_precision(spot: Any) -> None:
    market = spot.load_markets()[SYMBOL]

    assert (market["spot"], market["base"], market["quote"]) == (True, "ETH", "USDT")
    assert market["precision"] == {"amount": 0.00001, "price": 0.01}
    assert market["limits"]["cost"]["min"] == 5
    assert spot.fetch_ticker(SYMBOL)["last"] == 1000
    assert spot.fetch_trading_fee(SYMBOL)["taker"] == 0.001
    assert set(spot.fetch_currencies()) == {"USDT", "ETH"}


def test_buying_and_selling(spot: Any) -> None:
    bought = spot.create_order(SYMBOL, "market", "buy", 0.5, 1000)  # ccxt turns it into a cost of 500
    spot.create_order(SYMBOL, "market", "sell", 0.1)
    cost = spot.create_market_buy_order_with_cost(SYMBOL, 100)

    order = spot.fetch_order(bought["id"], SYMBOL, {"acknowledged": True})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.49995, 1000.1)
    assert spot.fetch_order(cost["id"], SYMBOL, {"acknowledged": True})["filled"] == 0.09999
    trades = spot.fetch_my_trades(SYMBOL)
    assert [(t["side"], t["amount"], t["fee"]["currency"]) for t in trades] == [
        ("buy", 0.49995, "ETH"), ("sell", 0.1, "USDT"), ("buy", 0.09999, "ETH"),
    ]  # fmt: skip
    assert spot.fetch_balance()["total"] == pytest.approx(
        {"USDT": 9_499.890106 - 0.000000001, "ETH": 0.49934006}
    )
    assert {row["currency"] for row in spot.fetch_ledger()} == {"ETH", "USDT"}


def test_limit_orders_from_placing_to_cancelling(spot: Any) -> None:
    placed = spot.create_order(SYMBOL, "limit", "buy", 0.2, 990, {"clientOrderId": "one"})
    spot.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.3, 985)

    (standing,) = spot.fetch_open_orders(SYMBOL)
    assert (standing["clientOrderId"], standing["price"], standing["amount"]) == ("one", 985, 0.3)
    assert spot.fetch_balance()["USDT"] == {"free": 9_704.5, "used": 295.5, "total": 10_000, "debt": 0}
    spot.cancel_order(placed["id"], SYMBOL)
    assert spot.fetch_canceled_orders(SYMBOL)[0]["status"] == "canceled"
    assert spot.fetch_balance()["USDT"]["free"] == 10_000
    with pytest.raises(ccxt.OrderNotFound):
        spot.cancel_order(placed["id"], SYMBOL)
    with pytest.raises(ccxt.InsufficientFunds):
        spot.create_order(SYMBOL, "limit", "buy", 900, 990)
    with pytest.raises(ccxt.InsufficientFunds):
        spot.create_order(SYMBOL, "limit", "sell", 1, 1010)
    post_only = spot.create_order(SYMBOL, "limit", "buy", 0.1, 1001, {"postOnly": True})
    assert spot.fetch_order(post_only["id"], SYMBOL, {"acknowledged": True})["status"] == "canceled"


async def test_async_client_trades_spot(still_venue: VenueProcess) -> None:
    exchange = ccxt.async_support.bybit(spot_options(still_venue, still_venue.account("ccxt-spot-async")))
    try:
        placed = await exchange.create_order(SYMBOL, "limit", "buy", 0.1, 990)
        assert [order["id"] for order in await exchange.fetch_open_orders(SYMBOL)] == [placed["id"]]
        await exchange.cancel_all_orders(SYMBOL)
        assert await exchange.fetch_open_orders(SYMBOL) == []
    finally:
        await exchange.close()


async def test_pro_watches_the_spot_market(free_venue: VenueProcess) -> None:
    exchange = ccxt.pro.bybit(spot_options(free_venue))
    try:
        book = await exchange.watch_order_book(SYMBOL, 50)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await exchange.watch_ticker(SYMBOL))["last"] > 0
        assert (await exchange.watch_trades(SYMBOL))[0]["symbol"] == SYMBOL
        assert len((await exchange.watch_ohlcv(SYMBOL, "1m"))[0]) == 6
    finally:
        await exchange.close()


async def test_pro_hears_its_spot_orders(still_venue: VenueProcess, eventually: Callable[..., Any]) -> None:
    account = still_venue.account("ccxt-spot-hears")
    exchange = ccxt.pro.bybit(spot_options(still_venue, account))
    try:
        await exchange.load_markets()
        watching = [
            asyncio.create_task(watch)
            for watch in (
                exchange.watch_orders(SYMBOL), exchange.watch_my_trades(SYMBOL), exchange.watch_balance(),
            )
        ]  # fmt: skip

        def listens() -> bool:
            topics = still_venue.call(f"/accounts/{account['uid']}")["topics"]
            return len(topics) >= len(watching)

        await asyncio.to_thread(eventually, listens, timeout_s=30)
        placed = await exchange.create_order(SYMBOL, "market", "buy", 0.5, 1000)

        orders, trades, balance = await asyncio.wait_for(asyncio.gather(*watching), 30)
        assert orders[0]["id"] == trades[0]["order"] == placed["id"]
        assert trades[0]["fee"]["currency"] == "ETH"
        assert balance["ETH"]["total"] == 0.49945005
    finally:
        await exchange.close()
