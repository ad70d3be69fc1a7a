"""A process of the platform that can stall, lose its database, or die between any two of its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError

from benchmarks.simulation.blocking import run_blocking
from benchmarks.simulation.clock import Clock
from bots.trader.work import Work

P = ParamSpec("P")
T = TypeVar("T")

DATABASE_S = (0.0005, 0.004)
NETWORK_S = (0.0005, 0.003)


class Process:
    """What befalls one process: it may be stopped for a while, or for ever."""

    def __init__(self, name: str, clock: Clock, draw: Random) -> None:
        self.name = name
        self.died = asyncio.Event()
        self._clock = clock
        self._draw = draw
        self._resumes_at = 0.0
        self._database_back_at = 0.0
        self.die_at: tuple[str, int] | None = None
        """A named point and how often it is passed before the process dies there."""
        self.passed: dict[str, int] = {}

    def stall(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        self._resumes_at = max(self._resumes_at, self._clock.seconds() + seconds)

    def lose_database(self, seconds: float) -> None:
        """Let every call of the database fail for a while."""
        self._database_back_at = self._clock.seconds() + seconds

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more."""
        self.died.set()

    async def step(self, point: str, spread: tuple[float, float]) -> None:
        """Pass from one step to the next: takes a moment, waits out a stall, never returns to the dead."""
        await self._alive(point)
        await asyncio.sleep(self._draw.uniform(*spread))
        await asyncio.sleep(max(0.0, self._resumes_at - self._clock.seconds()))
        await self._alive("")

    async def _alive(self, point: str) -> None:
        if point and self.die_at is not None and self.die_at[0] == point:
            passed = self.passed[point] = self.passed.get(point, 0) + 1
            if passed >= self.die_at[1]:
                self.died.set()
        if self.died.is_set():
            await asyncio.get_running_loop().create_future()

    def need_database(self) -> None:
        """Raise as a database does that is gone."""
        if self._clock.seconds() < self._database_back_at:
            raise OperationalError("server closed the connection unexpectedly")


class SimulatedWork(Work):
    """The trader's work, done in place: the same calls in the same order, in virtual time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def db(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call of the database, in one piece: its transaction is committed, or it never was."""
        name = name_of(call)
        await self._process.step(f"before {name}", DATABASE_S)
        self._process.need_database()
        result = call(*args, **kwargs)
        await self._process.step(f"after {name}", DATABASE_S)
        return result

    async def net(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that asks the venue; requests of other calls may come in between its own."""
        name = name_of(call)
        await self._process.step(f"before {name}", NETWORK_S)
        result = await run_blocking(call, *args, **kwargs)
        await self._process.step(f"after {name}", NETWORK_S)
        return result

    def close(self) -> None:
        """Nothing to close."""


def name_of(call: Any) -> str:
    """What a step is called: the function, without the object it belongs to."""
    inner = getattr(call, "func", call)  # of a partial
    return str(getattr(inner, "__name__", type(inner).__name__)).lstrip("_")
