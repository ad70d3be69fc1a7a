"""The report opened from a file: it draws, sorts, follows a trade and asks nobody for anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from analytics.report.html import report_html
from tests.trading_core.backtest.test_run import plan, play, priced
from trading_core.backtest.bars import bars_of
from trading_core.backtest.result import result_document

pytestmark = pytest.mark.browser


def test_the_report_works_from_a_file(chromium: Browser, tmp_path: Path) -> None:
    played = play(plan(), priced(700, seed=3))
    bars = {
        symbol: bars_of(minutes, played.instruments[symbol]) for symbol, minutes in played.minutes.items()
    }
    result, file = result_document(played), tmp_path / "report.html"
    file.write_text(report_html(result, bars))
    context = chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme="light")
    page, heard = context.new_page(), list[str]()
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else heard.append(request.url))

    page.goto(file.as_uri())

    expect(page.locator("[data-chart=equity] canvas").first).to_be_visible()
    expect(page.locator("[data-chart=candles] canvas").first).to_be_visible()
    page.locator("[data-sort=net] button").click()
    best = max(result["trades"], key=lambda trade: float(trade["net"]))
    first = page.locator("[data-trades] tbody tr").first
    expect(first).to_contain_text(best["opened"][:16].replace("T", " "))
    first.click()
    expect(page.locator("[data-hint]")).to_contain_text("tap a trade")
    page.locator("[data-theme-switch]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert heard == []
    context.close()
