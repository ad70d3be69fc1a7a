"""The simulated crowd: trades that add up to their candle, candles by the calendar, books without gaps."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.venue.raw import Socket, open_socket
from tests.venue.venues import START_MS, VenueProcess
from trading_core.market.candle import Candle, Candles
from trading_core.market.known_instruments import known_instrument
from trading_core.simulator.volume import whole_lots
from trading_core.venue.candles import INTERVALS, interval_after, interval_start, resampled
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS, STEPS, seed_of
from trading_core.venue.market.synthetic import SyntheticMarket
from trading_core.venue.prints import outline, shares
from trading_core.venue.streams import topics
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.public import PublicStreams

MONTH = INTERVALS["M"]


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]  # a date's parts


@pytest.mark.parametrize("lots", [3, 4, 100, 240, 241, 100_003])
def test_trades_add_up_to_the_candle_and_touch_its_extremes(lots: int) -> None:
    prices = np.cumsum(seed_of(lots).integers(-3, 4, STEPS + 1)) + 10_000

    traded = shares(lots, prices, seed_of("any"))

    seen = prices[traded > 0]
    assert (int(traded.sum()), int(traded.min()) >= 0) == (lots, True)
    assert (seen.max(), seen.min(), seen[-1]) == (prices.max(), prices.min(), prices[-1])


@pytest.mark.parametrize("lots", [0, 1, 2])
def test_fewer_lots_than_prices_are_still_all_traded(lots: int) -> None:
    prices = np.array([5, 9, 1, 6])

    assert int(shares(lots, prices, seed_of("any")).sum()) == lots


def test_outline_of_a_candle_is_that_candle() -> None:
    instrument = known_instrument("ETHUSDT")
    assert instrument is not None

    rising = outline(Candle(0, 1000.0, 1010.0, 990.0, 1005.0, 5.03), instrument)
    falling = outline(Candle(0, 1005.0, 1010.0, 990.0, 1000.0, 5.03), instrument)

    assert [ticks for ticks, _ in rising] == [100_000, 99_000, 101_000, 100_500]
    assert [ticks for ticks, _ in falling] == [100_500, 101_000, 99_000, 100_000]
    assert sum(lots for _, lots in rising) == whole_lots(5.03, instrument) == 503
    assert outline(Candle(0, 1.0, 1.0, 1.0, 1.0, 0.0), instrument) == []


def test_months_follow_the_calendar() -> None:
    assert interval_start(ms(2024, 2, 29, 23, 59), MONTH) == ms(2024, 2, 1)
    assert interval_after(ms(2024, 1, 1), MONTH) == ms(2024, 2, 1)
    assert interval_after(ms(2024, 1, 1), MONTH, -13) == ms(2022, 12, 1)
    days = [
        Candle(ms(2024, 1, 31) + k * 86_400_000, 1.0 + k, 2.0 + k, 0.5, 1.5 + k, 1.0, 1.0) for k in range(31)
    ]
    assert [(c.open_time, c.open, c.volume) for c in resampled(Candles.of(days), MONTH)] == [
        (ms(2024, 1, 1), 1.0, 1.0), (ms(2024, 2, 1), 2.0, 29.0), (ms(2024, 3, 1), 31.0, 1.0),
    ]  # fmt: skip


def rows(venue: VenueProcess, query: str) -> list[list[str]]:
    status, body = venue.raw("GET", f"/v5/market/kline?category=linear&symbol=ETHUSDT&{query}")
    answer = json.loads(body)
    assert (status, answer["retCode"]) == (200, 0), answer
    listed: list[list[str]] = answer["result"]["list"]
    return listed


def test_kline_windows(free_venue: VenueProcess) -> None:
    last = int(rows(free_venue, "interval=1&limit=1")[0][0])
    start = last - 100 * MINUTE_MS

    from_start = rows(free_venue, f"interval=1&start={start}&limit=5")
    both = rows(free_venue, f"interval=1&start={start}&end={start + 50 * MINUTE_MS}&limit=5")
    until = rows(free_venue, f"interval=1&end={start}&limit=2")

    assert [int(r[0]) for r in from_start] == [start + k * MINUTE_MS for k in (4, 3, 2, 1, 0)]
    assert [int(r[0]) for r in both] == [start + k * MINUTE_MS for k in (50, 49, 48, 47, 46)]
    assert [int(r[0]) for r in until] == [start, start - MINUTE_MS]
    assert int(rows(free_venue, f"interval=1&start={start + 1}&limit=1")[0][0]) == start + MINUTE_MS
    for interval in INTERVALS:
        assert rows(free_venue, f"interval={interval}&limit=1"), interval


@pytest.mark.parametrize(
    "query", ["category=linear&status=PreLaunch", "category=option&baseCoin=SOL", "category=inverse"]
)
def test_lists_that_are_empty_are_no_errors(free_venue: VenueProcess, query: str) -> None:
    _, body = free_venue.raw("GET", f"/v5/market/instruments-info?{query}")

    answer = json.loads(body)

    assert (answer["retCode"], answer["result"]["list"]) == (0, [])


@pytest.mark.parametrize("path", ["instruments-info", "risk-limit"])
def test_a_cursor_before_the_beginning_is_refused(free_venue: VenueProcess, path: str) -> None:
    _, body = free_venue.raw("GET", f"/v5/market/{path}?category=linear&cursor=-1")

    assert json.loads(body)["retCode"] == 10001


def test_recent_trades_of_a_lockstep_market_are_those_of_its_last_candle(replay_venue: VenueProcess) -> None:
    path = "/v5/market/recent-trade?category=linear&symbol=ETHUSDT"
    assert json.loads(replay_venue.raw("GET", path)[1])["result"]["list"] == []
    replay_venue.step(2)

    trades = json.loads(replay_venue.raw("GET", path)[1])["result"]["list"]

    assert [float(t["price"]) for t in trades] == [1008.0, 1010.0, 999.5, 1000.0]
    assert sum(float(t["size"]) for t in trades) == 50_000.0
    assert min(int(t["time"]) for t in trades) == START_MS + MINUTE_MS


async def collected(socket: Socket, name: str, count: int) -> list[dict[str, Any]]:
    """So many pushes of a topic."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        frame = await socket.next()
        if frame.get("topic") == name:
            found.append(frame)
    return found


@pytest.mark.parametrize("depth", [50, 200, 1000])
async def test_books_never_miss_an_update_nor_delete_what_is_not_there(
    free_venue: VenueProcess, depth: int
) -> None:
    topic = f"orderbook.{depth}.ETHUSDT"
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, free_venue, "/v5/public/linear")
        assert (await socket.ask({"op": "subscribe", "args": [topic], "req_id": 7}))["req_id"] == 7
        messages = await collected(socket, topic, 8)

    assert [m["type"] for m in messages] == ["snapshot", *["delta"] * 7]
    first = messages[0]["data"]["u"]
    assert [m["data"]["u"] for m in messages] == list(range(first, first + 8))
    book = {side: dict(messages[0]["data"][side]) for side in "ba"}
    for message in messages[1:]:
        for side in "ba":
            for price, size in message["data"][side]:
                if size == "0":
                    del book[side][price]
                else:
                    book[side][price] = size
        assert len(book["b"]) == len(book["a"]) == depth
        assert max(map(float, book["b"])) < min(map(float, book["a"]))


async def test_nothing_is_pushed_after_the_unsubscribe_was_answered(free_venue: VenueProcess) -> None:
    topics = ["orderbook.1.ETHUSDT", "tickers.ETHUSDT", "publicTrade.ETHUSDT", "allLiquidation.ETHUSDT"]
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, free_venue, "/v5/public/linear")
        assert (await socket.ask({"op": "subscribe", "args": topics}))["success"]
        await collected(socket, "publicTrade.ETHUSDT", 2)
        await socket.say({"op": "unsubscribe", "args": topics, "req_id": "bye"})
        while (await socket.next()).get("req_id") != "bye":
            pass
        await socket.say({"op": "subscribe", "args": ["kline.1.ETHUSDT"]})
        kept = [await socket.next() for _ in range(4)]

    assert [frame["topic"] for frame in kept[1:]] == ["kline.1.ETHUSDT"] * 3


async def test_trades_of_a_minute_make_up_the_candle_that_closes(tmp_path: Path) -> None:
    venue = VenueProcess(tmp_path, "--symbols", "ETHUSDT", "--history-days", "1", "--speed", "60")
    try:
        async with AsyncExitStack() as stack:
            socket = await open_socket(stack, venue, "/v5/public/linear")
            topics = ["publicTrade.ETHUSDT", "kline.1.ETHUSDT"]
            assert (await socket.ask({"op": "subscribe", "args": topics}))["success"]
            closed = (await confirmed(socket, 3))[1:]  # the first began before we listened
        trades = [t for f in socket.heard if f.get("topic") == topics[0] for t in f["data"]]
    finally:
        venue.stop()

    for candle in closed:
        inside = [t for t in trades if candle["start"] <= t["T"] <= candle["end"]]
        prices = [float(t["p"]) for t in inside]
        assert sum(Decimal(t["v"]) for t in inside) == Decimal(candle["volume"])
        assert (max(prices), min(prices)) == (float(candle["high"]), float(candle["low"]))
        assert prices[-1] == float(candle["close"])


async def confirmed(socket: Socket, count: int) -> list[dict[str, Any]]:
    """So many candles that closed."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        frame = await socket.next()
        if str(frame.get("topic")).startswith("kline"):
            found += [candle for candle in frame["data"] if candle["confirm"]]
    return found


class Heard(Connection):
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("heard")
        self.told: list[dict[str, Any]] = []

    def put(self, payload: dict[str, Any]) -> None:
        self.told.append(payload)

    def tell(self, topic: str, raw: bytes, message_id: str = "") -> None:
        self.told.append({"of": topic, "id": message_id, **json.loads(raw)})


def test_a_best_price_that_stands_is_told_again_after_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000
    monkeypatch.setattr(topics, "wall_ms", lambda: now)
    market = SyntheticMarket(("BTCUSDT",), seed=7, start_ms=START_MS, history_days=1)
    streams, heard = PublicStreams(Exchange(market, lockstep=True)), Heard()
    streams.of["linear"].subscribe(heard, "orderbook.1.BTCUSDT")

    streams.refresh("BTCUSDT")
    now += 2_999
    streams.refresh("BTCUSDT")
    assert len(heard.told) == 1
    now += 1
    streams.refresh("BTCUSDT")

    assert [m["type"] for m in heard.told] == ["snapshot", "snapshot"]
    assert heard.told[0]["data"]["u"] == heard.told[1]["data"]["u"]
