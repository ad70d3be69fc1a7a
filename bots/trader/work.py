"""Where blocking work is done: threads for the database, threads for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError
from typing import ParamSpec, TypeVar

from django.db import connection, connections

P = ParamSpec("P")
T = TypeVar("T")

CLOSE_WITHIN_S = 5.0


class Work:
    """Two thread pools; every call is awaited by one task."""

    def __init__(self, *, database_threads: int, network_threads: int) -> None:
        # SQLite has one writer: threads that wait for each other inside it wait longest.
        self._threads = 1 if connection.vendor == "sqlite" else database_threads
        self._database = ThreadPoolExecutor(self._threads, thread_name_prefix="trader-db")
        self._network = ThreadPoolExecutor(network_threads, thread_name_prefix="trader-net")

    async def db(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that uses the database."""
        job = partial(_with_connection, partial(call, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._database, job)

    async def net(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a call that waits for the network."""
        job = partial(call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._network, job)

    def close(self) -> None:
        """Finish what runs, close the connections and end the threads."""
        barrier = Barrier(self._threads)  # so that every thread takes exactly one of these
        wait([self._database.submit(_leave, barrier) for _ in range(self._threads)])
        self._database.shutdown(wait=True, cancel_futures=True)
        self._network.shutdown(wait=True, cancel_futures=True)


def _leave(barrier: Barrier) -> None:
    with suppress(BrokenBarrierError):
        barrier.wait(CLOSE_WITHIN_S)
    connections.close_all()


def _with_connection(job: Callable[[], T]) -> T:
    try:
        return job()
    finally:
        # Each thread keeps its connection; one that broke is opened again by the next call.
        connection.close_if_unusable_or_obsolete()
