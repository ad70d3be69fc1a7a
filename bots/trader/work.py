"""Where blocking work is done: threads for the database, threads for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import connection

P = ParamSpec("P")
T = TypeVar("T")


class Work:
    """Two thread pools; every call is awaited by one task."""

    def __init__(self, *, database_threads: int, network_threads: int) -> None:
        # SQLite has one writer: threads that wait for each other inside it wait longest.
        threads = 1 if connection.vendor == "sqlite" else database_threads
        self._database = ThreadPoolExecutor(threads, thread_name_prefix="trader-db")
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
        """Finish what runs and end the threads."""
        self._database.shutdown(wait=True, cancel_futures=True)
        self._network.shutdown(wait=True, cancel_futures=True)


def _with_connection(job: Callable[[], T]) -> T:
    try:
        return job()
    finally:
        # A pooled connection goes back to its pool; opening SQLite's again would cost more than the query.
        if connection.vendor != "sqlite" or connection.errors_occurred:
            connection.close()
