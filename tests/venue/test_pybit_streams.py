"""Unmodified pybit over WebSocket: private and public streams."""

from __future__ import annotations

from collections.abc import Callable

from tests.venue.venues import PybitStream, VenueProcess

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
Open = Callable[..., PybitStream]
Eventually = Callable[..., object]


def private(
    venue: VenueProcess, stream: Open, account: dict[str, str], eventually: Eventually
) -> PybitStream:
    heard: PybitStream = stream(venue, "private", account)
    for subscribe in ("order_stream", "execution_stream", "position_stream", "wallet_stream"):
        getattr(heard.socket, subscribe)(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: len(venue.call(state)["topics"]) == 4, timeout_s=30)
    assert venue.call("/status")["accounts"][account["uid"]] == ""
    return heard


def test_private_streams_tell_a_fill_in_order(
    replay_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = replay_venue.account("alice")
    heard = private(replay_venue, stream, account, eventually)

    replay_venue.client(account).place_order(
        **ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in", stopLoss="950"
    )

    eventually(lambda: len(heard.topics()) == 6, timeout_s=30)
    assert heard.topics() == ["order", "execution", "order", "position", "wallet", "order"]
    assert [o["orderStatus"] for o in heard.data("order")] == ["New", "Filled", "Untriggered"]
    stop = heard.data("order")[-1]
    assert (stop["stopOrderType"], stop["triggerPrice"], stop["side"]) == ("StopLoss", "950.00", "Sell")
    (position,) = heard.data("position")
    assert (position["size"], position["stopLoss"]) == ("1.00", "950.00")
    assert "" not in [position[k] for k in ("size", "entryPrice", "positionValue", "liqPrice", "markPrice")]
    last = heard.heard[-1]["id"]
    assert len({m["id"] for m in heard.heard}) == 6
    assert replay_venue.call("/status")["accounts"][account["uid"]] == last


def test_nobody_listens_is_told_as_null(
    replay_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = replay_venue.account("alice")
    assert replay_venue.call("/status")["accounts"] == {account["uid"]: None}
    heard = private(replay_venue, stream, account, eventually)

    heard.close()

    eventually(lambda: replay_venue.call("/status")["accounts"][account["uid"]] is None)


def test_accounts_never_hear_of_each_other(
    replay_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    alice, bob = replay_venue.account("alice"), replay_venue.account("bob")
    hers, his = (private(replay_venue, stream, who, eventually) for who in (alice, bob))

    for who in (alice, bob):
        replay_venue.client(who).place_order(**ORDER, side="Buy", orderType="Market", qty="1")

    eventually(lambda: len(hers.topics()) == len(his.topics()) == 5, timeout_s=30)
    ids = [{d["orderId"] for d in heard.data("order")} for heard in (hers, his)]
    assert not ids[0] & ids[1]


def test_public_stream_of_a_replay_tells_each_close_once(
    replay_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    heard: PybitStream = stream(replay_venue, "linear")
    heard.socket.kline_stream(1, SYMBOL, heard.hear)
    heard.socket.kline_stream(5, SYMBOL, heard.hear)
    eventually(lambda: replay_venue.call("/status")["public"] == {"listeners": 1, "topics": 2})

    assert replay_venue.step(6) == ["candle"] * 5 + ["end"]

    eventually(lambda: len(heard.topics()) >= 6, timeout_s=30)
    minutes = heard.data(f"kline.1.{SYMBOL}")
    assert [(k["open"], k["close"], k["confirm"]) for k in minutes] == [
        ("1000", "1000", True), ("1000", "1008", True), ("1008", "1001", True),
        ("1001", "960", True), ("960", "965", True),
    ]  # fmt: skip
    assert replay_venue.call("/status")["last_closed"] == {SYMBOL: minutes[-1]["start"]}


def test_running_market_moves_books_trades_tickers_and_candles(
    free_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    heard: PybitStream = stream(free_venue, "linear")
    heard.socket.kline_stream(1, "BTCUSDT", heard.hear)
    heard.socket.ticker_stream("BTCUSDT", heard.hear)
    heard.socket.trade_stream("BTCUSDT", heard.hear)
    heard.socket.orderbook_stream(50, "BTCUSDT", heard.hear)
    heard.socket.orderbook_stream(1, "BTCUSDT", heard.hear)

    def lively() -> bool:
        topics = heard.topics()
        wanted = ("kline.1", "tickers", "publicTrade", "orderbook.50", "orderbook.1")
        return all(topics.count(f"{name}.BTCUSDT") >= 3 for name in wanted)

    eventually(lively, timeout_s=30)
    assert heard.socket.wst.is_alive()
    books = [m["data"] for m in list(heard.heard) if m["topic"] == "orderbook.50.BTCUSDT"]
    assert len(books[-1]["b"]) == len(books[-1]["a"]) == 50
    prices = {k["close"] for k in heard.data("kline.1.BTCUSDT")}
    assert len(prices) > 1


def test_running_market_fills_what_it_trades_through(
    free_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = free_venue.account("dana")
    session = free_venue.client(account)
    heard = private(free_venue, stream, account, eventually)
    last = float(session.get_tickers(category="linear", symbol=SYMBOL)["result"]["list"][0]["lastPrice"])

    for away in (0.2, 0.5, 1.0, 2.0):
        for side, price in (("Buy", last - away), ("Sell", last + away)):
            session.place_order(
                **ORDER,
                side=side,
                orderType="Limit",
                qty="0.01",
                price=f"{price:.2f}",
                timeInForce="PostOnly",
            )

    eventually(lambda: heard.data("execution"), timeout_s=60)
    assert heard.data("execution")[0]["isMaker"]
