"""Private topics: what each change of an order, an execution or a position is told as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.venue.venues import PybitStream, VenueProcess

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
LIMIT = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}
Open = Callable[..., PybitStream]
Eventually = Callable[..., Any]


def listening(
    venue: VenueProcess, account: dict[str, str], stream: Open, eventually: Eventually, *names: str
) -> PybitStream:
    """A pybit socket that hears these of its streams."""
    heard = stream(venue, "private", account)
    for name in names:
        getattr(heard.socket, name)(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: len(venue.call(state)["topics"]) == len(names), timeout_s=30)
    return heard


def test_a_position_is_told_with_every_change_of_an_order(
    still_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = still_venue.account("told-positions")
    heard = listening(still_venue, account, stream, eventually, "order_stream", "position_stream")
    client = still_venue.client(account)

    client.place_order(**LIMIT, orderLinkId="one")
    client.amend_order(**ORDER, orderLinkId="one", qty="0.2")
    client.cancel_order(**ORDER, orderLinkId="one")

    eventually(lambda: len(heard.topics()) == 6, timeout_s=30)
    assert heard.topics() == ["order", "position"] * 3
    assert [o["orderStatus"] for o in heard.data("order")] == ["New", "New", "Cancelled"]
    for position in heard.data("position"):
        numbers = (
            "size",
            "entryPrice",
            "liqPrice",
            "positionValue",
            "unrealisedPnl",
            "leverage",
            "takeProfit",
        )
        assert all(float(position[name]) >= 0 for name in numbers)
        assert position["side"] == ""


def test_an_order_that_is_refused_by_the_book_is_told_with_its_reason(
    still_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = still_venue.account("told-refused")
    heard = listening(still_venue, account, stream, eventually, "order_stream")
    client = still_venue.client(account)

    client.place_order(**{**LIMIT, "price": "1010", "timeInForce": "PostOnly"})
    client.place_order(**{**LIMIT, "price": "990", "timeInForce": "IOC"})

    eventually(lambda: len(heard.topics()) == 4, timeout_s=30)
    assert [(o["orderStatus"], o["rejectReason"]) for o in heard.data("order")] == [
        ("New", "EC_NoError"), ("Cancelled", "EC_PostOnlyWillTakeLiquidity"),
        ("New", "EC_NoError"), ("Cancelled", "EC_NoImmediateQtyToFill"),
    ]  # fmt: skip


def test_a_fast_execution_never_names_a_makers_link(
    replay_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = replay_venue.account("fast")
    heard = listening(replay_venue, account, stream, eventually, "fast_execution_stream", "position_stream")
    client = replay_venue.client(account)
    client.place_order(**ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="takes")
    client.place_order(**{**LIMIT, "side": "Sell", "qty": "1", "price": "1005"}, orderLinkId="makes")

    while "fill" not in replay_venue.step():
        pass

    eventually(lambda: len(heard.data("execution.fast")) == 2, timeout_s=30)
    taken, made = heard.data("execution.fast")
    assert [(e["isMaker"], e["orderLinkId"]) for e in (taken, made)] == [(False, "takes"), (True, "")]
    eventually(lambda: heard.data("position")[-1]["side"] == "", timeout_s=30)
    assert heard.data("position")[-1]["seq"] == made["seq"]
    assert all("id" not in m for m in heard.heard if m["topic"] == "execution.fast")


def test_the_categorised_topic_tells_the_same(
    still_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = still_venue.account("categorised")
    heard = stream(still_venue, "private", account)
    heard.socket.fast_execution_stream(heard.hear, categorised_topic="linear")
    state = f"/accounts/{account['uid']}"
    eventually(lambda: still_venue.call(state)["topics"] == ["execution.fast.linear"], timeout_s=30)

    still_venue.client(account).place_order(**ORDER, side="Buy", orderType="Market", qty="1")

    eventually(lambda: heard.topics() == ["execution.fast.linear"], timeout_s=30)


def test_the_last_push_of_a_closing_order_tells_its_profit(
    still_venue: VenueProcess, stream: Open, eventually: Eventually
) -> None:
    account = still_venue.account("told-profit")
    heard = listening(still_venue, account, stream, eventually, "order_stream")
    client = still_venue.client(account)

    client.place_order(**ORDER, side="Buy", orderType="Market", qty="1")
    client.place_order(**ORDER, side="Sell", orderType="Market", qty="1", reduceOnly=True)

    eventually(lambda: len(heard.topics()) == 4, timeout_s=30)
    (closed,) = client.get_closed_pnl(**ORDER)["result"]["list"]
    assert heard.data("order")[-1]["closedPnl"] == closed["closedPnl"]
    assert [o["price"] for o in heard.data("order")] == ["1020.00", "1020.00", "980.00", "980.00"]
