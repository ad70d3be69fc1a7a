from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Outcome
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from trading_core.rules.verdict import pack_truths

SYMBOL = "BTCUSDT"
RSI, ABOVE, EXIT = range(3)


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def counted(bot: Bot) -> Bot:
    """Of thirty recorded closes: 7 with the index alone false, 3 with both, 2 unknown, the rest refused."""
    truths = [[0, 1, 0]] * 7 + [[0, 0, 0]] * 3 + [[0, -1, 0]] * 2
    with workspace_scope(bot.workspace_id):
        Outcome.objects.filter(bot=bot).exclude(symbol=SYMBOL).delete()
        rows = list(Outcome.objects.filter(bot=bot, symbol=SYMBOL).order_by("-close_ms"))
        for row, said in zip(rows, truths, strict=False):
            row.leaves, row.code = pack_truths(said), "no_signal"
            row.save(update_fields=["leaves", "code"])
        for row in rows[len(truths) :]:
            row.delete()
    return bot


def page(client: Client, bot: Bot, query: str = "") -> tuple[str, Any]:
    response = client.get(reverse("bot-blockers", args=[bot.code]) + query)
    assert response.status_code == 200
    return response.content.decode(), response.context["page"]


def test_conditions_are_counted_as_they_were_recorded(client: Client, counted: Bot) -> None:
    text, shown = page(client, counted, "?range=24h")
    assert shown.decisions == 12
    long = shown.sides[0]
    assert (long.closes, long.true, long.sole) == (12, 0, 7)
    rsi, above = long.bars
    assert (rsi.text, rsi.false, rsi.sole, rsi.unknown) == ("rsi(14) < 32", 12, 7, 0)
    assert (above.false, above.sole, above.unknown) == (3, 0, 2)
    assert rsi.sole_width == pytest.approx(100 * 7 / 12)
    assert rsi.false_width == pytest.approx(100 * 5 / 12)
    assert above.unknown_x + above.unknown_width <= 100
    assert "At 7 a single condition was to blame" in text
    assert "of 12 closes" in text


def test_sole_blocker_is_told_in_a_sentence_with_its_misses(client: Client, counted: Bot) -> None:
    text, shown = page(client, counted, "?range=24h&side=long")
    long = shown.sides[0]
    assert len(long.sentences) == 1
    assert "7" in long.sentences[0]
    picture = long.pictures[0]
    assert sum(column.closes for column in picture.columns) <= 7
    assert max(column.height for column in picture.columns) == pytest.approx(100)
    assert all(column.y + column.height == pytest.approx(100) for column in picture.columns)
    assert picture.nearest
    assert client.get(picture.nearest[0].url).status_code == 200
    assert "what-if/?path=long.all%5B0%5D.right" in text


def test_outcomes_add_up_and_lead_to_their_decisions(client: Client, counted: Bot) -> None:
    _, shown = page(client, counted, "?range=7d")
    assert sum(one.count for one in shown.outcomes) == shown.decisions
    assert shown.outcomes[0].width == 100
    response = client.get(shown.outcomes[0].url)
    assert len(response.context["feed"].rows) == 12


def test_side_without_rules_is_left_out(client: Client, counted: Bot) -> None:
    _, shown = page(client, counted, "?side=short")
    assert shown.sides == []


@pytest.mark.parametrize("query", ["?range=9y&side=up&symbol=NOPE", "?symbol=%00"])
def test_nonsense_is_as_if_nothing_was_said(client: Client, counted: Bot, query: str) -> None:
    _, shown = page(client, counted, query)
    assert shown.decisions == 12


def test_nothing_to_count_says_so(client: Client, desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        fresh = Bot.objects.get(name="Night shift")
        Outcome.objects.filter(bot=fresh).delete()
    text, _ = page(client, fresh)
    assert "Nothing to count" in text
