"""The append-only log: what was acknowledged survives kill -9.

``snapshot-N.json`` holds the state after record N; ``log-N.jsonl`` the records behind it, one JSON
line and one ``write`` each. A torn last line was never acknowledged and is cut off.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import Any, Self

import orjson

from trading_core.errors import InvalidInput

Record = dict[str, Any]


class Journal:
    """The log of one market in one folder; one process at a time."""

    def __init__(self, folder: Path, *, number: int, fsync: bool) -> None:
        self.folder = folder
        self.number = number
        """Of the snapshot this log stands behind."""
        self.written = 0
        self._fsync = fsync
        self._lock: int | None = None
        self._fd = self._open_log()

    def _open_log(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.open(self.folder / f"log-{self.number}.jsonl", flags, 0o600)

    @classmethod
    def open(cls, folder: Path, *, fsync: bool = False) -> tuple[Self, Record | None, list[Record]]:
        """Return the journal, the newest snapshot (None: there is none) and the records behind it."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _lock(folder)
        numbers = [
            int(m[1]) for f in folder.iterdir() if (m := re.fullmatch(r"snapshot-(\d+)\.json", f.name))
        ]
        number = max(numbers, default=0)
        snapshot = _parse(folder / f"snapshot-{number}.json") if numbers else None
        records = _read(folder / f"log-{number}.jsonl")
        journal = cls(folder, number=number, fsync=fsync)
        journal._lock = lock
        journal.written = len(records)
        return journal, snapshot, records

    def append(self, record: Record) -> None:
        """Write a record before its effect is told to anyone."""
        os.write(self._fd, orjson.dumps(record) + b"\n")
        if self._fsync:
            os.fdatasync(self._fd)
        self.written += 1

    def snapshot(self, state: Record) -> None:
        """Write the state beside the log, then begin a new log behind it."""
        number = self.number + 1
        partial = self.folder / f"snapshot-{number}.partial"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(orjson.dumps(state))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.folder / f"snapshot-{number}.json")
        os.close(self._fd)
        old, self.number = self.number, number
        self.written = 0
        self._fd = self._open_log()
        for name in (f"log-{old}.jsonl", f"snapshot-{old}.json"):
            (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the log and let the folder go."""
        os.close(self._fd)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _lock(folder: Path) -> int:
    """Own the folder until the process ends; raise InvalidInput if another venue does."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        os.close(lock)
        raise InvalidInput("data_dir", f"another venue is running in {folder}") from e
    return lock


def _read(file: Path) -> list[Record]:
    """The records of a log; a torn last line is removed from the file."""
    if not file.exists():
        return []
    raw = file.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        os.truncate(file, len(whole))
    records = []
    for row, line in enumerate(whole.splitlines(), start=1):
        try:
            records.append(orjson.loads(line))
        except orjson.JSONDecodeError as e:
            raise InvalidInput(f"{file.name} line {row}", f"expected a JSON record: {e}") from e
    return records


def _parse(file: Path) -> Record:
    try:
        record = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as e:
        raise InvalidInput(file.name, f"expected a JSON snapshot: {e}") from e
    if not isinstance(record, dict):
        raise InvalidInput(file.name, "expected a JSON object")
    return record
