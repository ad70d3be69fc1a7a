"""What a browser hears: that something of its workspace changed, and prices of one market."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import SessionBase

from accounts.middleware import SESSION_KEY
from accounts.models import Membership, User
from accounts.selectors import membership_of
from ailona.kit.push import market_group, workspace_group

RECHECK_S = 60.0
FRAME_MAX = 2_048
LOGGED_OUT, NOT_A_MEMBER, TOO_MUCH_NONSENSE = 4401, 4403, 4400
NONSENSE_MAX = 20
_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,19}")


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Joins the groups of a workspace and of a market, and passes on what they say."""

    async def connect(self) -> None:
        """Let members in; tell others why not."""
        self.joined: list[str] = []
        self.nonsense = 0
        self.watch: asyncio.Task[None] | None = None
        await self.accept()
        membership = await self._membership()
        if membership is None:
            await self.close(LOGGED_OUT)
            return
        self.workspace_id = membership.workspace_id
        await self._join(workspace_group(membership.workspace_id))
        if source := self._source():
            await self._join(market_group(source))
        self.watch = asyncio.create_task(self._recheck())
        await self._say({"type": "hello"})

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        if self.watch is not None:
            self.watch.cancel()
            with suppress(asyncio.CancelledError):
                await self.watch
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping; say what is wrong with anything else, and hang up on who never stops."""
        fault = fault_of(text_data)
        if fault is None:
            await self._say({"type": "pong"})
            return
        self.nonsense += 1
        if self.nonsense > NONSENSE_MAX:
            await self.close(TOO_MUCH_NONSENSE)
            return
        await self._say({"error": fault})

    async def tenant_event(self, message: dict[str, Any]) -> None:
        """Pass on that something of the workspace changed."""
        await self._say(message["event"])

    async def market_price(self, message: dict[str, Any]) -> None:
        """Pass on a price."""
        await self._say({"type": "price", "symbol": message["symbol"], **message["payload"]})

    async def _say(self, data: dict[str, Any]) -> None:
        await self.send(json.dumps(data, separators=(",", ":")))

    async def _join(self, group: str) -> None:
        await self.channel_layer.group_add(group, self.channel_name)
        self.joined.append(group)

    def _source(self) -> str:
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        source = query.get("source", [""])[0]
        return source if _SOURCE.fullmatch(source) else ""

    async def _membership(self) -> Membership | None:
        return await sync_to_async(current_membership)(self.scope)

    async def _recheck(self) -> None:
        """A session that ended, or a member who was removed, stops hearing."""
        while True:
            await asyncio.sleep(RECHECK_S)
            membership = await self._membership()
            if membership is None or membership.workspace_id != self.workspace_id:
                await self.close(LOGGED_OUT if membership is None else NOT_A_MEMBER)
                return


def fault_of(text: str | None) -> str | None:
    """Say what is wrong with a frame; None for a ping, the only thing a browser says."""
    if text is None:
        return "expected a text frame"
    if len(text) > FRAME_MAX:
        return f"expected at most {FRAME_MAX} characters, came {len(text)}"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return "expected JSON"
    if not isinstance(data, dict):
        return "expected an object"
    return None if data.get("type") == "ping" else 'expected {"type": "ping"}'


def current_membership(scope: dict[str, Any]) -> Membership | None:
    """Return the membership behind a connection as the database has it now; None after log-out."""
    session = scope.get("session")
    if session is None or not session.session_key:
        return None
    stored: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session.session_key)
    # Django's own check: also refuses a session of before a change of password.
    user = get_user(SimpleNamespace(session=stored))  # type: ignore[arg-type]
    return membership_of(user, stored.get(SESSION_KEY, "")) if isinstance(user, User) else None
