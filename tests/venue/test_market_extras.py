"""What a market tells beside prices: liquidations, volatility, the contracts an account may trade, the status path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest
from pybit.unified_trading import HTTP

from tests.venue.raw import RawClient, open_socket, set_fault
from tests.venue.venues import VenueProcess, code_of
from trading_core.venue.market.source import MINUTE_MS

HOUR = 60 * MINUTE_MS
VOLATILITY = "/v5/market/historical-volatility"


async def test_liquidations_are_told_to_everybody(faulty_venue: VenueProcess) -> None:
    account = faulty_venue.account("liquidated-publicly")
    client = RawClient(faulty_venue, account)
    assert client.order(orderType="Market", qty="2", price="").code == 0
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, faulty_venue, "/v5/public/linear")
        assert (await socket.ask({"op": "subscribe", "args": ["allLiquidation.ETHUSDT"]}))["success"]
        assert await socket.until_pong() == []  # a trade is nobody else's business

        set_fault(faulty_venue, "liquidation", where={"uid": account["uid"], "symbol": "ETHUSDT"})

        (told,) = await socket.until_pong()
        assert (told["topic"], told["type"]) == ("allLiquidation.ETHUSDT", "snapshot")
        (liquidation,) = told["data"]
        assert (liquidation["S"], liquidation["s"], liquidation["v"]) == ("Buy", "ETHUSDT", "2.00")
        assert 890 < float(liquidation["p"]) < 910  # ten times leverage from 1000.1


def test_historical_volatility_follows_from_the_candles(free_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = free_venue.url

    answer = session.get_historical_volatility(category="option", baseCoin="NONE")

    assert (answer["result"], answer["category"]) == ([], "option")
    assert session.get_historical_volatility(category="option")["result"] == []  # three days of history
    assert code_of(session.get_historical_volatility, category="linear") == 10001
    assert code_of(session.get_historical_volatility, category="option", period=8) == 10001
    assert code_of(session.get_historical_volatility, category="option", startTime=1) == 10001


@pytest.fixture
def remembering_venue(tmp_path: Path) -> Iterator[VenueProcess]:
    """A market that remembers nine days."""
    venue = VenueProcess(tmp_path, "--symbols", "BTCUSDT", "--history-days", "9")
    yield venue
    venue.stop()


def test_historical_volatility_is_that_of_hourly_returns(remembering_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = remembering_venue.url
    (row,) = session.get_historical_volatility(category="option", period=7)["result"]

    end = int(row["time"])
    candles = session.get_kline(
        category="linear", symbol="BTCUSDT", interval="60", start=end - 169 * HOUR, end=end - HOUR, limit=1000
    )["result"]["list"]
    closes = np.array([float(candle[4]) for candle in reversed(candles)])
    assert len(closes) == 169
    expected = float(np.std(np.diff(np.log(closes)))) * math.sqrt(24 * 365)
    assert float(row["value"]) == round(expected, 8)
    assert row["period"] == 7


def test_contracts_an_account_may_trade(trader: HTTP) -> None:
    of_market = trader.get_instruments_info(category="linear")["result"]["list"]

    of_account = trader.get_account_instruments_info(category="linear")["result"]["list"]
    pairs = trader.get_account_instruments_info(category="spot", symbol="ETHUSDT")["result"]["list"]

    assert [{**row, "isPublicRpi": False, "myRpiPermission": False} for row in of_market] == of_account
    assert (pairs[0]["lotSizeFilter"]["basePrecision"], pairs[0]["isPublicRpi"]) == ("0.00001", False)
    assert code_of(trader.get_account_instruments_info, category="linear", symbol="NOPE") == 10001


async def test_status_path_takes_subscriptions(still_venue: VenueProcess) -> None:
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, "/v5/public/misc/status")
        assert (await socket.ask({"op": "subscribe", "args": ["system.status"]}))["success"]
        assert await socket.until_pong() == []
