"""What the venue can bear: orders a second, the time to a fill's news, lock-step speed, memory, growth.

Beside it stands what the same machine gives a server that does nothing: uvicorn, with the venue's own event
loop and HTTP parser, and aiohttp, both answering the same requests with a constant.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT

TOKEN = "benchmark"  # noqa: S105 - of a process on loopback that ends with the run
VENUE_CORE, LOAD_CORE = 0, 1
ACCOUNTS = 200
SECONDS = 8.0
SYMBOLS = (1, 8, 100, 400)
CROWDS = (10, 1_000, 10_000)
_FAR = {"BTCUSDT": "60000", "ETHUSDT": "2000", "SOLUSDT": "100", "XRPUSDT": "1.2", "DOGEUSDT": "0.1"}
"""Prices that rest: far below the market."""
_QUANTITIES = {"BTCUSDT": "0.001", "ETHUSDT": "0.01", "SOLUSDT": "0.1", "XRPUSDT": "10", "DOGEUSDT": "100"}
_PEERS = {
    "uvicorn, a constant": "benchmarks.venue_peers uvicorn",
    "aiohttp, a constant": "benchmarks.venue_peers aiohttp",
}


class Server:
    """A server process on the first core."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "VENUE_CONTROL_TOKEN": TOKEN},
        )  # fmt: skip
        os.sched_setaffinity(self.process.pid, {VENUE_CORE})
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.host, _, port = line.split()[1].removeprefix("http://").partition(":")
        self.port = int(port)
        self.control = http.client.HTTPConnection(self.host, self.port, timeout=60)

    def call(self, path: str, body: dict[str, Any]) -> Any:
        """Ask the control API."""
        self.control.request(
            "POST", f"/control{path}", json.dumps(body), headers={"Authorization": f"Bearer {TOKEN}"}
        )
        return json.loads(self.control.getresponse().read())

    def accounts(self, first: int, count: int) -> list[dict[str, str]]:
        """So many new accounts."""
        numbers = range(first, first + count)
        return [self.call("/accounts", {"reference": f"a{n}", "balance": "1000000"}) for n in numbers]

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time spent so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory_kib(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def load(self, kind: str, task: dict[str, Any]) -> dict[str, Any]:
        """Let the clients' process do a task on the other core."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.venue_load", kind, str(LOAD_CORE)], cwd=ROOT, check=True,
            input=json.dumps({"host": self.host, "port": self.port, "token": TOKEN, **task}) + "\n",
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return dict(json.loads(done.stdout))


@contextmanager
def venue(*options: str) -> Iterator[Server]:
    """A venue without request limits, its log in a folder that goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(
            "trading_core.venue",
            "--data-dir",
            folder,
            "--request-limits",
            "off",
            "--history-days",
            "2",
            *options,
        )
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait()


def resting() -> list[dict[str, Any]]:
    """Orders that are accepted and stay."""
    return [_order(symbol, price) for symbol, price in _FAR.items()]


def _order(symbol: str, price: str | None = None) -> dict[str, Any]:
    order = {"category": "linear", "symbol": symbol, "side": "Buy", "qty": _QUANTITIES[symbol]}
    return (
        {**order, "orderType": "Market"} if price is None else {**order, "orderType": "Limit", "price": price}
    )


def order_rate() -> list[dict[str, Any]]:
    """Signed order creates a second over 200 accounts, and what a constant answer allows."""
    with venue() as server:
        accounts = server.accounts(0, ACCOUNTS)
        spent = server.cpu_s
        task = {"accounts": accounts, "orders": resting(), "seconds": SECONDS, "name": "rate"}
        measured = server.load("orders", task)
        rows = [{"server": "venue", **measured, "cpu_us_per_order": _us(server.cpu_s - spent, measured)}]
    for name, command in _PEERS.items():
        peer = Server(*command.split())
        try:
            rows.append({"server": name, **peer.load("orders", task)})
        finally:
            peer.process.terminate()
            peer.process.wait()
    return rows


def _us(seconds: float, measured: dict[str, Any]) -> float:
    return round(seconds / max(1, int(measured["orders"])) * 1e6, 1)


def fill_news() -> dict[str, Any]:
    """From asking for a fill to hearing of it on 200 private sockets."""
    with venue() as server:
        return server.load(
            "sockets",
            {
                "accounts": server.accounts(0, ACCOUNTS), "fills": 2_000, "per_s": 250,
                "taking": _order("BTCUSDT"), "resting": {**_order("ETHUSDT", "2000"), "qty": "0.1"},
            },
        )  # fmt: skip


def lockstep() -> list[dict[str, Any]]:
    """Steps of a market without orders, by HTTP and inside the process."""
    rows = []
    for count in SYMBOLS:
        minutes = max(200, 4_000 // count)
        with venue("--mode", "candles", "--symbol-count", str(count)) as server:
            server.call("/step", {})
            begun = time.perf_counter()
            for _ in range(minutes):
                server.call("/step", {})
            seconds = time.perf_counter() - begun
        rows.append({
            "symbols": count, "steps_per_s": round(minutes / seconds),
            "candles_per_s": round(minutes * count / seconds),
        })  # fmt: skip
    return rows


def memory() -> dict[str, float]:
    """KiB of an idle account and of an open order."""
    with venue() as server:
        server.accounts(0, 200)
        before = server.memory_kib
        accounts = server.accounts(200, 5_000)
        opened = server.memory_kib
        task = {"accounts": accounts[:ACCOUNTS], "orders": resting(), "seconds": SECONDS, "name": "memory"}
        placed = server.load("orders", task)["orders"]
        return {
            "kib_per_account": round((opened - before) / 5_000, 2),
            "kib_per_open_order": round((server.memory_kib - opened) / placed, 2),
            "open_orders": placed,
        }


def growth_of_orders() -> list[dict[str, Any]]:
    """Processor time of an order among few accounts and among many."""
    rows, known = [], 0
    with venue() as server:
        for crowd in CROWDS:
            fresh = server.accounts(known, crowd - known)
            known = crowd
            spent = server.cpu_s
            task = {"accounts": fresh[-10:], "orders": resting(), "seconds": 3.0, "name": f"crowd{crowd}"}
            measured = server.load("orders", task)
            rows.append({"accounts": crowd, "cpu_us_per_order": _us(server.cpu_s - spent, measured)})
    return rows


def growth_of_steps() -> list[dict[str, Any]]:
    """Processor time of a lock-step minute with symbols and idle accounts, and with accounts that hold orders."""
    rows = []
    for symbols, crowd, busy in (
        (8, 10, 0), (400, 10, 0), (8, 10_000, 0), (400, 10_000, 0), (8, 200, 200), (8, 2_000, 2_000),
    ):  # fmt: skip
        with venue("--mode", "candles", "--symbol-count", str(symbols)) as server:
            accounts = server.accounts(0, crowd)
            if busy:
                task = {"accounts": accounts[:busy], "orders": resting(), "seconds": 0.0, "name": "step"}
                server.load("orders", task)
            server.call("/step", {})
            spent = server.cpu_s
            for _ in range(200):
                server.call("/step", {})
            ms = (server.cpu_s - spent) / 200 * 1e3
        rows.append(
            {"symbols": symbols, "accounts": crowd, "with_orders": busy, "cpu_ms_per_step": round(ms, 2)}
        )
    return rows


def run_benchmark() -> dict[str, Any]:
    """All of it; each part is printed to stderr as a table as soon as it is known."""
    parts: dict[str, Callable[[], Any]] = {
        "orders": order_rate, "fill_news": fill_news, "lockstep": lockstep, "memory": memory,
        "growth_of_orders": growth_of_orders, "growth_of_steps": growth_of_steps,
    }  # fmt: skip
    figures = {}
    for name, part in parts.items():
        figures[name] = part()
        _show(name, figures[name])
    return figures


def _show(name: str, figures: Any) -> None:
    rows = figures if isinstance(figures, list) else [figures]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    print(f"\n{name}\n| {' | '.join(heads)} |", file=sys.stderr)
    for row in rows:
        print(f"| {' | '.join(str(row.get(head, '')) for head in heads)} |", file=sys.stderr, flush=True)
