"""Public answers and pushes hold every key of the documented examples, with the same JSON types."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.venue.raw import Socket, open_socket
from tests.venue.shapes import misses
from tests.venue.venues import VenueProcess

Examples = dict[str, dict[str, list[dict[str, Any]]]]

pytestmark = pytest.mark.real_data

LINEAR = "category=linear&symbol=BTCUSDT"
REQUESTS = {
    "time": ("/v5/market/time", 0),
    "instrument": (f"/v5/market/instruments-info?{LINEAR}", 0),
    "instrument of spot": ("/v5/market/instruments-info?category=spot", 3),
    "kline": (f"/v5/market/kline?{LINEAR}&interval=60", 0),
    "mark-kline": (f"/v5/market/mark-price-kline?{LINEAR}&interval=60", 0),
    "index-kline": (f"/v5/market/index-price-kline?{LINEAR}&interval=60", 0),
    "premium-index-kline": (f"/v5/market/premium-index-price-kline?{LINEAR}&interval=60", 0),
    "tickers": ("/v5/market/tickers?category=linear", 0),
    "tickers of spot": ("/v5/market/tickers?category=spot", 2),
    "orderbook": (f"/v5/market/orderbook?{LINEAR}", 0),
    "recent-trade": (f"/v5/market/recent-trade?{LINEAR}", 0),
    "history-fund-rate": (f"/v5/market/funding/history?{LINEAR}", 0),
    "order-price-limit": (f"/v5/market/price-limit?{LINEAR}", 0),
}
NONE_HERE = {
    "open-interest": f"/v5/market/open-interest?{LINEAR}&intervalTime=1h",
    "long-short-ratio": f"/v5/market/account-ratio?{LINEAR}&period=1h",
    "insurance": "/v5/market/insurance",
    "delivery-price": "/v5/market/delivery-price?category=option",
}
TOPICS = {
    "kline": "kline.5.BTCUSDT",
    "orderbook": "orderbook.50.BTCUSDT",
    "ticker": "tickers.BTCUSDT",
    "trade": "publicTrade.BTCUSDT",
    "order-price-limit": "priceLimit.BTCUSDT",
}


@pytest.fixture(scope="session")
def examples(market_data: Path) -> Examples:
    """Documented payloads by group and name."""
    text = (market_data / "payloads" / "bybit" / "v5-documentation-examples.json").read_text()
    parsed: Examples = json.loads(text)
    return parsed


def answered(venue: VenueProcess, path: str) -> dict[str, Any]:
    status, body = venue.raw("GET", path)
    assert status == 200
    answer: dict[str, Any] = json.loads(body)
    assert answer["retCode"] == 0, answer
    return answer


@pytest.mark.parametrize("name", REQUESTS)
def test_answer_has_every_key_of_the_example(free_venue: VenueProcess, examples: Examples, name: str) -> None:
    path, nth = REQUESTS[name]

    answer = answered(free_venue, path)

    assert misses(examples["market"][name.partition(" ")[0]][nth], answer) == []


@pytest.mark.parametrize("name", NONE_HERE)
def test_what_the_market_does_not_have_is_an_empty_list(
    free_venue: VenueProcess, examples: Examples, name: str
) -> None:
    example = examples["market"][name][0]
    example["result"]["list"] = []

    answer = answered(free_venue, NONE_HERE[name])

    assert misses(example, answer) == []
    assert answer["result"]["list"] == []


def test_risk_limit_has_every_key_of_the_recorded_tiers(free_venue: VenueProcess, market_data: Path) -> None:
    text = (market_data / "payloads" / "bybit" / "risk-limit_recorded_20251229.json").read_text()

    tiers = answered(free_venue, f"/v5/market/risk-limit?{LINEAR}")["result"]["list"]

    assert misses(json.loads(text)["BTCPERP"][:1], tiers) == []


def test_instruments_have_every_key_of_the_recorded_ones(free_venue: VenueProcess, market_data: Path) -> None:
    text = (market_data / "payloads" / "bybit" / "instruments-info_recorded.json").read_text()
    recorded = next(i for i in instruments_in(json.loads(text)) if i["symbol"] == "BTCUSDT")

    (told,) = answered(free_venue, f"/v5/market/instruments-info?{LINEAR}")["result"]["list"]

    # The recording has a client's own text here; the documentation and its examples have a number.
    assert misses(recorded, told) == [".fundingInterval: expected string, was number"]


def instruments_in(recorded: Any) -> list[dict[str, Any]]:
    """Every perpetual of the recording, whatever it is nested in."""
    if isinstance(recorded, dict) and "symbol" in recorded:
        return [recorded] if recorded.get("contractType") == "LinearPerpetual" else []
    parts = (
        recorded.values() if isinstance(recorded, dict) else recorded if isinstance(recorded, list) else ()
    )
    return [found for part in parts for found in instruments_in(part)]


@pytest.mark.parametrize("name", TOPICS)
async def test_push_has_every_key_of_the_example(
    free_venue: VenueProcess, examples: Examples, name: str
) -> None:
    example = next(e for e in examples["websocket/public"][name] if "topic" in e)
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, free_venue, "/v5/public/linear")
        assert (await socket.ask({"op": "subscribe", "args": [TOPICS[name]]}))["success"]

        pushed = await first_of(socket, example.get("type"))

    assert pushed["topic"] == TOPICS[name]
    assert misses(example, pushed) == []


async def first_of(socket: Socket, kind: str | None) -> dict[str, Any]:
    """The first push of that type."""
    while True:
        frame: dict[str, Any] = await socket.next()
        if frame.get("type") == kind:
            return frame
