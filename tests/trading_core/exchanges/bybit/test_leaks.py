"""Key, secret and signature stand in no repr, no log, no traceback and no error, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.server import ServerConnection, serve

from tests.trading_core.exchanges.bybit.payloads import INSTRUMENTS
from tests.trading_core.exchanges.bybit.test_client import WINDOW, Asked, Server, order, server
from trading_core.errors import AilonaError
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.line import Pace
from trading_core.exchanges.bybit.streams import BybitPrivateStream
from trading_core.exchanges.port import Credentials

__all__ = ["server"]
KEY, SECRET = "kQ7xZ2pLr9Wv4TnB", "s3CrEtHu5hNobodyMayReadThis0123456789"
KEYS = Credentials(KEY, SECRET)
SIGNATURE = re.compile(r"\b[0-9a-f]{64}\b")
ANSWERS: dict[str, Callable[[Asked], tuple[int, str]]] = {
    "accepted": lambda _: (200, json.dumps({"retCode": 0, "retMsg": "OK", "result": {"orderId": "1"}})),
    "error sign": lambda asked: (200, json.dumps({
        "retCode": 10004, "retMsg": f"error sign! origin_string[1700000000123{KEY}3000{asked.body}]",
    })),
    "key invalid": lambda _: (200, json.dumps({"retCode": 10003, "retMsg": f"API key {KEY} is invalid."})),
    "html": lambda _: (502, "<html>"),
    "not json": lambda _: (200, "{"),
    "huge": lambda _: (200, '{"retCode": ' + "9" * 5000 + "}"),
    "away": lambda _: (403, "access too frequent"),
}  # fmt: skip


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything anybody logs, libraries included."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def require_silence(told: str) -> None:
    for hidden in (KEY, SECRET):
        assert hidden not in told, told[max(0, told.index(hidden) - 200) : told.index(hidden) + 50]
    assert not SIGNATURE.search(told)


def whole_traceback(error: BaseException) -> str:
    """A traceback as a collector of errors takes it: with the locals of every frame."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def ending(call: Callable[[], Any]) -> str:
    """All that can be seen of how a call ended; no frame of the server's side is in its traceback."""
    try:
        return repr(call())
    except AilonaError as e:
        return str(e) + repr(e) + whole_traceback(e)
    except (KeyError, TypeError) as e:  # a clock without a time
        return whole_traceback(e)


def calls(exchange: BybitExchange) -> list[Callable[[], Any]]:
    return [
        lambda: exchange.place(order(), window=WINDOW),
        lambda: exchange.cancel(symbol="BTCUSDT", link="A", window=WINDOW),
        lambda: exchange.order(symbol="BTCUSDT", link="A"),
        exchange.positions, exchange.wallet, exchange.key_information, exchange.measure_clock,
    ]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_requests_tell_nothing(server: Server, log: pytest.LogCaptureFixture, answer: str) -> None:
    server.answer = ANSWERS[answer]
    exchange = BybitExchange(
        endpoint=server.url, credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: 1_700_000_000_000
    )
    exchange._orders.log_requests = exchange._reads.log_requests = True
    told = [repr(exchange), str(vars(exchange)), str(vars(exchange._orders)), str(vars(exchange._reads))]
    told += [ending(call) for call in calls(exchange)]
    exchange.close()
    assert any(KEY in str(asked.headers) for asked in server.asked)
    require_silence("\n".join(told) + log.text)


def _placed(session: BybitSession) -> Any:
    with session.signed(WINDOW):
        return session.place_order(category="linear", symbol="BTCUSDT")


@pytest.mark.parametrize("kind", ["unreadable", "another"])
def test_a_private_key_that_cannot_sign_tells_nothing(log: pytest.LogCaptureFixture, kind: str) -> None:
    pem = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
    if kind == "another":
        made = generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()[:-200]
    session = BybitSession(
        endpoint="http://127.0.0.1:1", credentials=Credentials(KEY, pem), wall_ms=lambda: 1_700_000_000_000
    )
    told = log.text + ending(lambda: _placed(session))
    assert "expected a private key in PEM form" in told
    require_silence(told)
    assert pem.splitlines()[1] not in told


async def listened(stream: BybitPrivateStream) -> str:
    """All that a stream tells in a moment, and how it ends."""
    told = []
    try:
        async with asyncio.timeout(0.3), aclosing(stream.news()) as source:
            async for news in source:
                told.append(repr(news))  # noqa: PERF401 - what came before the end counts too
    except (AilonaError, TimeoutError) as e:
        told.append(whole_traceback(e))
    return "\n".join(told)


@pytest.mark.parametrize("fate", ["accepted", "refused", "cut"])
async def test_streams_tell_nothing(log: pytest.LogCaptureFixture, fate: str) -> None:
    heard: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        async for text in socket:
            heard.append(body := json.loads(text))
            if fate == "cut":
                socket.transport.abort()
                return
            success = fate == "accepted"
            words = f"error sign {KEY}" if not success else ""
            await socket.send(json.dumps({"op": body["op"], "success": success, "ret_msg": words}))

    logging.getLogger("websockets.server").setLevel(logging.INFO)
    async with serve(handle, "127.0.0.1", 0) as running:
        stream = BybitPrivateStream(
            base=f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}", credentials=KEYS,
            instruments=INSTRUMENTS, wall_ms=lambda: 1_700_000_000_000,
            pace=Pace(ping=0.05, backoff_min=0.01, backoff_max=0.02),
        )  # fmt: skip
        told = [repr(stream), str(vars(stream)), str(vars(stream._line))]
        told.append(await listened(stream))
    assert heard[0]["args"][0] == KEY
    require_silence("\n".join(told) + log.text)
