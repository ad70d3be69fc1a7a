"""One HTTP session with Bybit: pybit's request builder with our own signing and sending step.

pybit signs with the clock of the moment it sends, sleeps and retries inside, and prints its secret
in ``repr``. Here a private request is signed with the timestamp it is given (the one that was
committed before), is sent exactly once, and ends in an answer or in one of our errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import requests
from pybit.unified_trading import HTTP
from urllib3.exceptions import NewConnectionError

from trading_core.errors import NotSent, OutcomeUnknown
from trading_core.exchanges.bybit.errors import error_of
from trading_core.exchanges.port import Credentials, SignedWindow

READ_WINDOW_MS = 5000
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 5.0
MESSAGE_LENGTH_MAX = 160

# pybit adds a stderr handler to its logger in every constructor while the root logger has none.
logging.getLogger("pybit").addHandler(logging.NullHandler())


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
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        super().__init__(
            api_key=credentials.api_key if credentials else None,
            api_secret=credentials.api_secret if credentials else None,
            max_retries=1,
            force_retry=False,
            log_requests=False,
        )
        self.endpoint = endpoint.rstrip("/")
        self.client.trust_env = False
        self._wall_ms = wall_ms
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._turn = Lock()
        self._window: SignedWindow | None = None

    def __repr__(self) -> str:
        return f"BybitSession({self.endpoint}, key={masked(self.api_key)})"

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    @contextmanager
    def signed(self, window: SignedWindow) -> Iterator[None]:
        """Sign the requests made inside with this timestamp and receive window."""
        with self._turn:
            self._window = window
            try:
                yield
            finally:
                self._window = None

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
        payload = self.prepare_payload(method, self._clean_query(query))
        headers = self._signed_headers(payload) if auth else {}
        request = self._prepare_request(method, path, payload, headers)
        return answer_of(self._send(request))

    def _signed_headers(self, payload: str) -> dict[str, str]:
        window = self._window or SignedWindow(self._wall_ms(), READ_WINDOW_MS)
        return {
            "Content-Type": "application/json",
            "X-BAPI-API-KEY": str(self.api_key),
            "X-BAPI-SIGN": self._auth(payload, window.recv_window_ms, window.signed_ms),
            "X-BAPI-SIGN-TYPE": "2",
            "X-BAPI-TIMESTAMP": str(window.signed_ms),
            "X-BAPI-RECV-WINDOW": str(window.recv_window_ms),
        }

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


def answer_of(response: requests.Response) -> dict[str, Any]:
    """Return the JSON answer of an accepted request; raise what anything else means."""
    if response.status_code != requests.codes.ok:
        raise OutcomeUnknown(f"HTTP status {response.status_code}")
    try:
        answer = response.json()
    except requests.exceptions.JSONDecodeError:
        raise OutcomeUnknown("the answer is not JSON") from None
    code = answer.get("retCode") if isinstance(answer, Mapping) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise OutcomeUnknown("the answer has no retCode")
    error = error_of(code, str(answer.get("retMsg", ""))[:MESSAGE_LENGTH_MAX])
    if error is not None:
        raise error
    return dict(answer)


def masked(key: str | None) -> str:
    """Return enough of an API key to recognise it."""
    return f"{key[:4]}…" if key else "none"
