from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import settings
from django.test import Client

from accounts.models import Membership, User, Workspace
from ailona.asgi import application
from ailona.kit.push import MARKET_PRICE, TENANT_EVENT, market_group, workspace_group
from ailona.kit.tenancy import workspace_scope
from bots import consumers
from tests.bots.desk import logged_in
from tests.roles import acting_as

pytestmark = pytest.mark.usefixtures("transactional_db")


COMMUNICATOR: Any = ApplicationCommunicator
"""asgiref gives it no types."""


class Browser:
    """One socket."""

    def __init__(self, client: Client | None, *, query: str = "", origin: str = "http://testserver") -> None:
        session = client.cookies[settings.SESSION_COOKIE_NAME].value if client else ""
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
        headers = [(b"host", b"testserver"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
        self.socket = COMMUNICATOR(
            application,
            {
                "type": "websocket",
                "path": "/ws/live/",
                "query_string": query.encode(),
                "headers": headers,
                "subprotocols": [],
            },
        )

    async def open(self) -> dict[str, Any]:
        await self.socket.send_input({"type": "websocket.connect"})
        return await self.next()

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_output(timeout=10)
        return message

    async def hear(self) -> dict[str, Any]:
        message = await self.next()
        assert message["type"] == "websocket.send", message
        heard: dict[str, Any] = json.loads(message["text"])
        return heard

    async def say(self, text: str | None = None, data: bytes | None = None) -> None:
        await self.socket.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def leave(self) -> None:
        await self.socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.socket.wait(timeout=5)


@pytest_asyncio.fixture
async def browser(alice: User) -> AsyncIterator[Browser]:
    client = await sync_to_async(logged_in)(alice)
    socket = Browser(client, query="source=synthetic")
    assert (await socket.open())["type"] == "websocket.accept"
    assert (await socket.hear())["type"] == "hello"
    yield socket
    await socket.leave()


async def tell(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(group, message)


async def test_member_hears_of_the_workspace_and_of_prices(browser: Browser, workspace: Workspace) -> None:
    event = {"type": "bot.changed", "bot": "abc"}
    await tell(workspace_group(workspace.pk), {"type": TENANT_EVENT, "event": event})
    assert await browser.hear() == event
    await tell(
        market_group("synthetic"), {"type": MARKET_PRICE, "symbol": "BTCUSDT", "payload": {"price": "1.5"}}
    )
    assert await browser.hear() == {"type": "price", "symbol": "BTCUSDT", "price": "1.5"}


async def test_nobody_hears_of_another_workspace(
    browser: Browser, workspace: Workspace, strangers_workspace: Workspace
) -> None:
    await tell(workspace_group(strangers_workspace.pk), {"type": TENANT_EVENT, "event": {"type": "secret"}})
    await tell(workspace_group(workspace.pk), {"type": TENANT_EVENT, "event": {"type": "ours"}})
    assert await browser.hear() == {"type": "ours"}


@pytest.mark.parametrize("text, data", [
    ("{", None), ("[]", None), ("null", None), ('{"type": "trade"}', None), ("x" * 5_000, None), ("[" * 2_000, None),
    (None, b"\xff\x00"), ('{"type": ["ping"]}', None),
])  # fmt: skip
async def test_malformed_frame_is_answered_and_the_socket_lives(
    browser: Browser, text: str | None, data: bytes | None
) -> None:
    await browser.say(text, data)
    assert "expected" in (await browser.hear())["error"]
    await browser.say('{"type": "ping"}')
    assert (await browser.hear())["type"] == "pong"


async def test_endless_nonsense_is_hung_up_on(browser: Browser) -> None:
    for _ in range(consumers.NONSENSE_MAX):
        await browser.say("nonsense")
        assert "error" in await browser.hear()
    await browser.say("nonsense")
    closed = await browser.next()
    assert (closed["type"], closed["code"]) == ("websocket.close", consumers.TOO_MUCH_NONSENSE)


async def test_anonymous_is_told_to_log_in() -> None:
    socket = Browser(None)
    await socket.open()
    closed = await socket.next()
    assert (closed["type"], closed["code"]) == ("websocket.close", consumers.LOGGED_OUT)
    await socket.leave()


async def test_foreign_origin_is_refused(alice: User) -> None:
    client = await sync_to_async(logged_in)(alice)
    assert (await Browser(client, origin="https://evil.example").open())["type"] == "websocket.close"


async def test_source_of_nonsense_joins_no_market(alice: User) -> None:
    client = await sync_to_async(logged_in)(alice)
    socket = Browser(client, query="source=%00../w.1&source=x")
    await socket.open()
    assert (await socket.hear())["type"] == "hello"
    await socket.leave()


async def test_removed_member_stops_hearing(
    bob: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    client = await sync_to_async(logged_in)(bob)
    socket = Browser(client)
    await socket.open()
    assert (await socket.hear())["type"] == "hello"
    await sync_to_async(_remove)(bob, workspace)
    assert (await asyncio.wait_for(socket.next(), 10))["code"] == consumers.LOGGED_OUT
    await socket.leave()


def _remove(user: User, workspace: Workspace) -> None:
    with acting_as("web"), workspace_scope(workspace.pk):
        Membership.objects.filter(user=user).delete()


async def test_logged_out_session_stops_hearing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    client = await sync_to_async(logged_in)(alice)
    socket = Browser(client)
    await socket.open()
    assert (await socket.hear())["type"] == "hello"
    await sync_to_async(client.logout)()
    assert (await asyncio.wait_for(socket.next(), 10))["code"] == consumers.LOGGED_OUT
    await socket.leave()


@pytest.mark.parametrize(
    "text, fault", [('{"type":"ping"}', None), ("1", "expected an object"), (None, "expected a text frame")]
)
def test_fault_of_frame(text: str | None, fault: str | None) -> None:
    assert consumers.fault_of(text) == fault
