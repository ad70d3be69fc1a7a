"""A backtest in a browser: asked for, watched, read, compared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_journeys import sign_up

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_bot_is_backtested_watched_read_and_compared(page: Page, complaints: list[str]) -> None:
    sign_up(page, "bea@example.com")
    page.goto("/bots/new/")
    page.fill("#id_name", "Looks back")
    page.get_by_role("button", name="Create as draft").click()
    page.get_by_role("link", name="Backtest", exact=True).click()
    expect(page.locator("[data-available]:visible")).to_contain_text("candles from")
    expect(page.locator("#id_document")).to_be_hidden()
    page.fill("#id_balance", "5000")
    page.get_by_role("button", name="Play it").click()

    expect(page.get_by_role("heading", name="Equity and drawdown")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-chart=equity] canvas").first).to_be_visible()
    page.get_by_role("link", name="Again").click()
    page.fill("#id_balance", "9000")
    page.get_by_role("button", name="Play it").click()
    expect(page.get_by_role("heading", name="Equity and drawdown")).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Backtests").click()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    boxes = page.get_by_role("checkbox", name=re.compile("Compare Looks back"))
    expect(boxes).to_have_count(2)
    for place in range(2):
        boxes.nth(place).check()
    page.get_by_role("button", name="Compare 2").click()
    expect(page.locator("[data-curves] canvas").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^Net profit of the balance"))).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert complaints == []
