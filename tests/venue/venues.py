"""A venue as a process of its own, and real clients pointed at it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP, WebSocket

TOKEN = "control"
ROOT = Path(__file__).resolve().parents[2]


class VenueProcess:
    """``python -m trading_core.venue`` on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "trading_core.venue", "--data-dir", str(self.folder), *self.options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "VENUE_CONTROL_TOKEN": TOKEN}
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("venue http"), line
        self.url = line.split()[1]

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(f"{self.url}/control{path}", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def raw(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read()

    def account(self, reference: str, balance: str = "10000") -> dict[str, str]:
        answer: dict[str, str] = self.call("/accounts", {"reference": reference, "balance": balance})
        return answer

    def client(self, account: dict[str, str]) -> HTTP:
        session = HTTP(api_key=account["api_key"], api_secret=account["api_secret"])
        session.endpoint = self.url
        return session

    def step(self, times: int = 1) -> list[str]:
        return [self.call("/step", {})["event"] for _ in range(times)]


class PybitStream:
    """pybit's own WebSocket class, unmodified but for its address, and what it heard."""

    def __init__(self, venue: VenueProcess, channel: str, account: dict[str, str] | None = None) -> None:
        base = venue.url.replace("http", "ws")

        class Here(WebSocket):  # type: ignore[misc]  # pybit has no types
            def _connect(self, url: str) -> None:
                super()._connect(re.sub(r"^wss?://[^/]+", base, url))

        keys = {} if account is None else {k: account[k] for k in ("api_key", "api_secret")}
        self.heard: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.socket = Here(channel_type=channel, testnet=False, **keys)

    def hear(self, message: dict[str, Any]) -> None:
        with self._lock:
            self.heard.append(message)

    def topics(self) -> list[str]:
        with self._lock:
            return [m["topic"] for m in self.heard]

    def data(self, topic: str) -> list[dict[str, Any]]:
        with self._lock:
            return [d for m in self.heard if m["topic"] == topic for d in m["data"]]

    def close(self) -> None:
        self.socket.exit()
        self.socket.wst.join(5)


def write_candles(
    folder: Path, rows: list[tuple[float, float, float, float]], *, volume: float = 50_000.0
) -> Path:
    """A replay file of ETHUSDT minutes."""
    file = folder / "binance-linear" / "ETHUSDT_1m_test.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ["open_time,open,high,low,close,volume"]
    for index, (o, h, low, c) in enumerate(rows):
        lines.append(f"{START_MS + index * 60_000},{o},{h},{low},{c},{volume}")
    file.write_text("\n".join(lines) + "\n")
    return file


START_MS = 1_700_000_040_000


def code_of(call: Any, **params: Any) -> int:
    """The retCode that pybit is refused with."""
    with pytest.raises(InvalidRequestError) as caught:
        call(**params)
    return int(caught.value.status_code)
