"""One embedded stack per data folder: a lock that the kernel lets go of, however the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the data folder; the message names both."""


def hold(path: Path) -> int:
    """Take the lock until this process ends and return its descriptor; raises ``AlreadyRunning``.

    Children inherit no descriptor, so none of them can keep the lock after us.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise AlreadyRunning(
            f"AI-Lona already runs on {path.parent} (process {holder}). "
            "Stop it first, or choose another folder with DATA_DIR=..."
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
