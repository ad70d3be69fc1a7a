"""Venues for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pybit.unified_trading import HTTP

from tests.venue.raw import control
from tests.venue.venues import PybitStream, VenueProcess, write_candles

CANDLES = [
    (1000.0, 1001.0, 999.0, 1000.0),
    (1000.0, 1010.0, 999.5, 1008.0),
    (1008.0, 1012.0, 1000.0, 1001.0),
    (1001.0, 1002.0, 950.0, 960.0),
    (960.0, 970.0, 955.0, 965.0),
]


@pytest.fixture(scope="session")
def free_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """The synthetic market, running by itself."""
    venue = VenueProcess(
        tmp_path_factory.mktemp("free"), "--symbols", "BTCUSDT,ETHUSDT", "--history-days", "3"
    )
    yield venue
    venue.stop()


@pytest.fixture(scope="session")
def still_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A lock-step market that nobody steps: every test brings its own account."""
    folder = tmp_path_factory.mktemp("still")
    file = write_candles(folder, CANDLES)
    options = ["--market", "replay", "--mode", "candles", "--candles", str(file)]
    venue = VenueProcess(folder / "venue", *options)
    yield venue
    venue.stop()


@pytest.fixture
def replay_options(tmp_path: Path) -> list[str]:
    file = write_candles(tmp_path, CANDLES)
    return ["--market", "replay", "--mode", "candles", "--candles", str(file)]


@pytest.fixture
def trader(still_venue: VenueProcess, request: pytest.FixtureRequest) -> HTTP:
    """pybit on the still market, with an account of the test's own."""
    return still_venue.client(still_venue.account(request.node.name))


@pytest.fixture
def replay_venue(tmp_path: Path, replay_options: list[str]) -> Iterator[VenueProcess]:
    """Five minutes of ETHUSDT in lock-step."""
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    yield venue
    venue.stop()


@pytest.fixture
def stream() -> Iterator[Callable[..., PybitStream]]:
    """Open pybit WebSockets that are closed at the end."""
    opened: list[PybitStream] = []

    def open_stream(*args: object) -> PybitStream:
        opened.append(PybitStream(*args))  # type: ignore[arg-type]
        return opened[-1]

    yield open_stream
    for one in opened:
        one.close()


@pytest.fixture
def faulty_venue(still_venue: VenueProcess) -> Iterator[VenueProcess]:
    """The still market, rid of every fault afterwards."""
    yield still_venue
    assert control(still_venue, "DELETE", "/faults").status == 200
