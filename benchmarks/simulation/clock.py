"""Virtual time: the one clock of engine, trader, adapter, venue and database, and an event loop that never waits."""

from __future__ import annotations

import asyncio
import os
import random
import selectors
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.db import connection, connections

from trading_core.exchanges.bybit.gate import Gate
from trading_core.exchanges.bybit.pacer import Pacer

GATES = "trading_core.exchanges.bybit.gate._gates"
START_MS = 1_767_268_800_000
"""2026-01-01T12:00Z: where every run begins."""


class Stuck(AssertionError):
    """Nothing is left that could ever happen."""


class Clock:
    """One moment that everybody reads; it goes on only when nobody has anything to do."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self._start_ns = start_ms * 1_000_000
        self._passed = 0.0

    def seconds(self) -> float:
        """Seconds since the run began: monotonic clock and event loop."""
        return self._passed

    def time_ns(self) -> int:
        """Wall clock in nanoseconds."""
        return self._start_ns + int(self._passed * 1e9)

    def wall_ms(self) -> int:
        """Wall clock in milliseconds."""
        return self.time_ns() // 1_000_000

    def now(self) -> datetime:
        """Wall clock as an aware datetime."""
        return datetime.fromtimestamp(self.time_ns() / 1e9, UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds

    def in_sql(self, form: str, *when: str) -> str | None:
        """SQLite's ``strftime``: the database reads this clock too."""
        if when != ("NOW",):
            raise NotImplementedError(f"strftime({form!r}, {when!r})")
        return self.now().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class _NoWaiting(selectors.SelectSelector):
    """A selector of nothing: where a real one would wait, the clock goes on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Pass the time until the next timer."""
        if timeout is None:
            raise Stuck("nothing is scheduled any more")
        if timeout > 0:
            self._clock.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock; one thread, no sockets."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(_NoWaiting(clock))
        self._virtual = clock

    def time(self) -> float:
        """Return the virtual time."""
        return self._virtual.seconds()

    def _write_to_self(self) -> None:
        """There is one thread: nobody has to be woken."""


@contextmanager
def virtual_time(clock: Clock, *, seed: int, sleep: Any, host: str) -> Iterator[None]:
    """Let the whole platform live by one clock; ``sleep`` waits inside a blocking call."""
    draw = random.Random(seed)  # noqa: S311 - a simulation
    named = SimpleNamespace(time_ns=clock.time_ns, monotonic=clock.seconds, sleep=sleep)
    jitter = SimpleNamespace(uniform=draw.uniform)
    patience: Mapping[str, Any] = {"monotonic": clock.seconds, "sleep": sleep, "still": False}
    with ExitStack() as stack:
        enter = stack.enter_context
        enter(patch("ailona.kit.clock.now", clock.now))
        enter(patch("trading_core.venue.clock.time", named))
        enter(patch("bots.trader.service.time", named))
        enter(patch("bots.trader.key_watch.time", named))
        enter(patch("bots.trader.absence.time", named))
        enter(patch("bots.trader.sight.time", named))
        enter(patch("bots.trader.actor.random", jitter))
        enter(patch("trading_core.exchanges.bybit.line.random", jitter))
        enter(patch.dict(Pacer.__init__.__kwdefaults__, patience))
        enter(patch.dict(GATES, {host: Gate(host, monotonic=clock.seconds, sleep=sleep)}))
        enter(patch.dict(os.environ, {"DJANGO_ALLOW_ASYNC_UNSAFE": "true"}))
        enter(_database_time(clock))
        yield


@contextmanager
def _database_time(clock: Clock) -> Iterator[None]:
    if connection.vendor != "sqlite":
        raise RuntimeError("the simulation runs on SQLite: its database must share the virtual clock")
    connection.ensure_connection()
    ours = connection.connection
    ours.create_function("strftime", -1, clock.in_sql)
    # In an event loop Django keeps a connection for each task; a simulated platform has one thread.
    held = SimpleNamespace(**{alias: connections[alias] for alias in connections})
    try:
        with patch.object(connections, "_connections", held):
            yield
    finally:
        ours.create_function("strftime", -1, None)
