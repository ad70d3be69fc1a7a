"""Reads the environment: loud on nonsense, and every secret also as NAME_FILE."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

KEEP_CONNECTION_S = 300
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class EnvironmentInvalid(Exception):
    """A variable whose value can't be used; the message names it, never quotes a secret."""


def env_str(name: str, default: str = "") -> str:
    """Return a variable, stripped."""
    return os.environ.get(name, default).strip()


def env_bool(name: str, *, default: bool = False) -> bool:
    """Return a yes or no; raises ``EnvironmentInvalid`` on anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value not in _TRUE | _FALSE:
        raise EnvironmentInvalid(f"{name}: expected yes or no, was {raw!r}")
    return value in _TRUE


def env_int(name: str, *, default: int) -> int:
    """Return a whole number; raises ``EnvironmentInvalid`` on anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return int(raw)
    except ValueError:
        raise EnvironmentInvalid(f"{name}: expected a whole number, was {raw!r}") from None


def env_float(name: str, *, default: float) -> float:
    """Return a number; raises ``EnvironmentInvalid`` on anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        return float(raw)
    except ValueError:
        raise EnvironmentInvalid(f"{name}: expected a number, was {raw!r}") from None


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a list separated by commas."""
    raw = os.environ.get(name)
    return list(default) if raw is None else [part.strip() for part in raw.split(",") if part.strip()]


def env_choice(name: str, choices: tuple[str, ...], default: str = "") -> str:
    """Return one of some words; raises ``EnvironmentInvalid`` on any other."""
    value = env_str(name, default)
    if value and value not in choices:
        raise EnvironmentInvalid(f"{name}: expected one of {', '.join(choices)}, was {value!r}")
    return value


def env_secret(name: str, default: str = "") -> str:
    """Return a secret from NAME, or from the file that NAME_FILE points to."""
    path = os.environ.get(f"{name}_FILE", "").strip()
    if not path:
        return env_str(name, default)
    if os.environ.get(name):
        raise EnvironmentInvalid(f"{name} and {name}_FILE are both set: keep one")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EnvironmentInvalid(f"{name}_FILE: can't read {path}: {error.strerror}") from None


def read_env_file(path: Path) -> None:
    """Take NAME=value lines into the environment; what is already set there wins."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, mark, value = line.partition("=")
        if not mark or not name.strip().isidentifier():
            raise EnvironmentInvalid(f"{path} line {number}: expected NAME=value")
        if f"{name.strip()}_FILE" not in os.environ:
            os.environ.setdefault(name.strip(), value.strip())


def sqlite_database(path: Path) -> dict[str, Any]:
    """Return Django's settings of the embedded database.

    IMMEDIATE: a transaction that reads and then writes would otherwise fail with "database is locked"
    at once instead of waiting its turn.
    """
    pragmas = (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;PRAGMA foreign_keys=ON;"
    )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
        # A file, as in the product: threads of an in-memory database lock each other out at once.
        "TEST": {"NAME": str(path.with_name("test.sqlite3"))},
    }


def postgresql_database(url: str, *, role: str = "", pool: bool = False) -> dict[str, Any]:
    """Return Django's settings for a postgresql:// address, acting as ``ailona_<role>``.

    With a pool, connections go back to it after each request; without one every thread keeps its own,
    which is what a process of few threads that asks all the time wants.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise EnvironmentInvalid("DATABASE_URL: expected postgresql://user@host:port/name")
    query = dict(parse_qsl(parts.query))
    options: dict[str, Any] = {key: value for key, value in query.items() if key not in {"host", "port"}}
    if role:
        # Set by the connection itself: Django's assume_role asks the pool for a second connection.
        options["options"] = f"{options.get('options', '')} -c role=ailona_{role}".strip()
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 10, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", unquote(parts.hostname or "")),
        "PORT": query.get("port", str(parts.port or "")),
        "CONN_MAX_AGE": 0 if pool else KEEP_CONNECTION_S,
        "OPTIONS": options,
    }
