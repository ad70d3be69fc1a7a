"""One HTTP session with Bybit: pybit's request builder with our own signing and sending step.

pybit signs with the clock of the moment it sends, sleeps and retries inside, and prints its secret
in ``repr``. Here a private request is signed with the timestamp it is given (the one that was
committed before), is sent exactly once, and ends in an answer or in one of our errors.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from threading import Lock
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import requests
from pybit.unified_trading import HTTP
from urllib3.exceptions import NewConnectionError

from trading_core.errors import ExchangeError, InvalidInput, NotSent, OutcomeUnknown
from trading_core.exchanges.bybit.errors import error_of
from trading_core.exchanges.bybit.gate import Gate, gate_of
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.signing import Unsaid, signature
from trading_core.exchanges.port import Credentials, SignedWindow
from trading_core.money import plain

READ_WINDOW_MS = 5000
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 5.0
MESSAGE_LENGTH_MAX = 160

PYBIT_LOG = logging.getLogger("pybit._http_manager")
LIMIT_CODES = frozenset({10006, 10429, 20003})


class BybitSession(HTTP):  # type: ignore[misc]  # pybit is untyped
    """A pybit HTTP session that asks once, with a given timestamp, at a given address.

    Methods are pybit's own (``place_order``, ``get_positions`` ...) and return the whole answer.
    They raise ``NotSent``, ``Rejected`` or ``OutcomeUnknown``. One request at a time: callers of
    other threads wait.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        wall_ms: Callable[[], int],
        credentials: Credentials | None = None,
        pacer: Pacer | None = None,
        gate: Gate | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        handlers = list(PYBIT_LOG.handlers)
        # Key and secret stay in Credentials, which never prints them: pybit's fields are printed freely.
        super().__init__(max_retries=1, force_retry=False, log_requests=False)
        # pybit adds a handler in every constructor while the root logger has none.
        PYBIT_LOG.handlers[:] = handlers
        self.endpoint = endpoint.rstrip("/")
        self.client.trust_env = False
        self.offset_ms = 0
        """The venue's clock minus ours."""
        self._credentials = credentials
        self._pacer = pacer or Pacer()
        self._gate = gate or gate_of(endpoint)
        self._wall_ms = wall_ms
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._turn = Lock()
        self._window: SignedWindow | None = None
        self._urgent = False

    def __repr__(self) -> str:
        return f"BybitSession({self.endpoint}, {self._credentials!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a session holds a key: it is never pickled")

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    @contextmanager
    def signed(self, window: SignedWindow, *, urgent: bool = False) -> Iterator[None]:
        """Sign the requests made inside with this timestamp and receive window.

        ``urgent``: they take risk away, and are tried even while the host shuts this address out.
        """
        with self._turn:
            self._window, self._urgent = window, urgent
            try:
                yield
            finally:
                self._window, self._urgent = None, False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Make requests that change nothing: each is signed with the moment it is made."""
        with self._turn:
            yield

    def close(self) -> None:
        """Drop the connections."""
        self.client.close()

    def _submit_request(
        self,
        method: str | None = None,
        path: str | None = None,
        query: Any = None,
        auth: bool = False,  # noqa: FBT001, FBT002 - pybit's signature
    ) -> dict[str, Any]:
        fields = {name: value for name, value in (query or {}).items() if value is not None}
        payload = query_of(fields) if method == "GET" else body_of(fields)
        request = self._prepare_request(method, path, payload, {})
        window = self._window
        if auth:
            route = urlsplit(str(path)).path
            self._pacer.take(route, signed=window is not None)
            self._sign(request, window or SignedWindow(self._wall_ms(), READ_WINDOW_MS))
        response = self._through_the_gate(request)
        error = error_in(response, unsaid=self._credentials.api_key if self._credentials else "")
        if auth:
            refused = error is not None and error.code in LIMIT_CODES
            now_ms = self._wall_ms() + self.offset_ms
            self._pacer.told(route, response.headers, refused=refused, now_ms=now_ms)
        if error is not None:
            raise error
        return dict(response.json())

    def _through_the_gate(self, request: requests.PreparedRequest) -> requests.Response:
        passage = self._gate.enter(urgent=self._urgent)
        status = None
        try:
            response = self._send(request)
            status = response.status_code
        finally:
            self._gate.told(passage, status)
        return response

    def _submit_file_request(self, *_: Any, **__: Any) -> NoReturn:
        raise InvalidInput("request", "expected no file: pybit's own sending step is not used here")

    def _sign(self, request: requests.PreparedRequest, window: SignedWindow) -> None:
        """Sign the bytes that will leave: the query as it stands in the address, or the body."""
        if self._credentials is None:
            raise InvalidInput("credentials", "expected a key: this request is private")
        # A window is committed by our clock; the venue reads it by its own.
        stamp, receive = window.signed_ms + self.offset_ms, window.recv_window_ms
        payload = request.body if request.method == "POST" else urlsplit(str(request.url)).query
        signed = payload if isinstance(payload, bytes) else str(payload or "").encode()
        words = Unsaid(f"{stamp}{self._credentials.api_key}{receive}".encode() + signed)
        request.headers.update({
            "X-BAPI-API-KEY": self._credentials.api_key,
            "X-BAPI-SIGN": signature(self._credentials, words),
            "X-BAPI-SIGN-TYPE": "2",
            "X-BAPI-TIMESTAMP": str(stamp),
            "X-BAPI-RECV-WINDOW": str(receive),
        })  # fmt: skip

    def _send(self, request: requests.PreparedRequest) -> requests.Response:
        try:
            # A redirect would carry the signed headers to another address.
            response: requests.Response = self.client.send(
                request, timeout=self._timeouts, allow_redirects=False
            )
            return response
        except requests.exceptions.RequestException as e:
            words = f"no answer from {self.endpoint}: {type(e).__name__}"
            if never_left(e):
                raise NotSent(words) from None
            raise OutcomeUnknown(words) from None


def never_left(error: requests.exceptions.RequestException) -> bool:
    """Whether the request failed before a connection existed."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.exceptions.ConnectionError) and isinstance(reason, NewConnectionError)


def query_of(fields: Mapping[str, Any]) -> str:
    """Return a query string as it is sent; a cursor that is percent-encoded already stays as it is."""
    return "&".join(
        f"{name}={quote(str(plain_of(value)), safe='%')}" for name, value in sorted(fields.items())
    )


def body_of(fields: Mapping[str, Any]) -> str:
    """Return a JSON body whose decimals are plain text: never a float, never an exponent."""
    return json.dumps(plain_of(fields))


def plain_of(value: Any) -> Any:
    """Return a value with its decimals and floats as plain text; integers and the rest as they are.

    Raises ``InvalidInput`` for what isn't a number, before anything leaves.
    """
    match value:
        case Decimal():
            return _number(value)
        case float():
            return _number(Decimal(str(value)))
        case Mapping():
            return {name: plain_of(inner) for name, inner in value.items()}
        case list() | tuple():
            return [plain_of(inner) for inner in value]
    return value


def _number(value: Decimal) -> str:
    try:
        return plain(value)
    except ValueError as e:
        raise InvalidInput("request", str(e)) from None


def error_in(response: requests.Response, *, unsaid: str = "") -> ExchangeError | None:
    """Return what an answer means when it isn't an acceptance.

    ``unsaid`` is the key, which Bybit's words about a wrong signature repeat.
    """
    if response.status_code != requests.codes.ok:
        return OutcomeUnknown(f"HTTP status {response.status_code}")
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        # ValueError: not JSON, or a number with more digits than Python reads.
        return OutcomeUnknown("the answer is not JSON")
    code = answer.get("retCode") if isinstance(answer, Mapping) else None
    if not isinstance(code, int) or isinstance(code, bool):
        return OutcomeUnknown("the answer has no retCode")
    words = str(answer.get("retMsg", ""))
    return error_of(code, (words.replace(unsaid, "…") if unsaid else words)[:MESSAGE_LENGTH_MAX])
