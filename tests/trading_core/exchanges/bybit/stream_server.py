"""A stream on loopback that greets as Bybit does and then plays a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

Script = Callable[[ServerConnection], Awaitable[None]]


@dataclass
class StreamServer:
    """A loopback stream that greets as Bybit does, then plays one script per connection."""

    scripts: list[Script] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    accepts: bool = True
    connections: int = 0

    async def handle(self, socket: ServerConnection) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        listener = asyncio.create_task(self._listen(socket, greeted := asyncio.Event()))
        try:
            if self.accepts:
                await greeted.wait()
                await script(socket)
            await socket.wait_closed()
        finally:
            listener.cancel()

    async def _listen(self, socket: ServerConnection, greeted: asyncio.Event) -> None:
        async for message in socket:
            body = json.loads(message)
            self.heard.append(body)
            if body["op"] == "auth":
                await socket.send(json.dumps({"op": "auth", "success": self.accepts, "ret_msg": "no"}))
            elif body["op"] == "subscribe":
                await socket.send(json.dumps({"op": "subscribe", "success": True, "ret_msg": ""}))
                greeted.set()
            elif body["op"] == "ping":
                await socket.send(json.dumps({"op": "pong", "args": ["1"]}))


@asynccontextmanager
async def streaming(*scripts: Script) -> AsyncIterator[StreamServer]:
    state = StreamServer(list(scripts))
    async with serve(state.handle, "127.0.0.1", 0) as server:
        state.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        yield state


def saying(*bodies: dict[str, Any] | str, then_close: bool = False) -> Script:
    async def script(socket: ServerConnection) -> None:
        for body in bodies:
            await socket.send(body if isinstance(body, str) else json.dumps(body))
        if then_close:
            await socket.close()

    return script


def message(topic: str, *rows: dict[str, Any], id: str = "m-1") -> dict[str, Any]:  # noqa: A002
    return {"id": id, "topic": topic, "creationTime": 5, "data": list(rows)}
