"""Blocking code on an event loop: a call runs in a greenlet that gives way wherever a thread would wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

T = TypeVar("T")


def wait_for(awaitable: Awaitable[T]) -> T:
    """Wait inside a blocking call for something of the event loop."""
    answer: T = getcurrent().parent.switch(awaitable)
    return answer


def sleep(seconds: float) -> None:
    """``time.sleep`` of a simulated thread."""
    wait_for(asyncio.sleep(seconds))


async def run_blocking(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run a blocking call; the loop goes on wherever it waits."""
    thread = greenlet(call)
    asked = thread.switch(*args, **kwargs)
    while not thread.dead:
        try:
            answer = await asked
        except BaseException as error:  # noqa: BLE001 - belongs to whoever waits inside
            asked = thread.throw(error)
        else:
            asked = thread.switch(answer)
    result: T = asked
    return result


class Turn:
    """``threading.Lock`` for simulated threads: who waits gives way."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __enter__(self) -> None:
        while self._held:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            wait_for(future)
        self._held = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held = False
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
