"""The embedded stack: every part in one process, the venue and the compute process as children, one supervisor."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence

from ailona.kit.push import publisher
from ailona.stack.child import Child
from ailona.stack.parts import Part, Watched, Web

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
RESTART_EVERY_S = 10.0
"""How often a helper is started again, at most."""
SERVING_TIMEOUT_S = 60.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PartDied(Exception):
    """A part ended by itself; the message names it."""


class Stack:
    """Starts the parts, watches them, and stops them all when one dies or a signal comes.

    A helper is a child that nothing else needs: it starts once everything runs, and again when it dies.
    """

    def __init__(
        self, *, web: Web, parts: Sequence[Part], venue: Child, helpers: Sequence[Child] = ()
    ) -> None:
        self._web = web
        self._parts = list(parts)
        self._venue = venue
        self._helpers = dict.fromkeys(helpers, float("-inf"))
        """Each with when it was last started."""
        self._asked_to_stop = asyncio.Event()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run until a signal comes; raises ``PartDied``. The venue is started and stopped by its owner."""
        loop = asyncio.get_running_loop()
        # Not KeyboardInterrupt: a program started in the background of a script inherits SIGINT as ignored.
        for number in SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop.set)
        publisher.use_loop(loop)
        started: list[Part] = []
        try:
            self._web.start()
            for part in self._parts:
                part.start()
                started.append(part)
            await self._until_serving()
            on_ready()
            await self._watch()
        finally:
            for helper in self._helpers:
                await asyncio.to_thread(helper.stop)
            await self._stop(started)
            publisher.use_loop(None)

    async def _until_serving(self) -> None:
        async with asyncio.timeout(SERVING_TIMEOUT_S):
            while not self._web.serving() and not self._asked_to_stop.is_set():
                self._check()
                await asyncio.sleep(0.02)

    async def _watch(self) -> None:
        while not self._asked_to_stop.is_set():
            self._check()
            self._help()
            try:
                await asyncio.wait_for(self._asked_to_stop.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue

    def _check(self) -> None:
        watched: list[Watched] = [self._web, *self._parts, self._venue]
        for part in watched:
            if not part.alive():
                raise PartDied(f"the {part.name} died; everything was stopped")

    def _help(self) -> None:
        """Start the helpers that don't run; from here, because the kernel binds a child to the main thread."""
        now = time.monotonic()
        for helper, started in self._helpers.items():
            if not helper.alive() and now >= started + RESTART_EVERY_S:
                if started > 0:
                    logger.warning("the %s died; it is started again", helper.name)
                self._helpers[helper] = now
                helper.start()

    async def _stop(self, started: Sequence[Part]) -> None:
        """Stop what brings news first and the web last, off the loop: a part may still want to publish."""
        for part in reversed(started):
            await asyncio.to_thread(part.stop)
        await self._web.finish()
