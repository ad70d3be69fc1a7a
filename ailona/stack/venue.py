"""The venue as a child of the embedded stack: start it, and wait until it answers."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from ailona.stack.child import Child
from bots.services.venue_control import VenueControl, VenueStatus, VenueUnreachable

START_TIMEOUT_S = 60.0
POLL_S = 0.05
UPSTREAM_HISTORY_DAYS = 7
"""A page of history is a request of a fraction of a second to Bybit, and the stack waits for all of them."""
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class VenueSilent(Exception):
    """The venue did not come up; the message says what is known."""


def venue_child(*, lockstep: bool, limit: int | None) -> Child:
    """Return the venue as a child, on the address of VENUE_URL, with no secret but its own token.

    It is started without Django: it needs nothing of it, and comes up while this process migrates.
    """
    address = urlsplit(settings.VENUE_URL)
    options = {
        "--data-dir": str(Path(settings.DATA_DIR) / "venue"),
        "--host": address.hostname or "127.0.0.1",
        "--port": str(address.port or 0),
        "--market": settings.VENUE_MARKET,
        "--mode": "candles" if lockstep else "ticks",
        "--speed": str(settings.SPEED),
    }
    if settings.VENUE_MARKET == "upstream":
        options["--upstream-rest"] = settings.UPSTREAM_REST
        options["--upstream-stream"] = settings.UPSTREAM_STREAM
        options["--history-days"] = str(UPSTREAM_HISTORY_DAYS)
    if limit is not None:
        options["--limit"] = str(limit)
    command = [sys.executable, "-m", "trading_core.venue", "--die-with-parent"]
    command += [word for option in options.items() for word in option]
    if settings.CANDLES:
        command += ["--candles", *(str(Path(path).resolve()) for path in settings.CANDLES)]
    kept = {name: value for name, value in os.environ.items() if name in KEPT_VARIABLES}
    environment = {**kept, "VENUE_CONTROL_TOKEN": settings.VENUE_CONTROL_TOKEN}
    return Child("venue", command, folder=settings.BASE_DIR, environment=environment)


def wait_for(child: Child) -> VenueStatus:
    """Return the venue's status once it answers; raises ``VenueSilent``."""
    deadline = time.monotonic() + START_TIMEOUT_S
    reason = ""
    while time.monotonic() < deadline:
        if not child.alive():
            raise VenueSilent("the venue ended while starting; what it said is above")
        try:
            return ask()
        except VenueUnreachable as error:
            reason = str(error)
            time.sleep(POLL_S)
    raise VenueSilent(f"the venue did not come up within {START_TIMEOUT_S:.0f} s: {reason}")


def ask() -> VenueStatus:
    """Return the status of the venue at VENUE_URL; raises ``VenueUnreachable``."""
    control = VenueControl.from_settings()
    try:
        return control.status()
    finally:
        control.close()
