"""docs/venue.md tells what the venue serves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import AsyncExitStack

from scripts.venue_docs import PAGE, callers_of, section, tables
from tests.venue.raw import open_socket
from tests.venue.venues import VenueProcess
from trading_core.venue.candles import INTERVALS
from trading_core.venue.faults.control import KINDS
from trading_core.venue.rest.routes import PRIVATE, PUBLIC
from trading_core.venue.streams.topics import BOOK_DEPTHS, TOPIC


def without_tests(table: str) -> list[str]:
    """Rows but for the column that names tests: it may lag behind."""
    return [row.rpartition(" | ")[0] for row in table.splitlines()]


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for name, table in tables().items():
        written = section(page, name)
        if name == "endpoints":
            assert without_tests(written) == without_tests(table), "run: python -m scripts.venue_docs"
        else:
            assert written == table, "run: python -m scripts.venue_docs"


def test_every_endpoint_has_a_test_and_every_fault_a_sentence() -> None:
    untested = [path for _, path in (*PUBLIC, *PRIVATE) if not callers_of(path)]
    described = PAGE.read_text(encoding="utf-8").partition("| kind | what happens |")[2]

    assert untested == []
    assert [kind for kind in KINDS if f"`{kind}`" not in described] == []


async def test_every_public_topic_of_the_page_is_served(still_venue: VenueProcess) -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = re.findall(r"`([\w.{}]+)\.\{symbol\}`", page)
    filled: dict[str, Iterable[object]] = {"{interval}": INTERVALS, "{depth}": BOOK_DEPTHS, "": [""]}
    async with AsyncExitStack() as stack:
        socket = await open_socket(stack, still_venue, "/v5/public/linear")
        for name in names:
            place = next(place for place in filled if place in name)
            for value in filled[place]:
                topic = f"{name.replace(place, str(value)) if place else name}.ETHUSDT"
                assert (await socket.ask({"op": "subscribe", "args": [topic]}))["success"], topic
                await socket.until_pong()
    heads = {name.partition(".")[0] for name in names}
    assert heads == set(re.findall(r"[a-zA-Z]{4,}", TOPIC["linear"].pattern))
