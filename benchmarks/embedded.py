"""The platform in one process on SQLite, playing candles in lock-step."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import Processes, manage, result_of
from benchmarks.production import free_port
from trading_core.market.files import read_candles

BEHIND = (
    "SELECT count(*) FROM bots_bot WHERE done < ? - ? % (CASE timeframe WHEN '5m' THEN 300000 ELSE 60000 END)"
)
ACCEPTED = """
    SELECT (julianday(settled_at) - julianday(rung_at)) * 86400000 FROM bots_intentrow
     WHERE kind = 'place' AND state = 'confirmed' AND rung_at IS NOT NULL
"""


@dataclass(slots=True)
class Embedded:
    """A running embedded stack."""

    processes: Processes
    folder: Path
    last_close_ms: int
    env: dict[str, str]

    def play(self, *, timeout_s: float) -> float:
        """Wait until every bot has decided the last close; return the seconds since the first one."""
        start = time.monotonic()
        while not self._is_over():
            if self.processes.fallen() or time.monotonic() - start > timeout_s:
                raise RuntimeError(f"the replay did not end: {self.processes.log('up')}")
            time.sleep(0.5)
        return time.monotonic() - start

    def bots(self) -> list[str]:
        """Return the codes of the bots, oldest first."""
        return [code for (code,) in self.query("SELECT code FROM bots_bot ORDER BY id")]

    def result(self, bot: str) -> dict[str, Any]:
        """Return the result document of a bot, built from the database."""
        return result_of(bot, folder=self.folder, env=self.env)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database beside the running stack."""
        with closing(
            sqlite3.connect(f"file:{self.folder}/data/ailona.sqlite3?mode=ro", uri=True)
        ) as connection:
            return list(connection.execute(sql, values))

    def latency(self) -> dict[str, float]:
        """Return median and p99 milliseconds from a close heard to an order accepted."""
        spent = sorted(ms for (ms,) in self.query(ACCEPTED))
        if not spent:
            return {"orders": 0}
        middle, late = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
        return {"orders": len(spent), "median": round(middle, 1), "p99": round(late, 1)}

    def _is_over(self) -> bool:
        try:
            [(behind,)] = self.query(BEHIND, self.last_close_ms, self.last_close_ms)
            [(bots,)] = self.query("SELECT count(*) FROM bots_bot")
        except sqlite3.OperationalError:
            return False  # the first migration is still under way
        return bool(bots) and not behind


@contextmanager
def embedded(*, candles: Path, limit: int, bots: list[Path]) -> Iterator[Embedded]:
    """Start ``manage.py up`` in lock-step with these bots on a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ailona-bench-") as name:
        folder = Path(name)
        env = {
            "DATA_DIR": str(folder / "data"), "LISTEN": f"127.0.0.1:{free_port()}", "MARKET": "replay",
            "CANDLES": str(candles),
        }  # fmt: skip
        _, played = read_candles(candles)
        last_close_ms = int(played.open_time[min(limit, len(played)) - 1]) + 60_000
        words = [word for path in bots for word in ("--bot", str(path))]
        with Processes(folder, env) as processes:
            processes.start("up", manage("up", "--lockstep", "--limit", str(limit), *words))
            yield Embedded(processes, folder, last_close_ms, env)
