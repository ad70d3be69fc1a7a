"""The platform as separate processes on PostgreSQL and Redis, playing candles in lock-step."""

from __future__ import annotations

import re
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ailona.secrets_file import new_secrets
from benchmarks.processes import Processes, manage, result_of, run, wait_until
from scripts.services import services

TRADER_ALONE = ("TRADER_PRIVATE_KEY", "MASTER_KEYS")
"""What opens API keys; the system checks refuse it to every other process."""


@dataclass(slots=True)
class Platform:
    """A running platform and where its parts are."""

    processes: Processes
    folder: Path
    env: dict[str, str]
    bots: list[str]

    def play(self, meanwhile: Callable[[Platform, float], None] | None = None, *, timeout_s: float) -> float:
        """Let the conductor play to the end; return the seconds. ``meanwhile`` is called every second."""
        start = time.monotonic()
        self.processes.start("conductor", manage("conductor"), {"AILONA_ROLE": "engine"})
        while (code := self.processes.finished("conductor")) is None:
            if time.monotonic() - start > timeout_s:
                raise TimeoutError(
                    f"the replay did not end in {timeout_s:.0f} s: {self.processes.log('conductor')}"
                )
            time.sleep(1)
            if meanwhile is not None:
                meanwhile(self, time.monotonic() - start)
        if code:
            raise RuntimeError(f"the conductor ended with {code}: {self.processes.log('conductor')}")
        return time.monotonic() - start

    def result(self, bot: str) -> dict[str, Any]:
        """Return the result document of a bot, built from the database."""
        return result_of(bot, folder=self.folder, env=self.env | {"AILONA_ROLE": "engine"})

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database as its owner."""
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            return list(connection.execute(sql))


@contextmanager
def platform(*, candles: Path, limit: int, bots: list[Path], web: bool = False) -> Iterator[Platform]:
    """Start a platform on a database of its own with these bots running; take all of it down at the end."""
    with (
        services() as found,
        tempfile.TemporaryDirectory(prefix="ailona-bench-") as name,
        _database(found.database_url) as database_url,
    ):
        folder = Path(name)
        env = _environment(folder, database_url, _apart(found.redis_url), candles)
        private = {name: env.pop(name) for name in TRADER_ALONE}
        run(manage("migrate", "--verbosity", "0"), env=env | {"AILONA_ROLE": "migrator"})
        with Processes(folder, env) as processes:
            venue = manage("venue", "--market", "replay", "--mode", "candles", "--limit", str(limit))
            processes.start("venue", venue)
            _start_parts(processes, private, web=web)
            codes = _create_bots(processes, env, bots)
            yield Platform(processes, folder, env, codes)


def _start_parts(processes: Processes, private: dict[str, str], *, web: bool) -> None:
    engine = {"AILONA_ROLE": "engine"}
    celery = [sys.executable, "-m", "celery", "-A", "ailona"]
    processes.start("feed", manage("feed"), engine)
    processes.start("trader", manage("trader"), engine | private)
    worker = [*celery, "worker", "-P", "threads", "-c", "4", "-Q", "verdicts,cycles,default", "-l", "WARNING"]
    processes.start("worker", worker, engine)
    processes.start("beat", [*celery, "beat", "-l", "WARNING"], engine)
    if web:
        server = [sys.executable, "-m", "uvicorn", "ailona.asgi:application", "--port", str(free_port())]
        processes.start("web", server, {"AILONA_ROLE": "web"})


def _create_bots(processes: Processes, env: dict[str, str], bots: list[Path]) -> list[str]:
    seed = env | {"AILONA_ROLE": "web"}
    wait_until(lambda: processes.fallen() or _answers(env["VENUE_URL"]), what="the venue to listen")
    _must_stand(processes)
    printed = run(manage("demo", *(word for path in bots for word in ("--bot", str(path)))), env=seed)
    _must_stand(processes)
    return re.findall(r"^bot ([a-z2-7]{10})", printed, re.MULTILINE)


def _must_stand(processes: Processes) -> None:
    for name, code in processes.fallen().items():
        raise RuntimeError(f"{name} ended with {code}: {processes.log(name)}")


def _environment(folder: Path, database_url: str, redis_url: str, candles: Path) -> dict[str, str]:
    return {
        **new_secrets(),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(folder / "data"),
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1",
        "VENUE_URL": f"http://127.0.0.1:{free_port()}",
        "MARKET": "replay",
        "CANDLES": str(candles),
    }


@contextmanager
def _database(url: str) -> Iterator[str]:
    """Make an empty database beside the given one; drop it at the end."""
    base, _, name = url.partition("?")[0].rpartition("/")
    tail = url.partition("?")[2]
    fresh = f"{name}_bench"
    maintenance = f"{base}/postgres" + (f"?{tail}" if tail else "")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{fresh}"')
    try:
        yield f"{base}/{fresh}" + (f"?{tail}" if tail else "")
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')


def _apart(redis_url: str) -> str:
    """Return another database of the same Redis: the suite may be using the given one."""
    return f"{redis_url.rpartition('/')[0]}/10"


def _answers(url: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        host, port = url.removeprefix("http://").split(":")
        return probe.connect_ex((host, int(port))) == 0


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
