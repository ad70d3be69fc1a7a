"""uvicorn's protocols, with the TCP connection in the scope: for whoever must break it."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_TRANSPORT = "venue.transport"
MORE = "venue.more"
"""Key of a WebSocket message that another one follows at once."""


class VenueHttp(HttpToolsProtocol):
    """HTTP/1.1; each request's scope holds the transport it came by."""

    def on_headers_complete(self) -> None:
        """Hand the request over."""
        super().on_headers_complete()
        cast(dict[str, Any], self.scope)[_TRANSPORT] = self.transport  # the app runs after this


class VenueWebSocket(WebSocketsSansIOProtocol):
    """WebSocket; its scope holds the transport it came by."""

    def handle_connect(self, event: Request) -> None:
        """Hand the connection over."""
        super().handle_connect(event)
        if not self.handshake_complete:
            cast(dict[str, Any], self.scope)[_TRANSPORT] = self.transport  # the app runs after this

    async def send(self, message: Any) -> None:
        """Send a message; one that has ``MORE`` behind it goes out with the next, in one write.

        A write is a system call: an order that is filled makes four messages, and hundreds of sockets
        hear of one price.
        """
        if message.get(MORE) and self.handshake_complete and not self.close_sent:
            self.conn.send_text(message["text"].encode())
        else:
            await super().send(message)


def transport_of(scope: MutableMapping[str, Any]) -> asyncio.Transport:
    """The TCP connection of a request or a WebSocket."""
    transport: asyncio.Transport = scope[_TRANSPORT]
    return transport
