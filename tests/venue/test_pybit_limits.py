"""Unmodified pybit: what the venue takes at most, in price and in number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pybit.unified_trading import HTTP

from tests.venue.conftest import CANDLES
from tests.venue.venues import VenueProcess, code_of, write_candles

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
LIMIT = {**ORDER, "orderType": "Limit", "qty": "0.1"}


def test_the_limits_that_are_told_are_the_limits_that_hold(trader: HTTP) -> None:
    limits = trader.get_price_limit(**ORDER)["result"]
    ratios = trader.get_instruments_info(**ORDER)["result"]["list"][0]["riskParameters"]

    assert ratios == {"priceLimitRatioX": "0.02", "priceLimitRatioY": "0.04"}
    assert (limits["buyLmt"], limits["sellLmt"]) == ("1020.00", "980.00")
    assert code_of(trader.place_order, **LIMIT, side="Buy", price="1020.01") == 110003
    assert code_of(trader.place_order, **LIMIT, side="Sell", price="979.99") == 110003
    resting = trader.place_order(**LIMIT, side="Buy", price="990")["result"]["orderId"]
    assert code_of(trader.amend_order, **ORDER, orderId=resting, price="1020.01") == 110003
    trader.place_order(**LIMIT, side="Buy", price="1020")
    assert code_of(trader.place_order, **LIMIT, side="Sell", price="979.99", reduceOnly=True) == 110003


@pytest.fixture
def thin(tmp_path: Path) -> Iterator[VenueProcess]:
    """Five minutes of 10 ETH each, of which an account may take one."""
    file = write_candles(tmp_path, CANDLES, volume=10.0)
    options = ["--market", "replay", "--mode", "candles", "--candles", str(file)]
    venue = VenueProcess(tmp_path / "venue", *options)
    yield venue
    venue.stop()


def test_a_market_order_beyond_the_volume_is_cancelled_with_what_it_got(thin: VenueProcess) -> None:
    session = thin.client(thin.account("taker"))
    placed = session.place_order(**ORDER, side="Buy", orderType="Market", qty="1.5")["result"]["orderId"]
    again = session.place_order(**ORDER, side="Buy", orderType="Market", qty="1")["result"]["orderId"]
    killed = session.place_order(**{**LIMIT, "qty": "1"}, side="Buy", price="1001", timeInForce="FOK")[
        "result"
    ]

    def shown(number: str) -> tuple[str, ...]:
        (order,) = session.get_open_orders(**ORDER, orderId=number)["result"]["list"]
        return tuple(order[name] for name in ("orderStatus", "rejectReason", "cumExecQty", "leavesQty"))

    assert shown(placed) == ("Cancelled", "EC_NoImmediateQtyToFill", "1.00", "0.00")
    assert shown(again) == ("Cancelled", "EC_NoImmediateQtyToFill", "0.00", "0.00")
    assert shown(killed["orderId"]) == ("Cancelled", "EC_CancelForNoFullFill", "0.00", "0.00")


def test_a_resting_order_goes_on_being_filled_with_the_next_candle(thin: VenueProcess) -> None:
    session = thin.client(thin.account("maker"))
    session.place_order(**{**LIMIT, "qty": "1.5"}, side="Buy", price="999.8", orderLinkId="rests")

    def fill() -> dict[str, str]:
        while thin.step() != ["fill"]:
            pass
        (order,) = session.get_open_orders(**ORDER, orderLinkId="rests")["result"]["list"]
        assert isinstance(order, dict)
        return order

    first, second = fill(), fill()
    executions = session.get_executions(**ORDER)["result"]["list"]

    assert (first["orderStatus"], first["cumExecQty"], first["leavesQty"]) == (
        "PartiallyFilled",
        "1.00",
        "0.50",
    )
    assert (second["orderStatus"], second["cumExecQty"], second["leavesQty"]) == ("Filled", "1.50", "0.00")
    assert [(e["execQty"], e["leavesQty"], e["isMaker"]) for e in executions[::-1]] == [
        ("1.00", "0.50", True),
        ("0.50", "0.00", True),
    ]


def test_a_market_order_is_shown_with_the_limit_it_was_sent_at(trader: HTTP) -> None:
    buy = {**ORDER, "side": "Buy", "orderType": "Market", "qty": "1"}

    def price(**params: str) -> str:
        placed = trader.place_order(**{**buy, **params})["result"]["orderId"]
        (order,) = trader.get_open_orders(**ORDER, orderId=placed)["result"]["list"]
        return str(order["price"])

    assert price() == trader.get_price_limit(**ORDER)["result"]["buyLmt"]
    assert price(slippageToleranceType="TickSize", slippageTolerance="50") == "1000.51"
    assert price(triggerPrice="1100", triggerDirection="1") == "0.00"
    assert price(side="Sell", reduceOnly="true") == "980.00"


def test_reasons_of_orders_that_leave_at_once(trader: HTTP) -> None:
    def left(**params: str) -> tuple[str, str, str]:
        placed = trader.place_order(**LIMIT, side="Buy", **params)["result"]["orderId"]
        (order,) = trader.get_order_history(**ORDER, orderId=placed)["result"]["list"]
        return order["orderStatus"], order["rejectReason"], order["cancelType"]

    assert left(price="1001", timeInForce="PostOnly") == (
        "Cancelled",
        "EC_PostOnlyWillTakeLiquidity",
        "UNKNOWN",
    )
    assert left(price="999", timeInForce="IOC") == ("Cancelled", "EC_NoImmediateQtyToFill", "UNKNOWN")
    assert left(price="999", timeInForce="FOK") == ("Cancelled", "EC_CancelForNoFullFill", "UNKNOWN")
    assert left(price="1001", timeInForce="FOK") == ("Filled", "EC_NoError", "UNKNOWN")


def test_closing_the_whole_position_goes_as_far_as_one_order_may(still_venue: VenueProcess) -> None:
    session = still_venue.client(still_venue.account("closes a lot", "10000000"))
    session.set_leverage(**ORDER, buyLeverage="2", sellLeverage="2")
    for _ in range(2):
        session.place_order(**ORDER, side="Buy", orderType="Market", qty="700")

    close = {**ORDER, "side": "Sell", "orderType": "Market", "qty": "0", "reduceOnly": True}
    session.place_order(**close, closeOnTrigger=True)

    assert session.get_positions(**ORDER)["result"]["list"][0]["size"] == "676.00"  # 724 at most
