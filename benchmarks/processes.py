"""Processes of a benchmark: started with their logs, measured, killed and stopped by their own pid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
STOP_GRACE_S = 15.0


class Processes:
    """Named child processes of one run; leaving the context stops every one of them."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = {**os.environ, **env}
        self._commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start a process of this name; its output is appended to ``<name>.log``."""
        self._commands[name] = (list(command), dict(env or {}))
        self._spawn(name)

    def restart(self, name: str) -> None:
        """Start a process again as it was started."""
        self._spawn(name)

    def kill(self, name: str) -> None:
        """End a process at once (SIGKILL), as a power cut would, and wait until it is gone."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> None:
        """Ask a process to end; kill it if it does not within the grace."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def finished(self, name: str) -> int | None:
        """Return the exit code of a process that has ended, else None."""
        return self._running[name].poll()

    def fallen(self) -> dict[str, int]:
        """Return those that ended by themselves, with their exit codes."""
        codes = {name: process.poll() for name, process in self._running.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def memory_mib(self) -> dict[str, float]:
        """Return the resident memory of each process with its children, in MiB."""
        return {name: round(_tree_rss_kib(p.pid) / 1024, 1) for name, p in self._running.items()}

    def log(self, name: str) -> str:
        """Return the last lines a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    def _spawn(self, name: str) -> None:
        command, env = self._commands[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env={**self.env, **env}, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=ROOT, start_new_session=True,
            )  # fmt: skip


def manage(*words: str) -> list[str]:
    """Return the command line of a management command."""
    return [sys.executable, "manage.py", *words]


def run(words: Sequence[str], *, env: Mapping[str, str], timeout_s: float = 600.0) -> str:
    """Run a command to its end and return what it printed; raises if it failed."""
    done = subprocess.run(
        list(words), env={**os.environ, **env}, cwd=ROOT, check=False, capture_output=True, text=True,
        timeout=timeout_s,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def result_of(bot: str, *, folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Return the result document of a bot, built from the database the environment names."""
    path = folder / f"{bot}.json"
    run(manage("result", "--bot", bot, "--json", str(path)), env=env)
    return dict(json.loads(path.read_text()))


def wait_until(claim: object, *, what: str, timeout_s: float = 60.0, every_s: float = 0.05) -> float:
    """Wait until a callable says true; return the seconds it took; raises ``TimeoutError``."""
    assert callable(claim)
    start = time.monotonic()
    while not claim():
        if time.monotonic() - start > timeout_s:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(every_s)
    return time.monotonic() - start


def _tree_rss_kib(pid: int) -> int:
    total = 0
    for member in [pid, *_descendants(pid)]:
        try:
            status = Path(f"/proc/{member}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total


def _descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [member for child in map(int, children) for member in (child, *_descendants(child))]
