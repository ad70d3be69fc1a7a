"""What leaves the house: signatures over the bytes sent, plain numbers, and no secret anywhere."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.trading_core.exchanges.bybit.payloads import INSTRUMENTS
from tests.trading_core.exchanges.bybit.test_client import Asked, Server, server
from trading_core.errors import InvalidInput, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.client import BybitSession, body_of, query_of
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.signing import signature
from trading_core.exchanges.port import Credentials, SignedWindow

KEYS = Credentials("KEYKEY", "SECRET")
NOW_MS = 1_700_000_000_000
__all__ = ["server"]


@pytest.fixture
def session(server: Server) -> Iterator[BybitSession]:
    server.says(0, {"list": []})
    one = BybitSession(endpoint=server.url, credentials=KEYS, wall_ms=lambda: NOW_MS)
    yield one
    one.close()


def signed_by(asked: Asked, payload: str) -> str:
    words = asked.headers["X-BAPI-TIMESTAMP"] + KEYS.api_key + asked.headers["X-BAPI-RECV-WINDOW"] + payload
    return signature(KEYS, words.encode())


@pytest.mark.parametrize("odd", ["a b", "a|b", "é", "a&b=c", "a+b", "x%3A1%2C2", "100%", '"<>`'])
def test_query_is_signed_exactly_as_it_was_sent(server: Server, session: BybitSession, odd: str) -> None:
    session.get_open_orders(category="linear", cursor=odd, symbol=None)
    (asked,) = server.asked
    assert asked.query.startswith("category=linear&cursor=")
    assert "symbol" not in asked.query
    assert asked.headers["X-BAPI-SIGN"] == signed_by(asked, asked.query)


def test_cursor_that_is_encoded_already_is_passed_on_as_it_is() -> None:
    assert query_of({"cursor": "a%3A1%2C2", "limit": 5}) == "cursor=a%3A1%2C2&limit=5"


def test_body_is_signed_as_raw_bytes(server: Server, session: BybitSession) -> None:
    session.place_order(category="linear", symbol="BTCUSDT", qty=Decimal("0.00001"), orderLinkId="é")
    (asked,) = server.asked
    assert asked.headers["X-BAPI-SIGN"] == signed_by(asked, asked.body)
    assert asked.fields["qty"] == "0.00001"


@pytest.mark.parametrize(
    "number,text",
    [
        (1e-5, "0.00001"),
        (Decimal("1E-5"), "0.00001"),
        (Decimal("1E+3"), "1000"),
        (100.0, "100"),
        (2.5, "2.5"),
    ],
)
def test_numbers_are_plain_text_everywhere(number: Any, text: str) -> None:
    fields = {"tpLimitPrice": number, "request": [{"qty": number, "positionIdx": 0, "reduceOnly": True}]}
    inner = [{"qty": text, "positionIdx": 0, "reduceOnly": True}]
    assert json.loads(body_of(fields)) == {"tpLimitPrice": text, "request": inner}
    assert query_of({"price": number}) == f"price={text}"


def test_rsa_key_signs_base64() -> None:
    key = generate_rsa_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    signed = signature(Credentials("K", pem), b"words")
    key.public_key().verify(base64.b64decode(signed), b"words", PKCS1v15(), SHA256())


def test_other_private_keys_are_refused_without_being_told() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem in (other.decode(), "-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----"):
        with pytest.raises(InvalidInput, match="api_secret") as refused:
            signature(Credentials("K", pem), b"words")
        assert pem.splitlines()[1] not in str(refused.value)


def test_clock_difference_is_measured_and_signed_by(server: Server) -> None:
    def answer(asked: Asked) -> tuple[int, str]:
        told: dict[str, Any] = {"list": [], "timeNano": str((NOW_MS + 700) * 1_000_000)}
        return 200, json.dumps({"retCode": 0, "result": told})

    server.answer = answer
    exchange = BybitExchange(
        endpoint=server.url, credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: NOW_MS
    )
    assert exchange.measure_clock() == 700
    exchange.open_orders()
    exchange.cancel(symbol="BTCUSDT", link="A", window=SignedWindow(NOW_MS - 5, 3000))
    exchange.close()
    stamps = [int(asked.headers["X-BAPI-TIMESTAMP"]) - NOW_MS for asked in server.asked[1:]]
    assert stamps == [700, 695]


def test_clock_that_is_a_minute_off_is_not_signed_by(server: Server) -> None:
    server.says(0, {"timeNano": str((NOW_MS + 61_000) * 1_000_000)})
    exchange = BybitExchange(
        endpoint=server.url, credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: NOW_MS
    )
    with pytest.raises(OutcomeUnknown, match="61000 ms"):
        exchange.measure_clock()
    exchange.close()


@pytest.mark.parametrize("code", [10002, 10006, 10016, 10403, 170005])
def test_nothing_is_sent_twice_and_nothing_sleeps(server: Server, code: int) -> None:
    def no_sleep(_: float) -> None:
        raise AssertionError("slept")

    session = BybitSession(
        endpoint=server.url, credentials=KEYS, wall_ms=lambda: NOW_MS, pacer=Pacer(sleep=no_sleep)
    )
    server.says(code, message="later")
    with pytest.raises(Exception, match="later"):
        session.get_positions(category="linear")
    session.close()
    assert len(server.asked) == 1


def test_refusals_are_never_ignored_and_pybit_never_sends_itself(server: Server) -> None:
    session = BybitSession(endpoint=server.url, credentials=KEYS, wall_ms=lambda: NOW_MS)
    session.ignore_codes, session.max_retries = {110007}, 0
    server.says(110007, message="no money")
    with pytest.raises(Rejected, match="no money"):
        session.place_order(category="linear")
    with pytest.raises(InvalidInput, match="no file"):
        session._submit_file_request(path="/x")
    session.close()


def test_private_request_without_a_key_is_refused_here(server: Server) -> None:
    session = BybitSession(endpoint=server.url, wall_ms=lambda: NOW_MS)
    with pytest.raises(InvalidInput, match="private"):
        session.get_positions(category="linear")
    session.close()
    assert server.asked == []


def test_proxies_of_the_environment_are_not_used(
    server: Server, session: BybitSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    session.get_positions(category="linear")
    assert len(server.asked) == 1


def test_secret_is_in_no_text_of_a_session(session: BybitSession) -> None:
    for text in (repr(session), str(session), repr(vars(session)), repr(KEYS), str(KEYS)):
        assert "SECRET" not in text


def test_secret_is_in_no_log_and_no_traceback(
    server: Server, session: BybitSession, caplog: pytest.LogCaptureFixture
) -> None:
    server.says(10004, message="error sign!")
    session.log_requests = True
    with caplog.at_level(logging.DEBUG), pytest.raises(Rejected) as refused:
        session.place_order(category="linear")
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "error sign!" in told
    assert "SECRET" not in told + caplog.text


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_nothing_with_a_secret_is_pickled_or_copied(session: BybitSession, copied: Any) -> None:
    for thing in (session, KEYS):
        with pytest.raises(TypeError):
            copied(thing)


def test_sessions_leave_pybits_log_handlers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    before = list(logging.getLogger("pybit._http_manager").handlers)
    for _ in range(3):
        BybitSession(endpoint="http://127.0.0.1:1", wall_ms=lambda: 1).close()
    assert logging.getLogger("pybit._http_manager").handlers == before
