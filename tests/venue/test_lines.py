"""Several upstream lines heard as one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from trading_core.errors import AilonaError, Rejected
from trading_core.exchanges.bybit.line import Connected, Frame
from trading_core.venue.market.lines import Heard, merged


class Told:
    """A line that says what it was told to, then fails or falls silent."""

    def __init__(self, *news: Heard, fails: AilonaError | None = None) -> None:
        self.news = news
        self.fails = fails
        self.ended = False

    async def frames(self) -> AsyncIterator[Heard]:
        try:
            for one in self.news:
                yield one
                await asyncio.sleep(0)
            if self.fails is not None:
                raise self.fails
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def test_every_line_is_heard_in_its_own_order() -> None:
    lines = [Told(Connected(), Frame({"n": k}), Frame({"n": k + 10})) for k in (1, 2)]
    heard = merged(lines)

    numbers = [one.body["n"] for one in [await anext(heard) for _ in range(6)] if isinstance(one, Frame)]

    assert sorted(numbers) == [1, 2, 11, 12]
    assert numbers.index(1) < numbers.index(11)
    assert numbers.index(2) < numbers.index(12)
    await heard.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    assert all(line.ended for line in lines)


async def test_the_first_refusal_ends_all() -> None:
    quiet = Told(Connected())
    heard = merged([quiet, Told(fails=Rejected("no such topic"))])

    with pytest.raises(Rejected, match="no such topic"):
        async for _ in heard:
            pass

    await asyncio.sleep(0)
    assert quiet.ended
