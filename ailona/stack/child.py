"""A child process that dies with its parent, however the parent ends."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ailona.kit.orphans import die_with

STOP_TIMEOUT_S = 10.0


class Child:
    """One of our own programs as a process: the venue, the compute process."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Only from the main thread: the kernel binds the death signal to the thread that forks."""
        parent = os.getpid()
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            self._command,
            stdin=subprocess.DEVNULL,
            cwd=self._folder,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is ours to pass on, in our order
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 - sets one flag of the kernel
        )

    def alive(self) -> bool:
        """Say whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it: politely, then for certain."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Return its process id, 0 before the start."""
        return 0 if self._process is None else self._process.pid
