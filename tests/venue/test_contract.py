"""The operator's contract suite, run against our own venue."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import uuid4

from tests.venue.venues import ROOT, VenueProcess


def check(venue: VenueProcess, account: dict[str, str]) -> subprocess.CompletedProcess[str]:
    keys = {"BYBIT_API_KEY": account.get("api_key", ""), "BYBIT_API_SECRET": account.get("api_secret", "")}
    command = [sys.executable, "-m", "scripts.check_exchange", "--url", venue.url]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | keys, capture_output=True, text=True, timeout=100, check=False
    )


def test_every_promise_holds_on_our_venue(free_venue: VenueProcess) -> None:
    account = free_venue.account(f"contract-{uuid4().hex}")
    done = check(free_venue, account)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) == 18
    assert all(line.startswith("ok ") for line in lines)
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
