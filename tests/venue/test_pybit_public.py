"""Unmodified pybit on public data: every endpoint and topic that is served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pybit.unified_trading import HTTP

from tests.venue.venues import PybitStream, VenueProcess

SYMBOL = "BTCUSDT"
LINEAR = {"category": "linear", "symbol": SYMBOL}
SPOT = {"category": "spot", "symbol": SYMBOL}
Open = Callable[..., PybitStream]
Eventually = Callable[..., object]


@pytest.fixture
def session(free_venue: VenueProcess) -> HTTP:
    client = HTTP()
    client.endpoint = free_venue.url
    return client


def listed(answer: dict[str, Any]) -> list[Any]:
    assert answer["retCode"] == 0
    rows: list[Any] = answer["result"]["list"]
    return rows


@pytest.mark.parametrize("params", [LINEAR, SPOT])
def test_market_data(session: HTTP, params: dict[str, str]) -> None:
    (instrument,) = listed(session.get_instruments_info(**params))
    (ticker,) = listed(session.get_tickers(**params))
    book = session.get_orderbook(**params, limit=5)["result"]

    assert (instrument["symbol"], instrument["baseCoin"]) == (SYMBOL, "BTC")
    assert len(listed(session.get_kline(**params, interval="M"))[0]) == 7
    assert float(ticker["bid1Price"]) < float(ticker["ask1Price"])
    assert (len(book["b"]), len(book["a"])) == (5, 5)
    assert 0 < len(listed(session.get_public_trade_history(**params, limit=3))) <= 3


def test_prices_beside_the_last(session: HTTP) -> None:
    for ask in (
        session.get_mark_price_kline,
        session.get_index_price_kline,
        session.get_premium_index_price_kline,
    ):
        assert {len(row) for row in listed(ask(**LINEAR, interval=60))} == {5}
    assert session.get_price_limit(**LINEAR)["result"]["symbol"] == SYMBOL
    assert listed(session.get_funding_rate_history(**LINEAR))
    assert listed(session.get_risk_limit(**LINEAR))


def test_what_a_simulated_market_does_not_have(session: HTTP) -> None:
    assert listed(session.get_open_interest(**LINEAR, intervalTime="1h")) == []
    assert listed(session.get_long_short_ratio(**LINEAR, period="1h")) == []
    assert listed(session.get_insurance()) == []
    assert listed(session.get_option_delivery_price(category="option")) == []
    assert listed(session.get_announcement(locale="en-US")) == []
    assert listed(session.get_system_status()) == []


def test_every_public_topic(free_venue: VenueProcess, stream: Open, eventually: Eventually) -> None:
    heard = stream(free_venue, "linear")
    heard.socket.kline_stream("M", SYMBOL, heard.hear)
    heard.socket.ticker_stream(SYMBOL, heard.hear)
    heard.socket.trade_stream(SYMBOL, heard.hear)
    for depth in (1, 50, 200, 1000):
        heard.socket.orderbook_stream(depth, SYMBOL, heard.hear)
    heard.socket.price_limit_stream(SYMBOL, heard.hear)
    heard.socket.all_liquidation_stream(SYMBOL, heard.hear)
    wanted = {f"orderbook.{depth}.{SYMBOL}" for depth in (1, 50, 200, 1000)}
    wanted |= {f"{name}.{SYMBOL}" for name in ("kline.M", "tickers", "publicTrade", "priceLimit")}

    eventually(lambda: set(heard.topics()) == wanted, timeout_s=30)

    assert heard.socket.wst.is_alive()
