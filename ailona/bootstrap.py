"""What a command needs before Django reads its settings: a database role, the embedded stack's ground."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ailona.env import env_str
from ailona.stack import ground
from ailona.stack.lock import AlreadyRunning

ROLES = {
    "feed": "engine",
    "trader": "engine",
    "conductor": "engine",
    "halt": "engine",
    "import_candles": "engine",
    "result": "engine",
    "compute": "engine",
    "demo": "web",
    "migrate": "migrator",
    "createsuperuser": "migrator",
    "runserver": "web",
}
"""The PostgreSQL role of each command. A command that is not here acts as whoever DATABASE_URL names."""


def prepare(argv: Sequence[str]) -> None:
    """Set the environment for a command line; exits with a sentence when its ground is taken."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ailona.settings")
    command = argv[1] if len(argv) > 1 else ""
    if command in ROLES:
        os.environ.setdefault("AILONA_ROLE", ROLES[command])
    if command == "up" and not {"-h", "--help"} & set(argv) and not _on_services():
        _prepare_embedded()


def _prepare_embedded() -> None:
    data_dir = Path(env_str("DATA_DIR") or Path(__file__).resolve().parent.parent / "var").resolve()
    try:
        ground.prepare(data_dir)
    except (AlreadyRunning, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no logging before Django
        sys.exit(1)


def _on_services() -> bool:
    return any(env_str(name) or env_str(f"{name}_FILE") for name in ("DATABASE_URL", "REDIS_URL"))
