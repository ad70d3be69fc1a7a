"""A running embedded stack and a headless Chromium for journeys through the pages."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import wait_until

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "AILONA_ROLE",
    "VENUE_URL",
    "SECRET_KEY",
    "DJANGO_SETTINGS_MODULE",
    "VENUE_CONTROL_TOKEN",
)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``manage.py up`` on a free port with data of its own."""
    folder = tmp_path_factory.mktemp("platform")
    log = folder / "up.log"
    (folder / "var").mkdir()
    # A file where machine code would lie: backtests are interpreted, and nothing compiles beside the browser.
    (folder / "var" / "machine-code").touch()
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {
        "DATA_DIR": str(folder / "var"),
        "LISTEN": "127.0.0.1:0",
        "MARKET": "synthetic",
        "DEBUG": "0",
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--no-demo"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
    try:
        yield wait_until(lambda: _address(log, process), timeout_s=90, every_s=0.2)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    text = log.read_text()
    assert process.poll() is None, text
    found = re.search(r"AI-Lona\s+(http://\S+?)/?\s", text)
    return found.group(1) if found else ""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "Chromium was not found: sudo apt-get install -y chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained of."""
    return []


@pytest.fixture
def page(chromium: Browser, platform: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(base_url=platform, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
