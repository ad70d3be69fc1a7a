"""Adding margin to an isolated position: unmodified pybit, the position topic, a restart, a fall."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from pybit.unified_trading import HTTP

from tests.venue.raw import private_socket
from tests.venue.test_pybit_trading import refused
from tests.venue.venues import VenueProcess

ETH = {"category": "linear", "symbol": "ETHUSDT"}


def row(session: HTTP) -> dict[str, Any]:
    found: dict[str, Any] = session.get_positions(**ETH)["result"]["list"][0]
    return found


def free(session: HTTP) -> float:
    answer = session.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
    return float(answer["totalAvailableBalance"])


def test_margin_is_added_and_taken_back(trader: HTTP) -> None:
    trader.place_order(**ETH, side="Buy", orderType="Market", qty="1")
    before, available = row(trader), free(trader)
    told = trader.add_or_reduce_margin(**ETH, margin="25.5")["result"]
    after = row(trader)
    assert told == after
    assert float(after["liqPrice"]) == pytest.approx(float(before["liqPrice"]) - 25.5, abs=0.011)
    assert float(after["bustPrice"]) == pytest.approx(float(before["bustPrice"]) - 25.5, abs=0.011)
    assert float(after["positionBalance"]) - float(before["positionBalance"]) == pytest.approx(25.5)
    assert after["positionIM"] == before["positionIM"]
    assert free(trader) == pytest.approx(available - 25.5)
    trader.add_or_reduce_margin(**ETH, margin="-25.5")
    assert {**row(trader), "updatedTime": ""} == {**before, "updatedTime": ""}


def test_what_cannot_be_is_refused_in_bybits_codes(trader: HTTP) -> None:
    assert refused(trader.add_or_reduce_margin, **ETH, margin="1") == (
        10001,
        "params error: position not exists",
    )
    trader.place_order(**ETH, side="Sell", orderType="Market", qty="1")
    for margin, code in (("0", 110027), ("100000", 110014), ("-1", 110006), ("0.00001", 10001), ("x", 10001)):
        assert refused(trader.add_or_reduce_margin, **ETH, margin=margin)[0] == code
    assert refused(trader.add_or_reduce_margin, **ETH, margin="1", positionIdx=1)[0] == 10001
    trader.place_order(**ETH, side="Buy", orderType="Market", qty="1")
    trader.set_margin_mode(setMarginMode="REGULAR_MARGIN")
    trader.place_order(**ETH, side="Buy", orderType="Market", qty="1")
    assert refused(trader.add_or_reduce_margin, **ETH, margin="1")[0] == 10001
    assert refused(trader.set_auto_add_margin, **ETH, autoAddMargin=1)[0] == 10001


async def test_margin_is_added_by_itself_in_a_fall_and_survives_a_restart(replay_venue: VenueProcess) -> None:
    account = replay_venue.account("auto margin", "60")
    session = replay_venue.client(account)
    session.set_leverage(**ETH, buyLeverage="50", sellLeverage="50")
    session.place_order(**ETH, side="Buy", orderType="Market", qty="1")
    session.set_auto_add_margin(**ETH, autoAddMargin=1)
    async with AsyncExitStack() as stack:
        socket = await private_socket(stack, replay_venue, account, "position", "execution")
        replay_venue.step(5)
        heard = [(f["topic"], entry) for f in await socket.until_pong() for entry in f["data"]]
    replenished = [entry["positionBalance"] for topic, entry in heard if topic == "position"]
    assert float(replenished[0]) == pytest.approx(40.0, abs=0.01)  # the initial margin of 20 twice
    assert float(replenished[1]) == pytest.approx(59.4, abs=0.1)  # then what was left
    assert [entry["execType"] for topic, entry in heard if topic == "execution"] == []
    shown = row(session)
    assert shown["autoAddMargin"] == 1
    replay_venue.stop()
    replay_venue.start()
    assert row(replay_venue.client(account)) == shown
