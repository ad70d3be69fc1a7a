"""Several lines to one venue, heard as one: a connection may not listen to every topic of hundreds of symbols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from trading_core.errors import AilonaError
from trading_core.exchanges.bybit.line import Connected, Frame

SYMBOLS_PER_LINE = 200
"""Bybit takes 21,000 characters of topics on a connection; three topics of a symbol are up to 100."""

Heard = Frame | Connected


class Heeded(Protocol):
    """A line that keeps itself alive."""

    def frames(self) -> AsyncIterator[Heard]:
        """What arrives; ``Connected`` after each (re)connect."""


async def merged(lines: Sequence[Heeded]) -> AsyncIterator[Heard]:
    """Yield what any line hears, each in its own order; raise what the first one raises that gives up."""
    heard: asyncio.Queue[Heard | AilonaError] = asyncio.Queue()
    listening = [asyncio.create_task(_listen(line, heard)) for line in lines]
    try:
        while True:
            news = await heard.get()
            if isinstance(news, AilonaError):
                raise news
            yield news
    finally:
        for task in listening:
            task.cancel()


async def _listen(line: Heeded, heard: asyncio.Queue[Heard | AilonaError]) -> None:
    try:
        async for news in line.frames():
            heard.put_nowait(news)
    except AilonaError as e:
        heard.put_nowait(e)
