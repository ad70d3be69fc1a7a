"""The start of a web process of its own: it refuses to serve what would be unsafe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async

from ailona.checks import UnsafeStart, refuse_unsafe_start

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def lifespan(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer the server's lifespan events; start-up fails with what is wrong."""
    while (await receive())["type"] == "lifespan.startup":
        try:
            await sync_to_async(refuse_unsafe_start)()
        except UnsafeStart as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
