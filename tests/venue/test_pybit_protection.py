"""Unmodified pybit: the protection of a position as orders that are listed, told and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pybit.unified_trading import HTTP

from tests.venue.test_pybit_stops import BUY, FULL, ORDER, play_until, position
from tests.venue.venues import PybitStream, VenueProcess, code_of


def waiting(session: HTTP, **more: Any) -> dict[str, dict[str, Any]]:
    """Orders that wait for a trigger, by their kind."""
    rows = session.get_open_orders(**ORDER, orderFilter="StopOrder", **more)["result"]["list"]
    return {row["stopOrderType"]: row for row in rows}


def test_stop_target_and_trailing_stop_are_listed(trader: HTTP) -> None:
    trader.place_order(**BUY, takeProfit="1100", stopLoss="900")
    trader.set_trading_stop(**FULL, trailingStop="25", activePrice="1050")

    listed = waiting(trader)

    assert set(listed) == {"StopLoss", "TakeProfit", "TrailingStop"}
    stop = listed["StopLoss"]
    assert (stop["orderStatus"], stop["createType"], stop["side"]) == (
        "Untriggered",
        "CreateByStopLoss",
        "Sell",
    )
    assert (stop["triggerPrice"], stop["triggerDirection"], stop["qty"]) == ("900.00", 2, "1.00")
    assert (stop["reduceOnly"], stop["closeOnTrigger"], stop["orderType"]) == (True, True, "Market")
    assert (stop["orderLinkId"], stop["tpslMode"], stop["leavesQty"]) == ("", "Full", "1.00")
    assert (listed["TakeProfit"]["triggerPrice"], listed["TakeProfit"]["triggerDirection"]) == ("1100.00", 1)
    assert listed["TrailingStop"]["triggerPrice"] == "1050.00"
    assert set(waiting(trader, stopOrderType="StopLoss")) == {"StopLoss"}
    assert trader.get_open_orders(**ORDER, orderFilter="Order")["result"]["list"] == []
    assert trader.get_open_orders(**ORDER, orderFilter="tpslOrder")["result"]["list"] == []  # spot's


def test_protection_is_cancelled_and_moved_by_its_order_id(trader: HTTP) -> None:
    trader.place_order(**BUY, stopLoss="900")
    stop = waiting(trader)["StopLoss"]["orderId"]

    trader.amend_order(**ORDER, orderId=stop, triggerPrice="910")
    assert position(trader)["stopLoss"] == "910.00"
    assert waiting(trader)["StopLoss"]["triggerPrice"] == "910.00"
    assert code_of(trader.amend_order, **ORDER, orderId=stop, triggerPrice="1010") == 10001
    assert code_of(trader.amend_order, **ORDER, orderId=stop, qty="0.5") == 10001
    trader.cancel_order(**ORDER, orderId=stop)

    assert position(trader)["stopLoss"] == "0"
    (gone,) = trader.get_order_history(**ORDER, orderId=stop)["result"]["list"]
    assert (gone["orderStatus"], gone["cancelType"]) == ("Deactivated", "CancelByUser")
    assert code_of(trader.cancel_order, **ORDER, orderId=stop) == 110001


def test_cancel_all_takes_the_protection_too_unless_it_is_told_not_to(trader: HTTP) -> None:
    trader.place_order(**BUY, stopLoss="900", takeProfit="1100")
    trader.place_order(**BUY, triggerPrice="1005", triggerDirection=1)

    only_conditional = trader.cancel_all_orders(**ORDER, orderFilter="StopOrder", stopOrderType="Stop")
    assert len(only_conditional["result"]["list"]) == 1
    assert set(waiting(trader)) == {"StopLoss", "TakeProfit"}
    trader.cancel_all_orders(**ORDER)

    assert waiting(trader) == {}
    assert (position(trader)["stopLoss"], position(trader)["takeProfit"]) == ("0", "0")


def test_they_are_told_from_birth_to_end(
    replay_venue: VenueProcess, stream: Callable[..., PybitStream], eventually: Callable[..., Any]
) -> None:
    account = replay_venue.account("told")
    session = replay_venue.client(account)
    heard = stream(replay_venue, "private", account)
    heard.socket.order_stream(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: replay_venue.call(state)["topics"] == ["order"], timeout_s=30)

    session.place_order(**BUY, takeProfit="1009", stopLoss="900")
    play_until(replay_venue, session, 2)

    eventually(lambda: len(heard.data("order")) == 6, timeout_s=30)
    told = [(o["stopOrderType"], o["orderStatus"], o["cancelType"]) for o in heard.data("order")]
    assert told == [
        ("", "New", "UNKNOWN"),
        ("", "Filled", "UNKNOWN"),
        ("StopLoss", "Untriggered", "UNKNOWN"),
        ("TakeProfit", "Untriggered", "UNKNOWN"),
        ("TakeProfit", "Filled", "UNKNOWN"),
        ("StopLoss", "Deactivated", "CancelByTpSlTsClear"),
    ]
    target, closing = heard.data("order")[3], heard.data("order")[4]
    assert target["orderId"] == closing["orderId"]
    assert session.get_open_orders(**ORDER)["result"]["list"] == []


def test_they_survive_a_restart(replay_venue: VenueProcess) -> None:
    account = replay_venue.account("restarted")
    replay_venue.client(account).place_order(**BUY, stopLoss="900")
    before = waiting(replay_venue.client(account))

    replay_venue.stop()
    replay_venue.start()

    assert waiting(replay_venue.client(account)) == before


PARTIAL = {**ORDER, "tpslMode": "Partial", "positionIdx": 0}


def test_a_part_of_a_position_has_orders_of_its_own(trader: HTTP) -> None:
    trader.place_order(**BUY)

    trader.set_trading_stop(
        **PARTIAL, takeProfit="1100", stopLoss="900", tpSize="0.4", slSize="0.4", tpOrderType="Limit",
        tpLimitPrice="1099", slTriggerBy="MarkPrice",
    )  # fmt: skip

    listed = waiting(trader)
    stop, target = listed["PartialStopLoss"], listed["PartialTakeProfit"]
    assert (stop["qty"], stop["triggerPrice"], stop["triggerBy"]) == ("0.40", "900.00", "MarkPrice")
    assert (stop["orderType"], stop["createType"], stop["tpslMode"]) == (
        "Market", "CreateByPartialStopLoss", "Partial",
    )  # fmt: skip
    assert (target["orderType"], target["price"], target["triggerPrice"]) == ("Limit", "1099.00", "1100.00")
    assert position(trader)["stopLoss"] == "0"
    trader.cancel_order(**ORDER, orderId=target["orderId"])
    assert waiting(trader) == {}


def test_what_partial_protection_may_not_be(trader: HTTP) -> None:
    trader.place_order(**BUY)
    both = {"takeProfit": "1100", "stopLoss": "900", "tpSize": "0.1", "slSize": "0.1"}

    def code(**params: Any) -> int:
        return code_of(trader.set_trading_stop, **PARTIAL, **params)

    assert code(**{**both, "slSize": "0.2"}) == 10001
    assert code(takeProfit="1100") == 10001  # no size
    assert code(takeProfit="0", tpSize="0.1") == 10001
    assert code(**both, trailingStop="5") == 10001
    assert code(**both, tpOrderType="Limit") == 10001  # no price
    assert code(takeProfit="1100", tpSize="1.5") == 110058
    assert code() == 34040
    assert code_of(trader.set_trading_stop, **FULL, takeProfit="1100", tpOrderType="Limit") == 10001
    for _ in range(20):
        trader.set_trading_stop(**PARTIAL, **both)
    assert code(**both) == 110061


def test_an_order_brings_partial_protection_and_is_amended(trader: HTTP) -> None:
    placed = trader.place_order(
        **{**BUY, "orderType": "Limit", "price": "990"}, tpslMode="Partial", takeProfit="1100", stopLoss="900",
        slOrderType="Limit", slLimitPrice="899", orderLinkId="brings",
    )["result"]  # fmt: skip

    def shown() -> tuple[str, ...]:
        (order,) = trader.get_open_orders(**ORDER, orderId=placed["orderId"])["result"]["list"]
        names = ("tpslMode", "takeProfit", "stopLoss", "slLimitPrice", "tpTriggerBy")
        return tuple(order[name] for name in names)

    assert shown() == ("Partial", "1100.00", "900.00", "899.00", "LastPrice")
    trader.amend_order(**ORDER, orderLinkId="brings", takeProfit="1200", stopLoss="0")
    assert shown() == ("Partial", "1200.00", "", "899.00", "LastPrice")
    trader.amend_order(
        **ORDER, orderLinkId="brings", tpslMode="Full", stopLoss="910", tpTriggerBy="IndexPrice"
    )
    assert shown() == ("Full", "1200.00", "910.00", "", "IndexPrice")
    assert code_of(trader.amend_order, **ORDER, orderLinkId="brings", stopLoss="995") == 10001


def test_filled_partial_protection_of_an_order(replay_venue: VenueProcess) -> None:
    session = replay_venue.client(replay_venue.account("brings"))
    session.place_order(**BUY)
    session.place_order(**{**BUY, "qty": "0.5"}, tpslMode="Partial", takeProfit="1009", stopLoss="900")

    closing = play_until(replay_venue, session, 3)[-1]

    assert (closing["stopOrderType"], closing["createType"]) == (
        "PartialTakeProfit", "CreateByPartialTakeProfit",
    )  # fmt: skip
    assert (float(closing["closedSize"]), position(session)["size"]) == (0.5, "1.00")
    assert waiting(session) == {}
    rows = session.get_order_history(**ORDER, orderFilter="StopOrder")["result"]["list"]
    (stop,) = [row for row in rows if row["stopOrderType"] == "PartialStopLoss"]
    assert stop["cancelType"] == "CancelByOCOSlCanceledByTpTriggered"
