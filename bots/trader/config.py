"""What a trader process is told when it starts."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from typing import Self

from django.conf import settings

from accounts.models import Environment
from ailona.kit.codes import public_code
from trading_core.exchanges.bybit.line import Pace

VENUE_ENVIRONMENTS = (Environment.PAPER.value, Environment.SIMULATOR.value)


def new_holder() -> str:
    """Return a name no other trader has: two starts of one process are two holders."""
    return f"{socket.gethostname()[:24]}:{os.getpid()}:{public_code()}"


@dataclass(frozen=True, slots=True)
class Settle:
    """How long after a request expired its absence counts as proven, by where it was sent (ms)."""

    venue_ms: int = 1_000
    live_ms: int = 15_000

    def of(self, environment: str) -> int:
        """Return the settle time of an environment."""
        return self.venue_ms if environment in VENUE_ENVIRONMENTS else self.live_ms


@dataclass(frozen=True, slots=True)
class TraderConfig:
    """Where the venue is, which accounts are this process's, and its clocks (seconds unless said)."""

    venue_url: str
    venue_token: str = field(repr=False)
    holder: str = field(default_factory=new_holder)
    live: bool = False
    """Serve testnet and mainnet accounts too; demo accounts hold no money and are always served."""
    shard: tuple[int, int] = (0, 1)
    """(i, n): accounts whose id leaves i when divided by n."""
    takeover: bool = False
    """Take leases that have not run out: only where a lock proves that their holder is dead."""
    lease_ttl: float = 15.0
    renew_every: float = 5.0
    poll_every: float = 0.02
    discover_every: float = 1.0
    halts_every: float = 0.25
    """How often locks and halts are looked for that somebody has set."""
    protect_every: float = 5.0
    reconcile_every: float = 30.0
    """How often the venue is read again while something stands there."""
    reconcile_flat_times: int = 10
    """After how many of these times it is read although nothing stands."""
    look_every: float = 1.0
    """How often it is judged whether enough of an account is seen."""
    deaf_after: float = 30.0
    """How long the private stream may be down before nothing is added to anything."""
    unread_after: float = 90.0
    """How old the last complete reconcile may be while something stands."""
    gone_after: float = 30.0
    """How long an order that stood must be missing everywhere before it counts as over."""
    stream_pace: Pace = field(default_factory=Pace)
    instruments_every: float = 900.0
    """How often instruments are read again while running: a delisting is announced, but not to us."""
    instruments_pause: float = 60.0
    """The least time between two readings that a refusal asked for."""
    key_check_every: float = 86_400.0
    """How often the key of a live account is checked while it is served."""
    key_check_refused: float = 300.0
    """How often a key is checked again that was found bad while its account was served."""
    key_check_pause: float = 10.0
    """The least time between two checks of one key."""
    unprotected_max: float = 3.0
    """How long a position may stand without its stop before it is set again."""
    stop_within: float = 8.0
    """How long requests in flight may take to finish when the trader stops."""
    settle: Settle = Settle()
    lookups: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    """Waits before the lookups of an unknown order; the last one repeats."""
    database_threads: int = 8
    network_threads: int = 32

    @classmethod
    def from_settings(cls, *, shard: tuple[int, int] = (0, 1), takeover: bool = False) -> Self:
        """Return the configuration of this installation."""
        return cls(
            venue_url=settings.VENUE_URL,
            venue_token=settings.VENUE_CONTROL_TOKEN,
            live=not settings.EMBEDDED,
            # In one process the doorbell tells of every intent; the poll only makes sure.
            poll_every=0.25 if settings.EMBEDDED else 0.02,
            shard=shard,
            takeover=takeover,
        )
