"""A venue that follows another one: same candles, same prices, and nothing lost over cuts and restarts."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import wait_until
from tests.venue.raw import control
from tests.venue.venues import VenueProcess
from trading_core.errors import InvalidInput
from trading_core.venue.config import VenueConfig

SYMBOLS = ("BTCUSDT", "ETHUSDT")
COMMON = ("--symbols", ",".join(SYMBOLS), "--history-days", "1")
MINUTE = 60_000
PATIENCE_S = 40.0


def follow(upstream: VenueProcess, folder: Path) -> VenueProcess:
    stream = upstream.url.replace("http", "ws")
    addresses = ("--upstream-rest", upstream.url, "--upstream-stream", stream)
    return VenueProcess(folder, "--market", "upstream", *addresses, "--upstream-stall", "1.5", *COMMON)


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A synthetic market of a minute every half second, on a port it keeps."""
    venue = VenueProcess(tmp_path_factory.mktemp("upstream"), "--speed", "120", *COMMON)
    venue.options = (*venue.options, "--port", str(urlsplit(venue.url).port))
    yield venue
    venue.stop()


@pytest.fixture(scope="module")
def follower(upstream: VenueProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    venue = follow(upstream, tmp_path_factory.mktemp("follower"))
    yield venue
    venue.stop()


@pytest.fixture
def faulty(upstream: VenueProcess) -> Iterator[Callable[..., None]]:
    """Put a fault of the upstream in force; it is gone afterwards."""

    def strike(kind: str, **spec: Any) -> None:
        upstream.call("/faults", {"faults": [{"kind": kind, **spec}]})

    yield strike
    control(upstream, "DELETE", "/faults")


def get(venue: VenueProcess, path: str, **query: Any) -> Any:
    words = "&".join(f"{name}={value}" for name, value in {"category": "linear", **query}.items())
    return json.loads(venue.raw("GET", f"/v5/market/{path}?{words}")[1])["result"]["list"]


def closed_ms(venue: VenueProcess) -> int:
    """Open time of the newest candle that both symbols have."""
    return min(int(ms) for ms in venue.call("/status")["last_closed"].values())


def candles(venue: VenueProcess, symbol: str, end: int, minutes: int = 1_000) -> Any:
    start = end - (minutes - 1) * MINUTE
    return get(venue, "kline", symbol=symbol, interval="1", start=start, end=end, limit=1_000)


def heard_after(venue: VenueProcess, ms: int, minutes: int = 3) -> int:
    """Wait until so many more minutes are closed and return the newest."""
    wait_until(lambda: closed_ms(venue) >= ms + minutes * MINUTE, timeout_s=PATIENCE_S)
    return closed_ms(venue)


def assert_same(upstream: VenueProcess, follower: VenueProcess, start: int, end: int) -> None:
    """Both tell every minute from start to end, and the same of it."""
    minutes = (end - start) // MINUTE + 1
    for symbol in SYMBOLS:
        told = candles(upstream, symbol, end, minutes)
        assert len(told) == minutes
        assert candles(follower, symbol, end, minutes) == told


def test_history_and_what_closed_since_are_the_upstreams(
    upstream: VenueProcess, follower: VenueProcess
) -> None:
    begun = follower.call("/status")["market"]["start_ms"]
    end = heard_after(follower, begun)

    assert_same(upstream, follower, end - 999 * MINUTE, end)


def test_it_says_whose_market_it_is(upstream: VenueProcess, follower: VenueProcess) -> None:
    market = follower.call("/status")["market"]

    assert market["kind"] == market["source"] == "upstream"
    assert market["name"] == f"public market of {urlsplit(upstream.url).netloc}, fills simulated"
    assert get(follower, "instruments-info") == get(upstream, "instruments-info")
    assert get(follower, "funding/history", symbol=SYMBOLS[0], limit=3) == get(
        upstream, "funding/history", symbol=SYMBOLS[0], limit=3
    )


def test_ticker_fields_are_passed_on(upstream: VenueProcess, follower: VenueProcess) -> None:
    names = ("fundingRate", "nextFundingTime", "openInterest", "fundingIntervalHour")

    def fields(venue: VenueProcess) -> list[str]:
        ticker = get(venue, "tickers", symbol=SYMBOLS[0])[0]
        return [ticker[name] for name in names]

    assert float(fields(follower)[0]) != 0
    wait_until(lambda: fields(follower) == fields(upstream), timeout_s=PATIENCE_S)


def test_an_order_is_filled_at_a_price_that_was_traded_upstream(
    upstream: VenueProcess, follower: VenueProcess
) -> None:
    heard_after(follower, closed_ms(follower), 1)
    client = follower.client(follower.account("taker"))

    client.place_order(category="linear", symbol=SYMBOLS[0], side="Buy", orderType="Market", qty="0.01")

    fill = client.get_executions(category="linear", symbol=SYMBOLS[0])["result"]["list"][0]
    minute = int(fill["execTime"]) // MINUTE * MINUTE
    heard_after(upstream, minute, 0)
    low, high = (float(candles(upstream, SYMBOLS[0], minute, 1)[0][n]) for n in (3, 2))
    slip = 0.001 * high
    assert low - slip <= float(fill["execPrice"]) <= high + slip
    rows = {row["execId"]: row for row in get(upstream, "recent-trade", symbol=SYMBOLS[0], limit=1_000)}
    passed = [row for row in get(follower, "recent-trade", symbol=SYMBOLS[0]) if row["execId"] in rows]
    assert passed
    assert all(rows[row["execId"]] == row for row in passed)


@pytest.mark.parametrize("fault", ["socket_cut", "socket_silent"])
def test_a_lost_line_is_made_anew_and_the_gap_repaired(
    upstream: VenueProcess, follower: VenueProcess, faulty: Callable[..., None], fault: str
) -> None:
    before = heard_after(follower, closed_ms(follower), 1)

    faulty(fault, where={"path": "/v5/public/linear"})

    assert_same(upstream, follower, before, heard_after(follower, before, 12))


def test_a_line_that_only_pongs_is_made_anew(
    upstream: VenueProcess, follower: VenueProcess, faulty: Callable[..., None]
) -> None:
    before = heard_after(follower, closed_ms(follower), 1)

    faulty("message_lost", where={"path": "/v5/public/linear"})

    assert_same(upstream, follower, before, heard_after(follower, before, 12))


def test_a_candle_that_the_upstream_lacks_is_absent(
    upstream: VenueProcess, follower: VenueProcess, faulty: Callable[..., None]
) -> None:
    before = heard_after(follower, closed_ms(follower), 1)

    faulty("candle_gap", where={"symbol": SYMBOLS[0]}, count=1)

    end = heard_after(follower, before, 6)
    told, other = candles(follower, SYMBOLS[0], end), candles(follower, SYMBOLS[1], end)
    assert len(told) == len(other) - 1
    assert told == candles(upstream, SYMBOLS[0], end)


def test_an_upstream_that_dies_and_comes_back_is_followed_again(
    upstream: VenueProcess, follower: VenueProcess
) -> None:
    before = heard_after(follower, closed_ms(follower), 1)

    upstream.stop(signal.SIGKILL)
    upstream.start()

    assert_same(upstream, follower, before, heard_after(follower, before, 8))


def test_a_restart_keeps_accounts_and_plays_what_was_missed(upstream: VenueProcess, tmp_path: Path) -> None:
    venue = follow(upstream, tmp_path)
    try:
        account = venue.account("kept")
        client = venue.client(account)
        client.place_order(category="linear", symbol=SYMBOLS[0], side="Buy", orderType="Market", qty="0.01")
        low = str(round(float(get(venue, "tickers", symbol=SYMBOLS[1])[0]["lastPrice"]) * 0.8))
        order = {"symbol": SYMBOLS[1], "side": "Buy", "orderType": "Limit", "qty": "0.1", "price": low}
        client.place_order(category="linear", **order)
        before = heard_after(venue, closed_ms(venue), 1)

        venue.stop(signal.SIGKILL)
        heard_after(upstream, before, 6)
        venue.start()

        assert venue.account("kept") == account
        client = venue.client(account)
        positions = client.get_positions(category="linear", settleCoin="USDT")["result"]["list"]
        resting = client.get_open_orders(category="linear", settleCoin="USDT")["result"]["list"]
        assert [p["size"] for p in positions] == ["0.010"]
        assert [o["price"] for o in resting] == [f"{low}.00"]
        assert_same(upstream, venue, before, heard_after(venue, before, 8))
    finally:
        venue.stop()


@pytest.mark.parametrize(
    "field, changed",
    [
        ("mode", {"mode": "candles"}),
        ("speed", {"speed": 2.0}),
        ("speed", {"limit": 5}),
        ("symbols", {"symbols": ()}),
        ("upstream_rest", {"upstream_rest": "api.bybit.com"}),
        ("upstream_stream", {"upstream_stream": "https://stream.bybit.com"}),
        ("upstream_stall", {"upstream_stall_s": 0.0}),
    ],
)
def test_what_an_upstream_market_cannot_be_is_refused(
    tmp_path: Path, field: str, changed: dict[str, Any]
) -> None:
    VenueConfig(tmp_path, "token", market="upstream").validate()

    with pytest.raises(InvalidInput) as caught:
        VenueConfig(tmp_path, "token", market="upstream", **changed).validate()

    assert caught.value.path == field
