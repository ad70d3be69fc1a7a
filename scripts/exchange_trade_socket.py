"""Orders by WebSocket, as the contract suite tries them: authenticate, ask in turn, hang up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from scripts.exchange_tools import PATIENCE_S, Broken, wall_ms
from trading_core.exchanges.bybit.line import SOCKET_LOG, auth_message
from trading_core.exchanges.port import Credentials

AUTH_MARGIN_MS = 10_000


class TradeSocket:
    """The trade socket at one address; ``base`` is the WebSocket address without a path."""

    def __init__(self, base: str, credentials: Credentials) -> None:
        self._url = f"{base}/v5/trade"
        self._credentials = credentials

    def ask(self, requests: list[tuple[str, dict[str, Any]]]) -> list[int]:
        """Make requests one after the other; return their codes. Raises ``Broken`` without an answer."""
        try:
            return asyncio.run(self._ask(requests))
        except (OSError, TimeoutError) as e:
            raise Broken(f"the trade socket: {type(e).__name__}") from None

    async def _ask(self, requests: list[tuple[str, dict[str, Any]]]) -> list[int]:
        async with connect(self._url, proxy=None, logger=SOCKET_LOG) as socket, asyncio.timeout(PATIENCE_S):
            greeting = auth_message(self._credentials, wall_ms() + AUTH_MARGIN_MS)
            answer = await self._answer(socket, greeting, "auth")
            if answer["retCode"]:
                raise Broken(f"the trade socket refuses the key: {answer['retCode']}")
            codes = []
            for number, (op, order) in enumerate(requests):
                header = {"X-BAPI-TIMESTAMP": str(wall_ms()), "X-BAPI-RECV-WINDOW": "5000"}
                frame = {"reqId": f"check-{number}", "header": header, "op": op, "args": [order]}
                codes.append(int((await self._answer(socket, frame, op))["retCode"]))
            return codes

    @staticmethod
    async def _answer(socket: ClientConnection, frame: dict[str, Any], op: str) -> dict[str, Any]:
        await socket.send(json.dumps(frame))
        while True:
            answer: dict[str, Any] = json.loads(await socket.recv())
            if answer.get("op") == op and answer.get("reqId") == frame.get("reqId"):
                return answer
