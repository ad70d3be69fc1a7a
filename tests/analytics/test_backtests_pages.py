"""Pages of backtests: ask, watch, read, compare, delete; what was typed is kept; strict policy holds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from analytics.models import BacktestRun
from analytics.pages.backtests import available, first_values
from analytics.services.backtests.requests import cancel_run
from bots.models import Bot
from tests.analytics.backtest_desk import (  # noqa: F401 - desk is a fixture
    again,
    bot_document,
    claimed,
    desk,
    finished,
    requested,
)
from tests.bots.desk import logged_in
from tests.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
PERIOD = {"start": "2025-01-01", "end": "2025-01-01"}


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


def text_of(client: Client, name: str, *args: str, **query: str | list[str]) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_newcomer_reads_what_to_do(client: Client, workspace: Workspace) -> None:
    assert "No backtest yet" in text_of(client, "backtests")
    assert "A document I paste" in text_of(client, "backtest-new")


def test_a_bots_document_is_played_over_the_days_asked_for(client: Client, desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        bot = World(desk).bot(start=False, name="Mine")

    page = text_of(client, "backtest-new", bot=bot.code)
    assert f'value="{bot.code}" selected' in page
    assert "candles from 2025-01-01 00:00 to 2025-01-01 04:00 UTC" in page
    answer = client.post(reverse("backtest-new"), {**PERIOD, "bot": bot.code, "balance": "777"})

    with workspace_scope(desk.pk):
        run = BacktestRun.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("backtest", args=[run.code]))
    assert (run.bot_id, run.name, run.document["wallet"]) == (bot.pk, "Mine", {"balance": "777"})
    assert (run.start_ms, run.end_ms - run.start_ms) == (1_735_689_600_000, 240 * 60_000)


@pytest.mark.parametrize("typed, says", [
    ({"document": ""}, "paste a document"), ({"document": "[1]"}, "expected an object"),
    ({"document": '{"schema": 1,'}, "line 1 column 14"), ({"document": '{"schema": 1}'}, "name: "),
    ({"document": json.dumps(bot_document(timeframe="7m"))}, "timeframe"),
    ({"document": json.dumps(bot_document()), "balance": "much"}, "Enter a number"),
    ({"document": json.dumps(bot_document()), "start": "2030-01-01", "end": "2030-01-01"}, "no candles in that time"),
    ({"document": json.dumps(bot_document()), "end": "2024-01-01"}, "after the beginning"),
    ({"document": json.dumps(bot_document()), "start": "x"}, "Enter a valid date"),
])  # fmt: skip
def test_what_was_typed_is_kept(client: Client, desk: Workspace, typed: dict[str, str], says: str) -> None:
    sent = {**PERIOD, "bot": "pasted", "balance": "4321.5", **typed}
    answer = client.post(reverse("backtest-new"), sent)
    page = answer.content.decode()

    assert answer.status_code == 422
    assert says in page
    assert f'value="{sent["balance"]}"' in page
    assert f'value="{sent["start"]}"' in page
    if sent["document"].startswith("{"):
        assert "&quot;schema&quot;" in page


def test_a_quota_is_said_on_the_form(client: Client, desk: Workspace, settings: Settings) -> None:
    settings.BACKTESTS_AT_ONCE = 0
    sent = {**PERIOD, "bot": "pasted", "document": json.dumps(bot_document())}
    answer = client.post(reverse("backtest-new"), sent)

    assert answer.status_code == 422
    assert "0 backtests are under way already" in answer.content.decode()


def test_the_form_starts_with_ninety_days_at_most(desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        bot = World(desk).bot(start=False)
        values = first_values(available([bot]), "", datetime(2030, 1, 1, tzinfo=UTC).date())
        nothing = first_values([], "", datetime(2030, 4, 1, tzinfo=UTC).date())

    assert (values["bot"], str(values["start"]), str(values["end"])) == (bot.code, "2025-01-01", "2025-01-01")
    assert (nothing["bot"], str(nothing["start"])) == ("pasted", "2030-01-01")


def test_watching(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    page = text_of(client, "backtest", run.code)
    assert "Waiting for the compute process" in page
    assert reverse("backtest-live", args=[run.code]) in page
    listed = text_of(client, "backtests")
    assert f"?codes={run.code}" in listed
    claimed()
    assert "Reading candles" in text_of(client, "backtest-live", run.code)
    assert "HX-Refresh" not in client.get(reverse("backtests-live"), {"codes": run.code}).headers

    client.post(reverse("backtest-cancel", args=[run.code]))
    assert "Cancelling" in text_of(client, "backtest", run.code)
    with workspace_scope(desk.pk):
        BacktestRun.objects.update(state="cancelled")
    assert client.get(reverse("backtest-live", args=[run.code])).headers["HX-Refresh"] == "true"
    assert client.get(reverse("backtests-live"), {"codes": run.code}).headers["HX-Refresh"] == "true"
    assert "It was cancelled before it was done" in text_of(client, "backtest", run.code)


def test_a_run_that_waits_long_says_what_may_be_wrong(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    with workspace_scope(desk.pk):
        BacktestRun.objects.update(created_at=run.created_at - timedelta(minutes=1))

    assert "no compute process is running" in text_of(client, "backtest", run.code)


def test_reading_a_report_under_the_strict_policy(client: Client, desk: Workspace) -> None:
    run = finished(desk)
    page = text_of(client, "backtest", run.code)

    assert "How far to trust it" in page
    assert "report/report.js" in page
    assert not re.search(r"""\sstyle=|<style|<script(?![^>]+(src=|type="application/json"))|\son\w+=""", page)
    for kind in ("html", "json", "csv", "parquet"):
        assert reverse("api-backtest-export", args=[run.code, kind]) in page


def test_a_failed_run_says_why(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    with workspace_scope(desk.pk):
        BacktestRun.objects.update(state="failed", error="It took too long.")

    assert "It took too long." in text_of(client, "backtest", run.code)
    assert "It took too long." in text_of(client, "backtests")


def test_side_by_side(client: Client, desk: Workspace) -> None:
    runs = [finished(desk), finished(desk, name="Shorter", minutes=60)]
    page = text_of(client, "backtests-compare", id=[run.code for run in runs])

    assert "They are of different periods" in page
    curves = json.loads(re.search(r'<script id="curves"[^>]*>(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert [one["name"] for one in curves] == ["Always in", "Shorter"]
    assert len(curves[1]["points"]) == 60
    assert ", best</span>" in page
    waiting = requested(desk)
    for wrong in ([], [waiting.code], [runs[0].code] * 2):
        answer = client.get(reverse("backtests-compare"), {"id": wrong})
        assert answer.headers["Location"] == reverse("backtests")
    assert client.get(reverse("backtests-compare"), {"id": "nobody"}).status_code == 404


def test_deleting_asks_first(client: Client, desk: Workspace) -> None:
    run = finished(desk)

    assert "can't be taken back" in text_of(client, "backtest-delete", run.code)
    with workspace_scope(desk.pk):
        assert BacktestRun.objects.exists()
    client.post(reverse("backtest-delete", args=[run.code]))
    with workspace_scope(desk.pk):
        assert not BacktestRun.objects.exists()


def test_deleting_what_is_under_way_is_refused_with_a_sentence(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    answer = client.post(reverse("backtest-delete", args=[run.code]), follow=True)

    assert "is under way: cancel it first" in answer.content.decode()
    assert again(cancel_run(run)).state == "cancelled"


def test_a_viewer_is_offered_nothing_to_change(rita: User, desk: Workspace) -> None:
    run, client = requested(desk), logged_in(rita)

    assert "New backtest" not in text_of(client, "backtests")
    assert reverse("backtest-cancel", args=[run.code]) not in text_of(client, "backtest", run.code)


def test_the_list_stays_within_its_queries(
    client: Client, desk: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("One", "Two", "Three"):
        finished(desk, name=name)
    with django_assert_max_num_queries(20):
        text_of(client, "backtests")


def test_a_bots_page_leads_here(client: Client, desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        bot: Bot = World(desk).bot(start=False)

    assert f"{reverse('backtest-new')}?bot={bot.code}" in text_of(client, "bot", bot.code)
