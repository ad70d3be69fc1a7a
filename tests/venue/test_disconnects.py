"""Disconnect protection: the orders of an owner who went away leave; of one who came back they stay."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from pybit.exceptions import InvalidRequestError
from websockets.asyncio.client import ClientConnection, connect

from tests.venue.venues import VenueProcess

ORDER = {"category": "linear", "symbol": "ETHUSDT"}
LIMIT = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}


async def protect(socket: ClientConnection, account: dict[str, str]) -> None:
    """Sign in and listen to the protecting topic."""
    expires = str(int(time.time() * 1000) + 10_000)
    sign = hmac.digest(account["api_secret"].encode(), f"GET/realtime{expires}".encode(), "sha256").hex()
    for frame in (
        {"op": "auth", "args": [account["api_key"], expires, sign]},
        {"op": "subscribe", "args": ["dcp.future"]},
    ):
        await socket.send(json.dumps(frame))
        assert json.loads(await asyncio.wait_for(socket.recv(), 30))["success"]


async def test_orders_leave_once_their_owner_has_been_gone_too_long(
    still_venue: VenueProcess, eventually: Callable[..., Any]
) -> None:
    url = still_venue.url.replace("http", "ws") + "/v5/private"
    back, gone = (still_venue.account(f"dcp-{name}") for name in ("back", "gone"))
    clients = {"back": still_venue.client(back), "gone": still_venue.client(gone)}
    for client in clients.values():
        client.place_order(**LIMIT, orderLinkId="rests")
        client.set_dcp(timeWindow=3, product="DERIVATIVES")
    for account in (back, gone):  # the one who comes back goes first: his window would end first
        async with connect(url) as socket:
            await protect(socket, account)
        if account is back:
            again = await connect(url)
            await protect(again, back)

    def cancelled() -> bool:
        (order,) = clients["gone"].get_open_orders(**ORDER, orderLinkId="rests")["result"]["list"]
        return (order["orderStatus"], order["cancelType"]) == ("Cancelled", "CancelByDCP")

    await asyncio.to_thread(eventually, cancelled, timeout_s=30)
    assert len(clients["back"].get_open_orders(**ORDER)["result"]["list"]) == 1
    await again.close()


def test_a_window_is_told_and_bad_ones_are_refused(still_venue: VenueProcess) -> None:
    client = still_venue.client(still_venue.account("dcp-told"))
    assert client.query_dcp_info()["result"] == {"dcpInfos": []}
    assert client.get_account_info()["result"]["dcpStatus"] == "OFF"

    for params in ({"timeWindow": 2}, {"timeWindow": 301}, {"timeWindow": 40, "product": "SPOT"}, {}):
        with pytest.raises(InvalidRequestError):
            client.set_dcp(**{"product": "DERIVATIVES", **params})
    client.set_dcp(timeWindow=40, product="DERIVATIVES")

    assert client.query_dcp_info()["result"]["dcpInfos"] == [
        {"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "40"}
    ]
    info = client.get_account_info()["result"]
    assert (info["dcpStatus"], info["timeWindow"]) == ("ON", 40)
