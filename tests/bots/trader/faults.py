"""A line between trader and venue that loses what a test tells it to lose."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["request", "answer"]


@dataclass
class FaultyLine:
    """A TCP relay on a thread; ``lose(path, fault)`` concerns the next request with that path."""

    target: tuple[str, int]
    faults: deque[tuple[bytes, Fault]] = field(default_factory=deque)
    seen: list[bytes] = field(default_factory=list)
    url: str = ""

    def start(self) -> FaultyLine:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    def lose(self, path: str, fault: Fault) -> None:
        self.faults.append((path.encode(), fault))

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            theirs, ours = await asyncio.open_connection(*self.target)
            await self._relay(reader, writer, theirs, ours)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            ours.close()
            self._tasks.discard(task)

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        theirs: asyncio.StreamReader,
        ours: asyncio.StreamWriter,
    ) -> None:
        back = asyncio.create_task(self._copy(theirs, writer))
        try:
            while data := await reader.read(65_536):
                data += await rest_of_request(reader, data)
                self.seen.append(data)
                fault = self._fault_of(data)
                if fault == "request":
                    return
                if fault == "answer":
                    back.cancel()
                    await asyncio.wait({back})
                ours.write(data)
                await ours.drain()
                if fault == "answer":
                    await theirs.read(65_536)
                    return
        finally:
            back.cancel()

    def _fault_of(self, data: bytes) -> Fault | None:
        if self.faults and self.faults[0][0] in data:
            return self.faults.popleft()[1]
        return None

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


async def rest_of_request(reader: asyncio.StreamReader, data: bytes) -> bytes:
    """Read the body of a request whose head has come alone."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    if not data.startswith(b"POST ") or not end or length is None:
        return b""
    return await reader.readexactly(max(0, int(length[1]) - len(body)))
