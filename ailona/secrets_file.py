"""The secrets of the embedded stack: made on the first start, kept in one file that only its owner reads."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ailona.env import read_env_file

HEADER = "# Made on the first start of the embedded stack. Keep it private; deleting it makes stored keys unreadable.\n"


def ensure(path: Path) -> bool:
    """Make the file unless it exists, and take it into the environment; returns whether it was made.

    Call it before Django starts. What the environment already says wins.
    """
    made = False
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = _write(path)
    read_env_file(path)
    return made


def _write(path: Path) -> bool:
    text = HEADER + "".join(f"{name}={value}\n" for name, value in new_secrets().items())
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename, refuses to replace what another start has just made
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True


def new_secrets() -> dict[str, str]:
    """Return a fresh set of everything the embedded stack keeps secret."""
    private = X25519PrivateKey.generate()
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "VENUE_CONTROL_TOKEN": secrets.token_urlsafe(32),
        "TRADER_PRIVATE_KEY": base64.b64encode(private.private_bytes_raw()).decode(),
        "TRADER_PUBLIC_KEY": base64.b64encode(private.public_key().public_bytes_raw()).decode(),
        "MASTER_KEYS": "1:" + base64.b64encode(os.urandom(32)).decode(),
    }
