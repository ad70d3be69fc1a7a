"""The embedded stack as a person meets it: started, stopped, started again, hurt."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ailona.stack.ports import free_port
from ailona.stack.venue import venue_child
from tests.conftest import wait_until
from tests.venue.venues import VenueProcess

ROOT = Path(__file__).resolve().parent.parent.parent
START_S = 60.0


class Platform:
    """``manage.py up`` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "up.log"
        self.more: dict[str, str] = {}
        """Variables beside those of every platform here."""

    def start(self) -> str:
        """Start it and return what it greets with."""
        with self.log.open("wb") as out:
            self.process = self._spawn(out.fileno())
        wait_until(self._greeted, timeout_s=START_S)
        return self.log.read_text()

    def second(self) -> tuple[int, str]:
        """Start it once more on the same folder; return its exit code and what it said."""
        process = self._spawn(subprocess.PIPE)
        said, _ = process.communicate(timeout=START_S)
        return process.returncode, said.decode()

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(START_S)

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def descendants(self) -> list[int]:
        """Return the processes it has started, zombies excluded."""
        assert self.process is not None
        return _children(self.process.pid)

    def _greeted(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        return "Ctrl-C" in self.log.read_text()

    def _spawn(self, out: int) -> subprocess.Popen[bytes]:
        cleared = {
            "DJANGO_SETTINGS_MODULE",
            "SECRET_KEY",
            "VENUE_CONTROL_TOKEN",
            "ALLOWED_HOSTS",
            "DATABASE_URL",
            "REDIS_URL",
        }
        environment = {name: value for name, value in os.environ.items() if name not in cleared}
        environment |= {"DATA_DIR": str(self.folder / "var"), "LISTEN": f"127.0.0.1:{self.port}"}
        environment |= self.more
        command = [sys.executable, "manage.py", "up"]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )


def _children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rsplit(")", 1)[1].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(status.parent.name))
    return found


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform that is gone afterwards, whatever happens."""
    platform = Platform(tmp_path)
    yield platform
    if platform.process is not None and platform.process.poll() is None:
        platform.process.kill()
        platform.process.wait()


@pytest.mark.slow
def test_up_serves_stops_clean_and_continues(platform: Platform) -> None:
    first = platform.start()
    password = re.search(r"Password +(\S+)", first)
    assert password
    assert f"http://127.0.0.1:{platform.port}/" in first
    assert platform.get("/readyz") == (200, "ready\n")
    assert platform.get("/accounts/login/")[0] == 200
    children = platform.descendants()
    assert children

    assert platform.end(signal.SIGINT) == 0
    assert not [pid for pid in children if _runs(pid)]

    assert password.group(1) in platform.start()
    assert platform.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_up_follows_the_market_it_is_told_of(platform: Platform, tmp_path: Path) -> None:
    upstream = VenueProcess(tmp_path / "upstream", "--history-days", "1")
    try:
        stream = upstream.url.replace("http", "ws")
        platform.more = {"MARKET": "bybit", "UPSTREAM_REST": upstream.url, "UPSTREAM_STREAM": stream}
        said = platform.start()
        assert platform.get("/readyz") == (200, "ready\n")
        assert platform.end(signal.SIGINT) == 0
    finally:
        upstream.stop()

    assert f"Market    public market of {urlsplit(upstream.url).netloc}, fills simulated" in said


def test_a_market_that_others_move_is_never_stepped(settings: Settings) -> None:
    settings.MARKET = "bybit"

    with pytest.raises(CommandError, match="leave out --lockstep"):
        call_command("up", "--lockstep")


def test_the_venue_is_told_what_to_follow(settings: Settings) -> None:
    settings.VENUE_MARKET = "upstream"

    command = venue_child(lockstep=False, limit=None)._command

    told = dict(zip(command[4::2], command[5::2], strict=True))
    assert told["--market"] == "upstream"
    assert told["--upstream-rest"] == "https://api.bybit.com"
    assert told["--upstream-stream"] == "wss://stream.bybit.com"


@pytest.mark.slow
def test_up_refuses_a_second_one_and_survives_kill_9(platform: Platform) -> None:
    platform.start()
    children = platform.descendants()

    code, said = platform.second()

    assert code == 1
    assert "already runs" in said
    platform.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in children if _runs(pid)])
    assert "Password" in platform.start()


@pytest.mark.slow
def test_up_stops_everything_and_names_the_part_that_died(platform: Platform) -> None:
    platform.start()
    (venue,) = [pid for pid in platform.descendants() if "trading_core.venue" in _command(pid)]

    os.kill(venue, signal.SIGKILL)

    assert platform.process is not None
    assert platform.process.wait(START_S) == 1
    assert "the venue died" in platform.log.read_text()
