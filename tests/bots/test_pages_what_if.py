from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Study
from bots.pages import paths, what_if
from bots.services.documents import document_of
from bots.services.studies import run_study
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.roles import acting_as
from trading_core.rules.parse import parse_rules

QUESTION = {"kind": "number", "path": "long.all[0].right", "value": "45", "days": "1"}


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


def ask(client: Client, bot: Bot, **changes: str) -> Any:
    return client.post(reverse("bot-what-if-run", args=[bot.code]), QUESTION | changes)


def the_study(bot: Bot) -> Study:
    with workspace_scope(bot.workspace_id, reading=True):
        return Study.objects.get(bot=bot)


def test_form_offers_every_number_of_the_rules(client: Client, bot: Bot) -> None:
    text = client.get(reverse("bot-what-if", args=[bot.code])).content.decode()
    assert "Enter long: rsi(14) &lt; 32" in text
    assert "Exit long: rsi(14) &gt; 68" in text
    assert 'data-value="32" data-low="0" data-high="100"' in text
    assert "No funding." in text


def test_link_of_a_condition_fills_the_form(client: Client, bot: Bot) -> None:
    response = client.get(reverse("bot-what-if", args=[bot.code]) + "?path=exit_long.right")
    assert response.context["form"]["path"].value() == "exit_long.right"
    assert response.context["form"]["value"].value() == "68"
    response = client.get(reverse("bot-what-if", args=[bot.code]) + "?condition=long.all[1]&kind=disable")
    assert response.context["form"]["kind"].value() == "disable"


@pytest.mark.parametrize("changes, field, words", [
    ({"value": ""}, "value", "Needed"),
    ({"value": "32"}, "value", "it has now"),
    ({"value": "NaN"}, "value", "number"),
    ({"value": "1e400"}, "value", ""),
    ({"path": "long.all[9].right"}, "path", "not one of"),
    ({"days": "31"}, "days", "less than or equal to 30"),
    ({"days": "0"}, "days", "greater than or equal to 1"),
    ({"kind": "disable"}, "condition", "Choose the condition"),
    ({"kind": "disable", "condition": "nowhere"}, "condition", "not one of"),
    ({"kind": "explode"}, "kind", "not one of"),
])  # fmt: skip
def test_refused_question_names_the_field_and_keeps_what_was_typed(
    client: Client, bot: Bot, changes: dict[str, str], field: str, words: str
) -> None:
    response = ask(client, bot, **changes)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert words in str(errors[field])
    assert response.context["form"]["days"].value() == changes.get("days", "1")
    with workspace_scope(bot.workspace_id, reading=True):
        assert not Study.objects.exists()


def test_question_is_answered_with_both_sides(client: Client, bot: Bot) -> None:
    response = ask(client, bot)
    assert response.status_code == 302
    row = the_study(bot)
    waiting = client.get(response["Location"]).content.decode()
    assert "Waiting for a worker" in waiting
    assert "Enter long: rsi(14) &lt; 32 \N{RIGHTWARDS ARROW} 45" in waiting
    with acting_as("engine"):
        assert run_study(row.pk, row.workspace_id)
    shown = client.get(reverse("bot-study-live", args=[bot.code, row.code]))
    text, answer = shown.content.decode(), shown.context["study"].answer
    figures = {one.label: one for one in answer.figures}
    assert answer.symbols == ["ETHUSDT", "SOLUSDT", "BTCUSDT"]
    result = the_study(bot).result
    assert result is not None
    assert figures["Entered"].before == str(result["original"]["entered"])
    assert figures["Entered"].after == str(result["changed"]["entered"])
    assert "Profit after fees" in text
    assert "every 1s" not in text
    assert f'id="state-{row.code}" hx-swap-oob' in text
    assert answer.curves is not None
    assert len(answer.curves.before.split()) == len(answer.curves.after.split()) == len(result["equity"])


def test_question_under_way_is_cancelled(client: Client, bot: Bot) -> None:
    ask(client, bot)
    row = the_study(bot)
    response = client.post(reverse("bot-study-cancel", args=[bot.code, row.code]), follow=True)
    assert the_study(bot).state == "cancelled"
    assert "Cancelled" in response.content.decode()


def test_too_many_at_once_is_said_in_the_form(client: Client, bot: Bot) -> None:
    ask(client, bot, value="40")
    ask(client, bot, value="41")
    response = ask(client, bot, value="42")
    assert response.status_code == 422
    assert "under way already" in response.content.decode()
    assert 'value="42"' in response.content.decode()


def test_condition_is_left_out_as_if_never_written(client: Client, bot: Bot) -> None:
    rules = document_of(bot).rules
    left = parse_rules(paths.without(rules, "long.all[1]"))
    assert len(left.conditions) == len(rules.conditions) - 1
    gone = parse_rules(paths.without(rules, "exit_long"))
    assert gone.exit_long is None
    response = ask(client, bot, kind="disable", condition="long.all[1]")
    assert response.status_code == 302
    with workspace_scope(bot.workspace_id, reading=True):
        assert what_if.question(bot, the_study(bot).change) == "Without Enter long: close > ema(200)"


def test_study_of_another_bot_is_not_found(client: Client, bot: Bot) -> None:
    ask(client, bot)
    row = the_study(bot)
    with workspace_scope(bot.workspace_id, reading=True):
        other = Bot.objects.exclude(pk=bot.pk).first()
    assert other is not None
    assert client.get(reverse("bot-study", args=[other.code, row.code])).status_code == 404


def test_viewer_reads_but_has_no_button(rita: User, bot: Bot) -> None:
    text = logged_in(rita).get(reverse("bot-what-if", args=[bot.code])).content.decode()
    assert "Asking needs the role trader" in text
