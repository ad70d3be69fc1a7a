"""Journeys of people through a running platform, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

PASSWORD = "a-long-password-77"


def sign_up(page: Page, email: str) -> None:
    """Sign up, read the mail, confirm, log in."""
    page.goto("/")
    page.get_by_role("link", name="Start on paper").click()
    page.fill("#id_email", email)
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto("/dev/mail")
    page.locator(".letter", has_text=email).first.get_by_role("link").first.click()
    page.get_by_role("button", name="Yes, confirm").click()
    if "/login/" in page.url:
        page.fill("#id_login", email)
        page.fill("#id_password", PASSWORD)
        page.locator("button[type=submit]", has_text="Log in").first.click()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_newcomer_has_a_bot_trading_on_paper(page: Page, complaints: list[str]) -> None:
    sign_up(page, "dora@example.com")
    expect(page.get_by_text("Make your first bot")).to_be_visible()
    expect(page.locator("#link-state")).to_have_text("Live")
    page.get_by_role("link", name="Make your first bot").click()
    page.fill("#id_name", "First bot")
    page.get_by_role("button", name="Create and start").click()
    expect(page.get_by_role("heading", name="First bot", exact=True)).to_be_visible()
    expect(page.locator("#status .badge").first).to_have_text("Running", timeout=60_000)
    expect(page.locator("#decisions .feed li").first).to_be_visible(timeout=150_000)
    expect(page.locator("#legend b").first).not_to_be_empty()
    page.goto("/dashboard/")
    expect(page.locator("#lists").get_by_role("link", name="First bot").first).to_be_visible()
    assert complaints == []


def test_form_keeps_what_was_typed(page: Page) -> None:
    sign_up(page, "errol@example.com")
    page.goto("/bots/new/")
    page.fill("#id_name", "Kept words")
    page.fill("#id_stop_pct", "99")
    page.get_by_role("button", name="Create as draft").click()
    expect(page.get_by_text("Nothing was created")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Kept words")
    expect(page.locator("#id_stop_pct")).to_have_attribute("aria-invalid", "true")


def test_panic_says_what_happens_and_asks_first(page: Page) -> None:
    sign_up(page, "pam@example.com")
    page.goto("/bots/new/")
    page.fill("#id_name", "Panicker")
    page.get_by_role("button", name="Create and start").click()
    page.get_by_role("link", name="Panic").click()
    dialog = page.locator("dialog#confirm")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("can't be taken back")
    dialog.get_by_text("Keep running").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Panic").click()
    dialog.get_by_role("button", name="Close everything now").click()
    expect(page.locator("#status .badge").first).to_have_text(re.compile("Stopped|Stopping"), timeout=30_000)


def test_rules_are_written_read_back_and_published(page: Page, complaints: list[str]) -> None:
    sign_up(page, "greta@example.com")
    page.get_by_role("link", name="Rules").click()
    page.get_by_role("link", name="New rules").click()
    page.fill("#id_name", "Calm dips")
    page.get_by_role("button", name="Create").click()
    page.fill("#id_long", "dip: rsi(14) < 40 and")
    expect(page.locator("#faults-long")).to_contain_text("column 22")
    page.fill("#id_long", "dip: rsi(14) < 40")
    expect(page.locator("#reading")).to_contain_text("Enter long when RSI(14) is below 40.")
    expect(page.locator("#faults-long")).to_have_text("")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("link", name="Publish…").click()
    page.get_by_role("button", name="Publish v1").click()
    expect(page.get_by_text("v1 is published")).to_be_visible()
    page.get_by_role("link", name="New bot with v1").click()
    expect(page.get_by_role("radio", name="Calm dips v1")).to_be_checked()
    assert complaints == []
