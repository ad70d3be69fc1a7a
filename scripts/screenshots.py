"""Pictures of a running platform's pages, as a headless Chromium sees them."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"": (1440, 900), "-narrow": (420, 900)}
SETTLE_MS = 1_500


def main() -> int:
    """Log in as the demo person and take the pictures."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=CHROMIUM_OPTIONS)
        for suffix, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("console", lambda message: print(f"  console: {message.text}"))
            _take_all(page, options, suffix)
            page.close()
        browser.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts.screenshots", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the platform runs")
    parser.add_argument("--email", default="demo@ailona.local")
    parser.add_argument("--password", default=_demo_password())
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    return parser.parse_args()


def _demo_password() -> str:
    path = Path(os.environ.get("DATA_DIR") or ROOT / "var") / "demo.txt"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _chromium() -> str:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    sys.exit("Chromium was not found: sudo apt-get install -y chromium")


def _take_all(page: Page, options: argparse.Namespace, suffix: str) -> None:
    page.goto(f"{options.url}/accounts/signup/")
    _take(page, options.out / f"signup{suffix}.png")
    page.goto(f"{options.url}/accounts/login/")
    page.fill("input[name=login]", options.email)
    page.fill("input[name=password]", options.password)
    page.click("button[type=submit]")
    page.goto(f"{options.url}/dashboard/")
    _take(page, options.out / f"dashboard{suffix}.png")
    page.goto(f"{options.url}/bots/")
    _take(page, options.out / f"bots{suffix}.png")
    links = page.locator("a[href^='/bots/']").evaluate_all(
        "nodes => nodes.map(node => node.getAttribute('href'))"
    )
    bots = [link for link in links if link.count("/") == 3 and not link.endswith("/new/")]  # noqa: PLR2004
    if bots:
        page.goto(f"{options.url}{bots[0]}")
        _take(page, options.out / f"bot{suffix}.png")
        _take_journal(page, options, bots[0], suffix)
    for name in ("backtests", "backtests/new"):
        page.goto(f"{options.url}/{name}/")
        _take(page, options.out / f"{name.replace('/', '-')}{suffix}.png")
    page.goto(f"{options.url}/market/")
    _take(page, options.out / f"market{suffix}.png")
    symbols = page.locator("a.name").evaluate_all("nodes => nodes.map(node => node.getAttribute('href'))")
    if symbols:
        page.goto(f"{options.url}{symbols[0]}")
        _take(page, options.out / f"symbol{suffix}.png")


def _take_journal(page: Page, options: argparse.Namespace, bot: str, suffix: str) -> None:
    for name in ("decisions", "blockers", "what-if"):
        page.goto(f"{options.url}{bot}{name}/")
        _take(page, options.out / f"{name}{suffix}.png")
    page.goto(f"{options.url}{bot}decisions/")
    closes = page.locator("a.when").evaluate_all("nodes => nodes.map(node => node.getAttribute('href'))")
    if closes:
        page.goto(f"{options.url}{closes[0]}")
        _take(page, options.out / f"decision{suffix}.png")


def _take(page: Page, path: Path) -> None:
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=str(path), full_page=True)
    print(path)


if __name__ == "__main__":
    sys.exit(main())
