"""Servers that answer every request with one constant, the size of the venue's own answer to an order."""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
from aiohttp import web

ANSWER = (
    b'{"retCode":0,"retMsg":"OK","result":{"orderId":"1f5f1a2e-0000-4000-8000-000000000001",'
    b'"orderLinkId":"rate-100000"},"retExtInfo":{},"time":1700000000000}'
)


def bound() -> socket.socket:
    """A listening socket on a free port, told on stdout as the venue tells its own."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"peer http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
    return sock


async def constant(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI at its least."""
    if scope["type"] == "http":
        await receive()
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": ANSWER})


def serve_uvicorn() -> None:
    """Answer by uvicorn with uvloop and httptools, as the venue has it."""
    config = uvicorn.Config(
        constant, loop="uvloop", http="httptools", lifespan="off", log_level="warning", access_log=False,
        server_header=False,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[bound()])


def serve_aiohttp() -> None:
    """Answer by the server of aiohttp."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    web.run_app(app, sock=bound(), print=None, access_log=None)


if __name__ == "__main__":
    {"uvicorn": serve_uvicorn, "aiohttp": serve_aiohttp}[sys.argv[1]]()
