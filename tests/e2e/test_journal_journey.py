"""From a bot's first decisions to the reason behind one, and to what another threshold would have done."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_journeys import sign_up

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]


def start_a_bot(page: Page, name: str) -> None:
    page.goto("/bots/new/")
    page.fill("#id_name", name)
    page.get_by_role("button", name="Create and start").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_person_finds_out_why_and_asks_the_past(page: Page, complaints: list[str]) -> None:
    sign_up(page, "wendy@example.com")
    start_a_bot(page, "Explained")
    page.get_by_role("link", name="Why?").click()
    expect(page.get_by_text("No decisions yet").or_(page.locator(".decisions li").first)).to_be_visible()
    cells = page.locator("[data-strip] a.cell")
    expect(cells.first).to_be_visible(timeout=150_000)  # it comes by itself, with the first close

    cells.first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/decisions/\w+/\d+/$"))
    expect(page.locator(".agreement")).to_contain_text("what was recorded")
    expect(page.locator(".conditions .condition").first).to_be_visible()
    expect(page.locator("#legend b").first).not_to_be_empty()

    page.locator(".conditions a.ask").first.click()
    expect(page).to_have_url(re.compile("/what-if/"))
    page.get_by_text("Change a number").click()
    number = page.locator("#id_value")
    before = number.input_value()
    slider = page.get_by_label("New value, slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(number).not_to_have_value(before)
    page.fill("#id_days", "1")
    page.get_by_role("button", name="Ask the past").click()
    answer = page.locator(".before-after")
    expect(answer).to_be_visible(timeout=120_000)
    expect(answer).to_contain_text("Profit after fees")
    expect(page.locator(".asked")).to_contain_text("Done")

    page.get_by_role("link", name="Blockers").click()
    expect(page.get_by_role("heading", name="Outcomes")).to_be_visible()
    assert complaints == []


def test_market_names_itself_and_its_regimes(page: Page, complaints: list[str]) -> None:
    sign_up(page, "mara@example.com")
    page.get_by_role("link", name="Market", exact=True).click()
    expect(page.get_by_role("heading", name="Market", exact=True)).to_be_visible()
    expect(page.locator(".page-head .sub")).to_contain_text("ynthetic")
    page.get_by_role("link", name="BTCUSDT").click(timeout=90_000)
    expect(page.get_by_role("heading", name="BTCUSDT")).to_be_visible()
    expect(page.locator("#legend b").first).not_to_be_empty()
    expect(page.get_by_text("Relative strength index")).to_be_visible()
    assert complaints == []
