"""Unmodified pybit: conditional orders, attached and later stops, targets and trailing stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pybit.unified_trading import HTTP

from tests.venue.venues import PybitStream, VenueProcess, code_of

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
BUY = {**ORDER, "side": "Buy", "orderType": "Market", "qty": "1"}
RISING = {**BUY, "triggerPrice": "1005", "triggerDirection": 1}
FULL = {**ORDER, "tpslMode": "Full", "positionIdx": 0}


def position(session: HTTP) -> dict[str, Any]:
    (found,) = session.get_positions(**ORDER)["result"]["list"]
    assert isinstance(found, dict)
    return found


def play_until(venue: VenueProcess, session: HTTP, executions: int) -> list[dict[str, Any]]:
    """Step until that many executions happened; oldest first."""
    while True:
        found: list[dict[str, Any]] = session.get_executions(**ORDER)["result"]["list"]
        if len(found) >= executions:
            return found[::-1]
        assert venue.step() != ["end"]


def test_a_conditional_order_waits_among_the_stop_orders(trader: HTTP) -> None:
    trader.place_order(**RISING, orderLinkId="waits", triggerBy="MarkPrice")

    (waiting,) = trader.get_open_orders(**ORDER, orderFilter="StopOrder")["result"]["list"]
    assert (waiting["orderStatus"], waiting["stopOrderType"]) == ("Untriggered", "Stop")
    assert (waiting["triggerPrice"], waiting["triggerDirection"]) == ("1005.00", 1)
    assert waiting["triggerBy"] == "MarkPrice"
    assert trader.get_open_orders(**ORDER, orderFilter="Order")["result"]["list"] == []
    trader.amend_order(**ORDER, orderLinkId="waits", triggerPrice="1007.5", qty="2")
    (amended,) = trader.get_open_orders(**ORDER)["result"]["list"]
    assert (amended["triggerPrice"], amended["qty"]) == ("1007.50", "2.00")
    trader.cancel_order(**ORDER, orderLinkId="waits")
    (gone,) = trader.get_order_history(**ORDER, orderFilter="StopOrder")["result"]["list"]
    assert gone["orderStatus"] == "Deactivated"


def test_a_trigger_on_the_wrong_side_or_without_direction_is_refused(trader: HTTP) -> None:
    assert code_of(trader.place_order, **{**RISING, "triggerPrice": "990"}) == 110092
    assert code_of(trader.place_order, **{**RISING, "triggerDirection": 2}) == 110093
    assert code_of(trader.place_order, **{**RISING, "triggerDirection": 0}) == 10001
    assert code_of(trader.place_order, **{**RISING, "triggerBy": "MoonPrice"}) == 10001
    for _ in range(10):
        trader.place_order(**RISING)
    assert code_of(trader.place_order, **RISING) == 110009
    assert len(trader.cancel_all_orders(**ORDER, orderFilter="StopOrder")["result"]["list"]) == 10


def test_a_conditional_order_is_told_at_every_station(
    replay_venue: VenueProcess, stream: Callable[..., PybitStream], eventually: Callable[..., Any]
) -> None:
    account = replay_venue.account("stations")
    session = replay_venue.client(account)
    heard = stream(replay_venue, "private", account)
    heard.socket.order_stream(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: replay_venue.call(state)["topics"] == ["order"], timeout_s=30)

    session.place_order(**RISING, orderLinkId="waits", takeProfit="1030", stopLoss="950")
    (execution,) = play_until(replay_venue, session, 1)

    assert float(execution["execPrice"]) >= 1005
    eventually(lambda: "Filled" in [o["orderStatus"] for o in heard.data("order")], timeout_s=30)
    eventually(lambda: len(heard.data("order")) == 5, timeout_s=30)
    stations = [(o["orderStatus"], o["stopOrderType"]) for o in heard.data("order")]
    assert stations[:3] == [("Untriggered", "Stop"), ("Triggered", "Stop"), ("Filled", "Stop")]
    assert stations[3:] == [("Untriggered", "StopLoss"), ("Untriggered", "TakeProfit")]
    held = position(session)
    assert (held["takeProfit"], held["stopLoss"], held["size"]) == ("1030.00", "950.00", "1.00")


def test_a_target_closes_the_position(replay_venue: VenueProcess) -> None:
    session = replay_venue.client(replay_venue.account("target"))
    session.place_order(**BUY, takeProfit="1009", stopLoss="900")

    _, closing = play_until(replay_venue, session, 2)

    assert (closing["stopOrderType"], closing["createType"]) == ("TakeProfit", "CreateByTakeProfit")
    assert float(closing["closedSize"]) == 1
    assert float(session.get_closed_pnl(**ORDER)["result"]["list"][0]["closedPnl"]) > 0
    flat = position(session)
    assert (flat["size"], flat["takeProfit"], flat["stopLoss"]) == ("0.00", "0", "0")


def test_a_trailing_stop_follows_and_closes(replay_venue: VenueProcess) -> None:
    session = replay_venue.client(replay_venue.account("trails"))
    session.place_order(**BUY)
    session.set_trading_stop(**FULL, trailingStop="6", activePrice="1004")
    assert position(session)["trailingStop"] == "6.00"

    _, closing = play_until(replay_venue, session, 2)

    assert closing["stopOrderType"] == "TrailingStop"
    assert float(closing["execPrice"]) > 1000


def test_trading_stop_sets_leaves_and_clears(trader: HTTP) -> None:
    assert code_of(trader.set_trading_stop, **FULL, takeProfit="1100") == 10001  # nothing held
    trader.place_order(**BUY)

    trader.set_trading_stop(**FULL, takeProfit="1100", stopLoss="900", trailingStop="25")
    held = position(trader)
    assert (held["takeProfit"], held["stopLoss"], held["trailingStop"]) == ("1100.00", "900.00", "25.00")
    assert code_of(trader.set_trading_stop, **FULL, takeProfit="1100") == 34040
    assert code_of(trader.set_trading_stop, **FULL) == 34040
    assert code_of(trader.set_trading_stop, **FULL, takeProfit="990") == 10001
    assert code_of(trader.set_trading_stop, **FULL, trailingStop="5", activePrice="990") == 10001
    trader.set_trading_stop(**FULL, takeProfit="0", trailingStop="0")
    held = position(trader)
    assert (held["takeProfit"], held["stopLoss"], held["trailingStop"]) == ("0", "900.00", "0")
    assert code_of(trader.set_trading_stop, **{**FULL, "tpslMode": "Half"}, stopLoss="910") == 10001


def test_a_stop_tells_the_price_it_looks_at(trader: HTTP) -> None:
    trader.place_order(**ORDER, side="Buy", orderType="Market", qty="0.1")
    trader.set_trading_stop(**FULL, stopLoss="950", slTriggerBy="MarkPrice")
    assert code_of(trader.set_trading_stop, **FULL, stopLoss="950", slTriggerBy="MarkPrice") == 34040
    (order,) = trader.get_open_orders(**ORDER)["result"]["list"]
    assert (order["triggerPrice"], order["triggerBy"]) == ("950.00", "MarkPrice")

    trader.set_trading_stop(**FULL, stopLoss="950")
    (order,) = trader.get_open_orders(**ORDER)["result"]["list"]
    assert (order["triggerPrice"], order["triggerBy"]) == ("950.00", "LastPrice")
