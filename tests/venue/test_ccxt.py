"""Unmodified ccxt, told nothing but the address: sync, async and pro."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest

from tests.venue.venues import VenueProcess

SYMBOL = "ETH/USDT:USDT"


def options(venue: VenueProcess, account: dict[str, str] | None = None) -> dict[str, Any]:
    """What ccxt is given: the address, keys if there are any, and perpetuals as its market type."""
    http, ws = venue.url, venue.url.replace("http", "ws")
    private = f"{ws}/v5/private"
    keys = {} if account is None else {"apiKey": account["api_key"], "secret": account["api_secret"]}
    streams = {
        "public": {name: f"{ws}/v5/public/{name}" for name in ("spot", "linear", "inverse", "option")},
        "private": {
            "contract": private, "usdc": private, "spot": {"unified": private, "nonUnified": private},
            "trade": f"{ws}/v5/trade",
        },
    }  # fmt: skip
    api = dict.fromkeys(("public", "private", "spot", "futures", "v2"), http) | {"ws": streams}
    return {**keys, "urls": {"api": api}, "options": {"defaultType": "swap"}}


@pytest.fixture
def sync_client() -> Iterator[Callable[..., Any]]:
    """Open synchronous clients that are closed at the end."""
    opened: list[Any] = []

    def open_client(venue: VenueProcess, account: dict[str, str] | None = None) -> Any:
        opened.append(ccxt.bybit(options(venue, account)))
        return opened[-1]

    yield open_client
    for exchange in opened:
        exchange.session.close()


def test_market_data(free_venue: VenueProcess, sync_client: Callable[..., Any]) -> None:
    exchange = sync_client(free_venue)

    markets = exchange.load_markets()

    assert markets[SYMBOL]["swap"]
    assert markets[SYMBOL]["linear"]
    ticker = exchange.fetch_ticker(SYMBOL)
    assert 0 < ticker["bid"] < ticker["ask"]
    book = exchange.fetch_order_book(SYMBOL, limit=25)
    assert len(book["bids"]) == len(book["asks"]) == 25
    candles = exchange.fetch_ohlcv(SYMBOL, "1m", limit=5)
    assert len(candles) == 5
    assert [row[0] for row in candles] == sorted(row[0] for row in candles)
    assert exchange.fetch_trades(SYMBOL)
    assert exchange.fetch_funding_rate(SYMBOL)["symbol"] == SYMBOL
    assert abs(exchange.fetch_time() - exchange.milliseconds()) < 60_000


def test_account_before_any_trade(still_venue: VenueProcess, sync_client: Callable[..., Any]) -> None:
    exchange = sync_client(still_venue, still_venue.account("ccxt-new"))

    assert exchange.fetch_balance()["USDT"]["total"] == 10_000
    assert exchange.fetch_balance({"type": "funding"})["USDT"]["total"] == 0
    assert exchange.fetch_positions() == []
    assert exchange.fetch_open_orders(SYMBOL) == []
    assert exchange.fetch_closed_orders(SYMBOL) == []
    assert exchange.fetch_trading_fee(SYMBOL)["taker"] == 0.00055
    assert exchange.fetch_trading_fees()[SYMBOL]["maker"] == 0.0002
    assert exchange.fetch_leverage(SYMBOL)["longLeverage"] == 10
    assert exchange.fetch_market_leverage_tiers(SYMBOL)[0]["maxLeverage"] > 1
    assert exchange.set_margin_mode("isolated", SYMBOL, {"leverage": 5})["retCode"] == 0
    assert exchange.cancel_all_orders_after(10_000)["retCode"] == 0


def test_order_life(still_venue: VenueProcess, sync_client: Callable[..., Any]) -> None:
    exchange = sync_client(still_venue, still_venue.account("ccxt-life"))

    placed = exchange.create_order(SYMBOL, "limit", "buy", 0.1, 990, {"clientOrderId": "one"})
    exchange.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.2, 985)

    (standing,) = exchange.fetch_open_orders(SYMBOL)
    assert (standing["id"], standing["clientOrderId"]) == (placed["id"], "one")
    assert (standing["price"], standing["amount"], standing["status"]) == (985, 0.2, "open")
    assert exchange.fetch_open_order(placed["id"], SYMBOL)["id"] == placed["id"]
    assert exchange.fetch_order(placed["id"], SYMBOL, {"acknowledged": True})["status"] == "open"
    exchange.cancel_order(placed["id"], SYMBOL)
    (gone,) = exchange.fetch_canceled_orders(SYMBOL)
    assert gone["status"] == "canceled"
    exchange.create_orders(
        [
            {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.1, "price": 980 + k}
            for k in range(2)
        ]
    )
    assert len(exchange.fetch_open_orders(SYMBOL)) == 2
    exchange.cancel_all_orders(SYMBOL)
    assert exchange.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.OrderNotFound):
        exchange.cancel_order(placed["id"], SYMBOL)
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(SYMBOL, "limit", "buy", 900, 990)


def test_position_from_entry_to_close(still_venue: VenueProcess, sync_client: Callable[..., Any]) -> None:
    exchange = sync_client(still_venue, still_venue.account("ccxt-position"))
    exchange.set_leverage(4, SYMBOL)
    exchange.set_position_mode(hedged=False)

    bought = exchange.create_order(SYMBOL, "market", "buy", 1, None, {"stopLoss": {"triggerPrice": 900}})

    (position,) = exchange.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"], position["leverage"]) == ("long", 1, 4)
    assert (position["entryPrice"], position["stopLossPrice"]) == (1000.1, 900)
    assert exchange.fetch_position(SYMBOL)["contracts"] == 1
    (trade,) = exchange.fetch_my_trades(SYMBOL)
    assert (trade["order"], trade["price"], trade["takerOrMaker"]) == (bought["id"], 1000.1, "taker")
    assert trade["fee"] == {"cost": 0.550055, "currency": "USDT", "rate": 0.00055}
    assert exchange.fetch_closed_order(bought["id"], SYMBOL)["status"] == "closed"
    exchange.create_order(SYMBOL, "market", "sell", 1, None, {"reduceOnly": True})
    assert exchange.fetch_positions([SYMBOL])[0]["contracts"] in (0, None)
    (history,) = exchange.fetch_positions_history([SYMBOL])
    assert history["symbol"] == SYMBOL
    assert {row["type"] for row in exchange.fetch_ledger()} == {"trade"}
    assert exchange.fetch_balance()["USDT"]["total"] < 10_000


def test_stop_orders(still_venue: VenueProcess, sync_client: Callable[..., Any]) -> None:
    exchange = sync_client(still_venue, still_venue.account("ccxt-stops"))
    exchange.create_order(
        SYMBOL, "market", "buy", 1, None,
        {"stopLoss": {"triggerPrice": 900}, "takeProfit": {"triggerPrice": 1100}},
    )  # fmt: skip
    (position,) = exchange.fetch_positions([SYMBOL])
    assert (position["stopLossPrice"], position["takeProfitPrice"]) == (900, 1100)

    stop = exchange.create_order(SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 950})
    exchange.create_order(
        SYMBOL, "limit", "buy", 1, 1006, {"triggerPrice": 1005, "triggerDirection": "ascending"}
    )

    waiting = {
        order["triggerPrice"]: order for order in exchange.fetch_open_orders(SYMBOL, params={"trigger": True})
    }
    assert set(waiting) == {900, 950, 1005, 1100}
    assert waiting[900]["reduceOnly"]
    assert waiting[900]["amount"] == 1
    assert waiting[950]["id"] == stop["id"]
    assert waiting[950]["reduceOnly"]
    exchange.edit_order(stop["id"], SYMBOL, "market", "sell", 1, None, {"triggerPrice": 940})
    assert exchange.fetch_open_order(stop["id"], SYMBOL, {"trigger": True})["triggerPrice"] == 940
    exchange.cancel_all_orders(SYMBOL, {"trigger": True})
    assert exchange.fetch_open_orders(SYMBOL, params={"trigger": True}) == []
    (position,) = exchange.fetch_positions([SYMBOL])
    assert (position["stopLossPrice"], position["takeProfitPrice"]) == (0, 0)


async def test_async_client_trades(still_venue: VenueProcess) -> None:
    exchange = ccxt.async_support.bybit(options(still_venue, still_venue.account("ccxt-async")))
    try:
        await exchange.load_markets()
        placed = await exchange.create_order(SYMBOL, "limit", "buy", 0.1, 990)
        (standing,) = await exchange.fetch_open_orders(SYMBOL)
        assert standing["id"] == placed["id"]
        await exchange.cancel_order(placed["id"], SYMBOL)
        assert (await exchange.fetch_balance())["USDT"]["free"] == 10_000
    finally:
        await exchange.close()


async def test_pro_watches_the_market(free_venue: VenueProcess) -> None:
    exchange = ccxt.pro.bybit(options(free_venue))
    try:
        book = await exchange.watch_order_book(SYMBOL, 50)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await exchange.watch_ticker(SYMBOL))["last"] > 0
        assert (await exchange.watch_trades(SYMBOL))[0]["symbol"] == SYMBOL
        assert len((await exchange.watch_ohlcv(SYMBOL, "1m"))[0]) == 6
    finally:
        await exchange.close()


async def test_pro_orders_by_websocket(still_venue: VenueProcess) -> None:
    exchange = ccxt.pro.bybit(options(still_venue, still_venue.account("ccxt-ws")))
    try:
        await exchange.load_markets()
        placed = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.1, 990)
        edited = await exchange.edit_order_ws(placed["id"], SYMBOL, "limit", "buy", 0.2, 985)
        assert edited["id"] == placed["id"]
        (standing,) = await exchange.fetch_open_orders(SYMBOL)
        assert (standing["id"], standing["price"], standing["amount"]) == (placed["id"], 985, 0.2)
        assert (await exchange.cancel_order_ws(placed["id"], SYMBOL))["id"] == placed["id"]
        with pytest.raises(ccxt.OrderNotFound):
            await exchange.cancel_order_ws(placed["id"], SYMBOL)
    finally:
        await exchange.close()


async def test_pro_hears_what_it_trades(still_venue: VenueProcess, eventually: Callable[..., Any]) -> None:
    account = still_venue.account("ccxt-hears")
    exchange = ccxt.pro.bybit(options(still_venue, account))
    exchange.options["watchPositions"] = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
    try:
        await exchange.load_markets()
        watching = [
            asyncio.create_task(watch)
            for watch in (
                exchange.watch_orders(SYMBOL), exchange.watch_positions([SYMBOL]),
                exchange.watch_my_trades(SYMBOL), exchange.watch_balance(),
            )
        ]  # fmt: skip

        def listens() -> bool:
            topics = still_venue.call(f"/accounts/{account['uid']}")["topics"]
            return set(topics) >= {"order", "position", "execution", "wallet"}

        await asyncio.to_thread(eventually, listens, timeout_s=30)

        placed = await exchange.create_order(SYMBOL, "market", "buy", 1)

        orders, positions, trades, balance = await asyncio.wait_for(asyncio.gather(*watching), 30)
        assert orders[0]["id"] == trades[0]["order"] == placed["id"]
        assert (positions[0]["symbol"], positions[0]["contracts"], positions[0]["side"]) == (
            SYMBOL,
            1,
            "long",
        )
        assert balance["USDT"]["total"] == 9_999.349945  # after the fee, bought at 1000.1 and worth 1000
    finally:
        await exchange.close()
