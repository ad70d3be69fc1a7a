"""The parts of the embedded stack, all alike: start, say whether you live, stop."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn
from celery import Celery
from celery.beat import EmbeddedService
from celery.worker import WorkController
from celery.worker import state as worker_state

logger = logging.getLogger(__name__)

STOP_TIMEOUT_S = 10.0
WORKER_THREADS = 4
"""All of them write to one SQLite file: more would wait for each other."""


class Watched(Protocol):
    """Something whose death ends everything."""

    name: str

    def alive(self) -> bool:
        """Say whether it still works."""


class Part(Watched, Protocol):
    """Something that runs beside the others in this process."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End, and return when it has ended."""


class LoopPart:
    """An asyncio program in a thread of its own, so that its slow moments are nobody else's."""

    def __init__(self, name: str, program: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self.name = name
        self._program = program
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._running = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> None:
        """Start the thread and wait until its loop turns, so that it can be stopped."""
        self._thread.start()
        self._running.wait(STOP_TIMEOUT_S)

    def alive(self) -> bool:
        """Say whether the program is still running."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the program to end and wait for it."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            logger.error("%s did not stop within %s s", self.name, STOP_TIMEOUT_S)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception:  # a part's top level: the supervisor sees the dead thread, the log the reason
            logger.exception("%s failed", self.name)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._running.set()
        await self._program(self._stop)


class Worker:
    """A Celery worker with a pool of threads."""

    name = "worker"

    def __init__(self, app: Celery, queues: tuple[str, ...]) -> None:
        self._controller = WorkController(
            app=app, pool_cls="threads", concurrency=WORKER_THREADS, queues=list(queues), loglevel="WARNING",
            without_gossip=True, without_mingle=True, without_heartbeat=True, hostname="embedded@localhost",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._controller.start, name=self.name, daemon=True)

    def start(self) -> None:
        """Start taking tasks."""
        self._thread.start()

    def alive(self) -> bool:
        """Say whether it still takes tasks."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish what runs, take nothing more."""
        worker_state.should_stop = 0  # type: ignore[assignment]  # typed by its first value
        self._thread.join(STOP_TIMEOUT_S)
        worker_state.should_stop = None
        if self._thread.is_alive():
            logger.error("the worker did not stop within %s s", STOP_TIMEOUT_S)


class Beat:
    """The clock that rings the sweep."""

    name = "beat"

    def __init__(self, app: Celery) -> None:
        self._service: Any = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")

    def start(self) -> None:
        """Start ringing."""
        self._service.start()

    def alive(self) -> bool:
        """Say whether it still rings."""
        return bool(self._service.is_alive())

    def stop(self) -> None:
        """Stop ringing."""
        if self._service.is_alive():
            self._service.stop()


class _QuietServer(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Web:
    """The web server, on the main loop."""

    name = "web"

    def __init__(self, application: str | Callable[..., Any], server_socket: socket.socket) -> None:
        options: dict[str, Any] = {"lifespan": "off", "access_log": False, "server_header": False}
        config = uvicorn.Config(
            application, log_config=None, ws="websockets-sansio", timeout_graceful_shutdown=3, **options
        )
        self._server = _QuietServer(config)
        self._socket = server_socket
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start serving; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._socket]))

    def serving(self) -> bool:
        """Say whether it has started to accept connections."""
        return self._server.started

    def alive(self) -> bool:
        """Say whether it still serves."""
        return self._task is not None and not self._task.done()

    async def finish(self) -> None:
        """Close what is open and return when it is closed."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_TIMEOUT_S)
