"""Whatever an exchange, or what stands before it, answers: a write ends in exactly one of four ways."""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.trader.send import Outcome, send
from tests.trading_core.exchanges.bybit.payloads import INSTRUMENTS
from tests.trading_core.exchanges.bybit.test_client import KEYS, WINDOW, order
from trading_core.errors import InvalidInput, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.client import BybitSession, body_of, query_of
from trading_core.exchanges.bybit.gate import Gate
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.retcodes import RETCODES, Meaning, retcode
from trading_core.execution.intent import IntentKind

PROVEN = {Meaning.NOT_SENT: NotSent, Meaning.REJECTED: Rejected, Meaning.UNKNOWN: OutcomeUnknown}
PLAIN = re.compile(r"-?\d+(\.\d+)?")


@dataclass
class Wire:
    """A server of raw bytes: it reads a whole request, says what a test wants and hangs up."""

    says: bytes = b""
    reads: bool = True
    requests: int = 0
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                if self.reads:
                    _whole_request(line)
                    self.requests += 1
                    line.sendall(self.says)

    def exchange(self, timeout_s: float = 2.0) -> BybitExchange:
        """An account of its own connections: nothing of one answer is left for the next."""
        exchange = BybitExchange(
            endpoint=f"http://127.0.0.1:{self.port}", credentials=KEYS, instruments=INSTRUMENTS,
            wall_ms=lambda: 1_700_000_000_000, pacer=Pacer(still=True),
        )  # fmt: skip
        for session in (exchange._orders, exchange._reads):
            session._gate, session._timeouts = Gate("the test's own"), (1.0, timeout_s)
        return exchange


def _whole_request(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += line.recv(65_536)
    return data


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    wire = Wire()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.port = listener.getsockname()[1]
        thread = threading.Thread(target=wire.serve, args=(listener,))
        thread.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


Write = Callable[[BybitExchange], Any]
WRITES: dict[str, Write] = {
    "place": lambda e: e.place(order(), window=WINDOW),
    "amend": lambda e: e.amend(symbol="BTCUSDT", link="A", lots=1, ticks=9, window=WINDOW),
    "cancel": lambda e: e.cancel(symbol="BTCUSDT", link="A", window=WINDOW),
    "set_stop": lambda e: e.set_stop(symbol="BTCUSDT", stop_ticks=9, window=WINDOW),
    "set_leverage": lambda e: e.set_leverage(symbol="BTCUSDT", leverage=Decimal(2), window=WINDOW),
}


def outcome(wire: Wire, write: str, says: bytes) -> type[Exception] | None:
    """How a write ends that is answered so; exactly one request was made."""
    wire.says, wire.reads, before = says, True, wire.requests
    exchange = wire.exchange()
    try:
        WRITES[write](exchange)
    except (NotSent, Rejected, OutcomeUnknown) as e:
        return type(e)
    finally:
        exchange.close()
        assert wire.requests == before + 1
    return None


def http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", "Connection: close", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def envelope(code: Any, **more: Any) -> bytes:
    told = {"retCode": code, "retMsg": "words", "result": {"orderId": "o-1"}, "time": 1}
    return json.dumps(told | more).encode()


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("row", RETCODES, ids=lambda row: str(row.code))
def test_every_known_code_means_what_the_table_says(wire: Wire, row: Any, write: str) -> None:
    assert outcome(wire, write, http(200, envelope(row.code))) == PROVEN.get(row.proves)


LIMITED = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
codes = st.one_of(st.sampled_from([row.code for row in RETCODES]), st.integers(-(10**12), 10**12))
writes = st.sampled_from(sorted(WRITES))


@LIMITED
@given(write=writes, code=codes)
def test_a_code_proves_only_what_the_table_says(wire: Wire, write: str, code: int) -> None:
    ended = outcome(wire, write, http(200, envelope(code)))
    assert ended == PROVEN.get(retcode(code).proves)


@LIMITED
@given(write=writes, code=codes, status=st.integers(200, 599))
def test_no_status_but_200_proves_anything(wire: Wire, write: str, code: int, status: int) -> None:
    ended = outcome(wire, write, http(status, envelope(code)))
    assert ended == (PROVEN.get(retcode(code).proves) if status == 200 else OutcomeUnknown)


bodies = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=60).map(lambda t: f"<html><body>{t}</body></html>".encode()),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["0", "10001", True, False, None, 0.0, 10001.5, [], {}, "", float("nan")]).map(envelope),
    st.just(b'{"retCode": ' + b"9" * 5_000 + b"}"),
    st.just(b"[" * 50_000),
    st.just(b"\xff\xfe{}"),
)  # fmt: skip


@LIMITED
@given(write=writes, status=st.integers(200, 599), body=bodies)
def test_an_answer_without_a_code_proves_nothing(wire: Wire, write: str, status: int, body: bytes) -> None:
    assert outcome(wire, write, http(status, body)) is OutcomeUnknown


@LIMITED
@given(write=writes, code=st.sampled_from([row.code for row in RETCODES]), data=st.data())
def test_an_answer_that_is_cut_proves_nothing(wire: Wire, write: str, code: int, data: st.DataObject) -> None:
    whole = http(200, envelope(code))
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert outcome(wire, write, whole[:cut]) is OutcomeUnknown


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "says",
    [
        http(200, b"not gzip", "Content-Encoding: gzip"),
        http(200, gzip.compress(envelope(0))[:-30], "Content-Encoding: gzip"),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"ret',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        http(204, b""),
        http(200, b""),
    ],
)  # fmt: skip
def test_a_broken_transport_proves_nothing(wire: Wire, write: str, says: bytes) -> None:
    assert outcome(wire, write, says) is OutcomeUnknown


@pytest.mark.parametrize("write", WRITES)
def test_a_line_that_is_cut_before_anything_was_read_proves_nothing(wire: Wire, write: str) -> None:
    wire.reads = False
    exchange = wire.exchange()
    with pytest.raises(OutcomeUnknown):
        WRITES[write](exchange)
    exchange.close()


@pytest.mark.parametrize("write", WRITES)
def test_silence_after_the_request_proves_nothing_and_no_connection_proves_all(write: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        silent = Wire(port=deaf.getsockname()[1]).exchange(timeout_s=0.05)
        with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
            WRITES[write](silent)
    with pytest.raises(NotSent):
        WRITES[write](silent)
    silent.close()


@pytest.mark.parametrize("result", [None, [], "o-1"])
def test_an_accepted_order_without_a_result_is_looked_up(wire: Wire, result: Any) -> None:
    assert outcome(wire, "place", http(200, envelope(0, result=result))) is OutcomeUnknown


class Answering:
    """An exchange whose place ends as a test says."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def place(self, *_: Any, **__: Any) -> str:
        raise self.error


@pytest.mark.parametrize("error", [NotSent("a"), Rejected("b", code=1), OutcomeUnknown("c")])
def test_the_trader_takes_each_of_them_as_it_is(error: Outcome) -> None:
    params = {"side": "Buy", "lots": 1, "ticks": None, "reduce_only": False, "stop_ticks": None}
    claimed: Any = SimpleNamespace(
        kind=IntentKind.PLACE, params=params, window=WINDOW, symbol="BTCUSDT", link="A"
    )
    exchange: Any = Answering(error)  # type: ignore[arg-type]
    assert send(exchange, claimed) is error


def has_few_decimals(number: float) -> bool:
    return len(f"{Decimal(str(number)):f}".partition(".")[2]) <= 18


numbers = st.one_of(
    st.decimals(-(10**17), 10**17, places=18),
    st.integers(-17, 17).map(lambda power: Decimal(f"1E{power}")),
    st.floats(-1e15, 1e15).filter(has_few_decimals),
    st.sampled_from([1e-05, 1e-7, Decimal("-0"), Decimal("1E+2"), 0.1 + 0.2, 100.0]),
)


@settings(max_examples=500, deadline=None)
@given(number=numbers)
def test_numbers_leave_as_plain_text_that_means_the_same(number: Any) -> None:
    sent = json.loads(body_of({"qty": number, "request": [{"price": number}]}))
    assert sent["request"][0]["price"] == sent["qty"]
    assert PLAIN.fullmatch(sent["qty"])
    assert Decimal(sent["qty"]) == Decimal(str(number))
    assert query_of({"qty": number}) == f"qty={sent['qty']}"


@pytest.mark.parametrize(
    "number",
    [
        Decimal("NaN"),
        Decimal("Infinity"),
        float("nan"),
        float("-inf"),
        Decimal("1E+18"),
        1e-19,
        0.0030725592396555765,
    ],
)
def test_what_is_no_number_never_leaves(number: Any) -> None:
    with pytest.raises(InvalidInput, match="expected at most 18 digits"):
        body_of({"qty": number})
    session = BybitSession(endpoint="http://127.0.0.1:1", credentials=KEYS, wall_ms=lambda: 1)
    with pytest.raises(InvalidInput), session.signed(WINDOW):
        session.place_order(category="linear", tpSize=number)
    session.close()
