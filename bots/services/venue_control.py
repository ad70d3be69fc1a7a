"""The control API of the platform's own venue: how far its market is, its next step, its accounts."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from threading import Lock
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings

from trading_core.errors import ExchangeError
from trading_core.money import amount, plain

TIMEOUT_S = 30.0


class VenueUnreachable(ExchangeError):
    """The venue did not answer, or not as its control API does."""


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials of an account the venue opened."""

    uid: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"Issued({self.uid})"


@dataclass(frozen=True, slots=True)
class VenueStatus:
    """How far the venue is."""

    source: str
    category: str
    name: str
    """What a page calls this market."""
    symbols: tuple[str, ...]
    lock_step: bool
    clock_ms: int
    done: bool
    marks: dict[str, str | None]
    """By account uid: the last private message sent; None if nobody listens."""
    last_closed: dict[str, int]
    """Open time of the newest closed candle by symbol."""
    listeners: int
    """How many connections listen to the public streams."""

    @property
    def last_close_ms(self) -> int:
        """The market's last close; 0 before the first."""
        return max(self.last_closed.values(), default=-60_000) + 60_000


class VenueControl:
    """One kept connection to the control API; one request at a time, other threads wait.

    Every method raises ``VenueUnreachable``; each may be repeated but ``step``.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = urlsplit(url)
        self._token = token
        self._timeout_s = timeout_s
        self._turn = Lock()
        self._connection: http.client.HTTPConnection | None = None

    @classmethod
    def from_settings(cls) -> Self:
        """Return the control of this installation's venue."""
        return cls(settings.VENUE_URL, settings.VENUE_CONTROL_TOKEN)

    def status(self) -> VenueStatus:
        """Ask how far the market is."""
        try:
            return _status(self._ask("GET", "/control/status"))
        except (KeyError, TypeError) as error:
            raise VenueUnreachable(f"the venue's status lacks {error}") from error

    def step(self) -> tuple[str, int]:
        """Let exactly one next event happen; return its name and the market clock after it."""
        answer = self._ask("POST", "/control/step")
        return str(answer["event"]), int(answer["clock_ms"])

    def open_account(self, *, reference: str, balance: int) -> Issued:
        """Open an account, or get the one opened under this reference; ``balance`` in money units."""
        body = {"reference": reference, "balance": plain(amount(balance))}
        answer = self._ask("POST", "/control/accounts", body)
        try:
            return Issued(str(answer["uid"]), str(answer["api_key"]), str(answer["api_secret"]))
        except KeyError as error:
            raise VenueUnreachable(f"the venue's account lacks {error}") from error

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with self._turn:
            status, answer = self._asked(method, path, None if body is None else json.dumps(body))
        if status != http.client.OK:
            raise VenueUnreachable(f"{path} answered {status}: {answer[:200]!r}")
        try:
            return dict(json.loads(answer))
        except (ValueError, TypeError):
            raise VenueUnreachable(f"{path}: the answer is not a JSON object") from None

    def _asked(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            connection = self._connected()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise VenueUnreachable(
                f"no answer from {self._address.netloc}: {type(error).__name__}"
            ) from error

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            secure = self._address.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            port = self._address.port or (443 if secure else 80)
            self._connection = kind(self._address.hostname or "127.0.0.1", port, timeout=self._timeout_s)
        return self._connection


def _status(answer: dict[str, Any]) -> VenueStatus:
    market = answer["market"]
    return VenueStatus(
        source=market["source"],
        category=market["category"],
        name=market["name"],
        symbols=tuple(market["symbols"]),
        lock_step=answer["mode"] == "candles",
        clock_ms=int(answer["clock_ms"]),
        done=bool(answer["done"]),
        marks=dict(answer["accounts"]),
        last_closed={symbol: int(time) for symbol, time in answer["last_closed"].items() if time is not None},
        listeners=int(answer["public"]["listeners"]),
    )
