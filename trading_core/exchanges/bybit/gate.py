"""One gate for each host of a process: the pace of our address there, and nothing at all while it is shut out.

Bybit counts 600 requests in 5 seconds for an address, over all its hosts; beyond that it answers HTTP 403
and wants ten minutes of silence. A gate that met a 403 is shut: requests end as ``NotSent``. Then one
request is let through as a probe, and its answer opens the gate or shuts it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlsplit

from trading_core.errors import NotSent
from trading_core.exchanges.bybit.environments import BYBIT

log = logging.getLogger(__name__)

FORBIDDEN = 403
BAN_S = 600.0
"""How long an address is left in peace after a 403 (Bybit v5, "Rate limit rules": at least ten minutes)."""
URGENT_EVERY_S = 10.0
"""How often a cancel, a stop or an exit is tried all the same while the gate is shut."""
PROBE_S = 30.0
"""When a probe that was never answered counts as lost."""
RATE = 80.0
"""Requests a second of an address over all our processes: with the burst, 500 in 5 seconds."""
BURST = 100.0
RESERVE = 20.0
"""Of the burst, what only urgent requests may use."""
WAIT_MAX_S = 1.0
"""A request that would have to wait longer is given back."""
DIAL_RATE, DIAL_BURST = 400 / 300, 50.0
"""New stream connections: Bybit allows 500 in five minutes."""


@dataclass(slots=True)
class Bucket:
    """Tokens that come at a rate, up to a burst; times are monotonic seconds."""

    rate: float
    burst: float
    tokens: float
    filled_at: float

    def wait(self, now: float, *, reserve: float = 0.0) -> float:
        """Seconds until a token above the reserve is there."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        return max(0.0, 1.0 + reserve - self.tokens) / self.rate


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that was let through; ``trial``: although the gate was shut."""

    trial: bool = False


class Gate:
    """The way to one host; shared by all sessions and threads of a process.

    ``rate`` is in requests a second, None where nothing is counted (our own venue).
    """

    def __init__(
        self,
        host: str,
        *,
        rate: float | None = None,
        ban_s: float = BAN_S,
        urgent_every_s: float = URGENT_EVERY_S,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self.shut_times = 0
        """How often it was shut."""
        self._ban_s, self._urgent_every_s = ban_s, urgent_every_s
        self._monotonic, self._sleep = monotonic, sleep
        self._bucket = None if rate is None else Bucket(rate, BURST, BURST, monotonic())
        self._shut_until: float | None = None
        self._urgent_at = 0.0
        self._probed_at: float | None = None
        self._lock = Lock()

    def share(self, processes: int) -> None:
        """Use one part of the address's pace: other processes of ours use the same address."""
        with self._lock:
            if self._bucket is not None:
                self._bucket.rate, self._bucket.burst = RATE / processes, BURST / processes

    @property
    def shut_for(self) -> float:
        """Seconds until the next probe; 0 when the gate is open or may be tried."""
        with self._lock:
            return 0.0 if self._shut_until is None else max(0.0, self._shut_until - self._monotonic())

    @property
    def urgent_in(self) -> float:
        """Seconds until something urgent may be tried."""
        with self._lock:
            if self._shut_until is None:
                return 0.0
            now = self._monotonic()
            return max(0.0, min(self._urgent_at, self._shut_until) - now)

    def enter(self, *, urgent: bool = False) -> Passage:
        """Let a request through, after its turn has come, or raise ``NotSent``.

        ``urgent``: it takes risk away (a cancel, a stop, an exit).
        """
        with self._lock:
            if self._shut_until is not None:
                return self._try(urgent=urgent)
            wait = self._reserve(urgent=urgent)
        if wait:
            self._sleep(wait)
        return Passage()

    def told(self, passage: Passage, status: int | None) -> None:
        """Take in the HTTP status of the answer; None: there was no answer."""
        with self._lock:
            if status == FORBIDDEN and (passage.trial or self._shut_until is None):
                self._shut()
            elif passage.trial and status is not None and status != FORBIDDEN:
                log.warning("%s serves this address again", self.host)
                self._shut_until = self._probed_at = None
            elif passage.trial:
                self._probed_at = None

    def _shut(self) -> None:
        now = self._monotonic()
        self.shut_times += 1
        self._shut_until, self._urgent_at, self._probed_at = (
            now + self._ban_s,
            now + self._urgent_every_s,
            None,
        )
        log.error(
            "%s answered HTTP 403: it shuts this address out; nothing is sent for %.0f s, cancels, stops and "
            "exits are tried every %.0f s", self.host, self._ban_s, self._urgent_every_s,
        )  # fmt: skip

    def _try(self, *, urgent: bool) -> Passage:
        now = self._monotonic()
        assert self._shut_until is not None
        if now < self._shut_until:
            if not urgent or now < self._urgent_at:
                left = self._shut_until - now
                raise NotSent(
                    f"{self.host} shuts this address out (HTTP 403): nothing is sent for {left:.0f} s"
                )
            self._urgent_at = now + self._urgent_every_s
            return Passage(trial=True)
        if self._probed_at is not None and now - self._probed_at < PROBE_S:
            raise NotSent(f"{self.host} shut this address out (HTTP 403): a probe is on its way")
        self._probed_at = now
        return Passage(trial=True)

    def _reserve(self, *, urgent: bool) -> float:
        if self._bucket is None:
            return 0.0
        reserve = 0.0 if urgent else min(RESERVE, self._bucket.burst / 2)
        wait = self._bucket.wait(self._monotonic(), reserve=reserve)
        if wait > WAIT_MAX_S:
            raise NotSent(f"{self.host}: this address's rate limit is used up for {wait:.2f} s")
        self._bucket.tokens -= 1.0
        return wait


_BYBIT_HOSTS = frozenset(
    urlsplit(address).netloc
    for one in BYBIT.values()
    for address in (one.rest, one.private_stream, one.public_stream)
)
_gates: dict[str, Gate] = {}
_dials: dict[str, Bucket] = {}
_lock = Lock()


def gate_of(endpoint: str) -> Gate:
    """Return the gate of an address; every session of this process shares it."""
    host = urlsplit(endpoint).netloc
    with _lock:
        if host not in _gates:
            _gates[host] = Gate(host, rate=RATE if host in _BYBIT_HOSTS else None)
        return _gates[host]


def dial_wait(url: str) -> float:
    """Take one new stream connection to a host; return how long to wait before it is made, in seconds."""
    host = urlsplit(url).netloc
    if host not in _BYBIT_HOSTS:
        return 0.0
    with _lock:
        now = time.monotonic()
        bucket = _dials.setdefault(host, Bucket(DIAL_RATE, DIAL_BURST, DIAL_BURST, now))
        wait = bucket.wait(now)
        bucket.tokens -= 1.0
        return wait
