from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bots.models import Bot, CandleRow, Outcome, RetiredDocument
from bots.services import store
from bots.services.documents import document_at
from bots.services.explaining import Explained, explain_decision
from bots.services.journal import decision
from bots.services.lifecycle import change_document
from conditions.services.drafts import create_rule_set
from conditions.services.publishing import publish_version
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, World, document

pytestmark = pytest.mark.django_db(transaction=True)

CLOSE: Any = {"price": "close"}
RULES: Any = {"schema": 2, "long": {"all": [
    {"left": CLOSE, "op": "<", "right": 50},
    {"within": {"n": 3, "of": {"left": CLOSE, "op": ">", "right": 98}}},
    {"left": {"portfolio": "open_positions"}, "op": "==", "right": 0},
]}}  # fmt: skip
OTHER: Any = {"schema": 2, "long": {"left": CLOSE, "op": ">", "right": 99.5}}


@pytest.fixture
def bot(world: World) -> Bot:
    bot = world.bot(rules={"inline": RULES, "son": False})
    for price in (100.0, 97.0, 96.0, 95.0):
        world.close(price, symbols=("BTCUSDT",))
        world.decide(bot)
    with world.inside():
        bot.refresh_from_db()
    return bot


def explained(world: World, bot: Bot, minute: int) -> Explained:
    with world.inside():
        found = decision(bot, "BTCUSDT", START_MS + minute * MINUTE)
        assert found is not None
        return explain_decision(bot, found)


def test_every_recorded_decision_is_recomputed_to_the_same_answers(world: World, bot: Bot) -> None:
    for minute in range(1, 5):
        found = explained(world, bot, minute)
        assert found.differs == ()
        assert found.explanation.verdict.leaves == found.decision.leaves
    assert found.decision.details["facts"] == {"portfolio.open_positions": "0"}
    assert [leaf.truth for leaf in found.explanation.trees["long"].leaves()] == [0, 0, 1]


def test_facts_are_taken_from_the_record(world: World, bot: Bot) -> None:
    with acting_as("engine"), world.inside():
        row = Outcome.objects.get(bot=bot, close_ms=START_MS + 2 * MINUTE)
        row.details = {**row.details, "facts": {"portfolio.open_positions": "3"}}
        row.save()

    found = explained(world, bot, 2)

    assert [(d.slot, d.recorded, d.recomputed) for d in found.differs] == [(2, "true", "false")]


def test_a_candle_that_changed_under_a_decision_is_told_loudly(world: World, bot: Bot) -> None:
    with acting_as("engine"):
        CandleRow.objects.filter(open_time=START_MS + 3 * MINUTE).update(close=10.0)
        store.forget_candles()

    found = explained(world, bot, 4)

    assert [(d.text, d.recorded, d.recomputed) for d in found.differs] == [("close < 50", "false", "true")]
    assert found.as_text().startswith(
        "DIFFERS FROM THE RECORD: close < 50: recorded false, recomputed true\n"
    )
    assert found.as_data()["differs"][0]["slot"] == 0


def test_an_old_decision_is_explained_by_the_rules_of_then(world: World, bot: Bot) -> None:
    old = bot.rules_hash
    with world.inside():
        bot.state = "stopped"
        bot.save()
    bot = change_document(bot, document(rules={"inline": OTHER, "son": False}))
    with world.inside():
        assert RetiredDocument.objects.filter(bot=bot).count() == 1
        assert document_at(bot, START_MS + 5 * MINUTE).rules.hash == bot.rules_hash != old

    found = explained(world, bot, 2)

    assert (found.rules_hash, found.differs) == (old, ())


def test_a_document_changed_twice_at_the_same_close_keeps_the_one_that_decided(
    world: World, bot: Bot
) -> None:
    old = bot.rules_hash
    with world.inside():
        bot.state = "stopped"
        bot.save()
    for rules in (OTHER, {"schema": 2, "short": OTHER["long"]}):
        bot = change_document(bot, document(rules={"inline": rules, "son": False}))

    assert explained(world, bot, 4).rules_hash == old


def called(bot: Bot, capsys: pytest.CaptureFixture[str], minute: int = 2, **options: Any) -> str:
    at = f"2025-01-01T00:0{minute}Z"
    with acting_as("engine"):
        call_command("explain", code=bot.code, symbol="BTCUSDT", at=at, **options)
    return capsys.readouterr().out


def test_the_command_explains_a_stored_decision(bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no_signal" in called(bot, capsys)
    data = json.loads(called(bot, capsys, json=True))
    assert (data["close_ms"], data["differs"]) == (START_MS + 2 * MINUTE, [])


def test_the_command_asks_another_version_about_that_close(
    world: World, bot: Bot, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.inside():
        version = publish_version(create_rule_set(name="Other", document=OTHER))

    assert "long: yes" in called(bot, capsys, 1, rules_version=version.code)
    assert "long: no" in called(bot, capsys, 2, rules_version=version.code)


@pytest.mark.parametrize("options, words", [
    ({"code": "nobody"}, "no bot 'nobody'"),
    ({"at": "2026-01-01"}, "no decision on BTCUSDT then"),
    ({"symbol": "NOPEUSDT"}, "no decision on NOPEUSDT then"),
    ({"at": "soon"}, "--at"),
    ({"rules_version": "nothing"}, "no version"),
])  # fmt: skip
def test_the_command_refuses_what_is_not_there(bot: Bot, options: dict[str, str], words: str) -> None:
    given = {"code": bot.code, "symbol": "BTCUSDT", "at": "2025-01-01T00:02Z"} | options
    with acting_as("engine"), pytest.raises(CommandError, match=words):
        call_command("explain", **given)
