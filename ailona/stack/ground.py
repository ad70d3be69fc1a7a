"""The ground of the embedded stack: its lock, its secrets, the venue's address. Needs no Django."""

from __future__ import annotations

import os
from pathlib import Path

from ailona import secrets_file
from ailona.stack import lock
from ailona.stack.ports import free_port

_held: list[int] = []


def prepare(data_dir: Path) -> None:
    """Take the data folder for this process and tell the settings, by environment, what stands on it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)  # the database holds what the secrets seal
    _held.append(lock.hold(data_dir / "up.lock"))
    secrets_file.ensure(data_dir / "secret.env")
    os.environ.setdefault("VENUE_URL", f"http://127.0.0.1:{_venue_port(data_dir / 'venue.port')}")
    os.environ.setdefault("LOG_LEVEL", "WARNING")


def _venue_port(path: Path) -> int:
    """Keep the venue where it was: its address stays the same across restarts when it can."""
    last = path.read_text(encoding="ascii").strip() if path.exists() else ""
    port = free_port(preferred=int(last) if last.isdigit() else 0)
    path.write_text(f"{port}\n", encoding="ascii")
    return port
