"""Times in which nobody is served: maintenance and restarts."""

from __future__ import annotations

from trading_core.venue.clock import true_ms
from trading_core.venue.faults.active import Fault
from trading_core.venue.hub import Venue

KINDS: dict[str, dict[str, object]] = {"maintenance": {"ms": 5_000}, "restart": {"ms": 5_000}}
"""``ms``: how long. Maintenance answers 503 and keeps the sockets; a restart drops every connection.

Both wipe the closed orders of order/realtime.
"""


def begin(venue: Venue, fault: Fault) -> None:
    """Stop serving."""
    venue.faults.closed_until_ms = true_ms() + fault.params["ms"]
    venue.faults.closed_how = fault.kind
    venue.exchange.forget_recent()
    fault.struck += 1
    if fault.kind == "restart":
        for connection in venue.sockets.of():
            connection.cut()


def end(venue: Venue) -> None:
    """Serve again."""
    venue.faults.closed_until_ms = 0


def closed(venue: Venue) -> str:
    """The kind of outage that is on; empty if there is none."""
    return venue.faults.closed_how if true_ms() < venue.faults.closed_until_ms else ""
