"""The operator's contract suite, run against our own venue."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.venue.venues import ROOT, VenueProcess


def check(venue: VenueProcess, account: dict[str, str]) -> subprocess.CompletedProcess[str]:
    keys = {"BYBIT_API_KEY": account.get("api_key", ""), "BYBIT_API_SECRET": account.get("api_secret", "")}
    command = [sys.executable, "-m", "scripts.check_exchange", "--url", venue.url]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | keys, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture(scope="module")
def fast_venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """A minute a second: what is bought beyond the best ask is sold again soon."""
    options = ["--symbols", "BTCUSDT,ETHUSDT", "--history-days", "3", "--speed", "60"]
    venue = VenueProcess(tmp_path_factory.mktemp("fast"), *options)
    yield venue
    venue.stop()


def test_every_promise_holds_on_our_venue(fast_venue: VenueProcess) -> None:
    # Rich enough to ask for more than the best ask offers: what is left over is cancelled.
    account = fast_venue.account("contract", "5000000")
    done = check(fast_venue, account)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) == 32
    assert all(line.startswith("ok ") for line in lines)
    (swept,) = (line for line in lines if "beyond the best ask" in line)
    found = re.search(r"(Filled|Cancelled), (\d+) of (\d+) lots filled, \d+ were offered", swept)
    assert found is not None, swept
    assert (found[1] == "Filled") == (int(found[2]) == int(found[3]))
    assert account["api_secret"] not in done.stdout


def test_it_never_runs_without_keys(free_venue: VenueProcess) -> None:
    done = check(free_venue, {})
    assert (done.returncode, done.stdout) == (2, "")
    assert "BYBIT_API_KEY" in done.stderr


def test_broken_promise_is_named_and_fails(free_venue: VenueProcess) -> None:
    account = free_venue.account(f"contract-{uuid4().hex}") | {"api_secret": "wrong"}
    done = check(free_venue, account)
    assert done.returncode == 1
    assert "BROKEN  key" in done.stdout
