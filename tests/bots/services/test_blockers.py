from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bots.models import Bot, Outcome
from bots.services import packing
from bots.services.blockers import BlockerReport, ConditionReport, TreeReport, blocker_report
from bots.services.documents import document_of
from bots.services.lifecycle import change_document
from bots.services.packing import pack_journal
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, World, document
from trading_core.errors import InvalidInput
from trading_core.rules.verdict import pack_truths

pytestmark = pytest.mark.django_db(transaction=True)

CLOSE: Any = {"price": "close"}
LOW: Any = {"left": CLOSE, "op": "<", "right": 90}
HIGH: Any = {"left": CLOSE, "op": ">", "right": 80}
RULES: Any = {
    "schema": 2,
    "long": {"all": [LOW, HIGH]},
    "exit_long": {"left": CLOSE, "op": ">", "right": 200},
}


@pytest.fixture(params=[False, True], ids=["rows", "packed"])
def packs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(packing, "KEEP", 3)
    monkeypatch.setattr(packing, "PAGE_MIN", 2)
    return bool(request.param)


def lived(world: World, prices: list[float], *, packs: bool, rules: Any = RULES) -> Bot:
    """A bot that saw these closes in the way it does."""
    bot = world.bot(rules={"inline": rules, "son": False})
    for price in prices:
        world.close(price, symbols=("BTCUSDT",))
        world.decide(bot)
    if packs:
        with acting_as("engine"):
            pack_journal(bot.pk, bot.workspace_id)
    with world.inside():
        bot.refresh_from_db()
    return bot


def report(world: World, bot: Bot, **period: int) -> BlockerReport:
    with world.inside():
        first, last = period.get("from_ms", 0), period.get("to_ms", START_MS + 10_000 * MINUTE)
        return blocker_report(bot, from_ms=first, to_ms=last)


def tree(found: BlockerReport, name: str) -> TreeReport:
    return next(one for one in found.trees if one.tree == name)


def figures(one: ConditionReport) -> tuple[str, int, int, int]:
    return one.text, one.false, one.unknown, one.sole


def test_the_only_false_condition_is_counted_with_its_misses(world: World, packs: bool) -> None:
    bot = lived(world, [100.0, 91.5, 79.0, 95.0, 60.0, 92.0], packs=packs)

    found = report(world, bot)
    long = tree(found, "long")

    assert found.decisions == 6
    assert found.outcomes == {"no_signal": 6}
    assert (long.closes, long.true, long.false, long.unknown, long.sole) == (6, 0, 6, 0, 6)
    assert [figures(one) for one in long.conditions] == [("close < 90", 4, 0, 4), ("close > 80", 2, 0, 2)]
    nearest = long.conditions[0].nearest
    assert [(miss.close_ms, miss.distance) for miss in nearest] == [
        (START_MS + 2 * MINUTE, -1.5), (START_MS + 6 * MINUTE, -2.0), (START_MS + 4 * MINUTE, -5.0),
        (START_MS + 1 * MINUTE, -10.0),
    ]  # fmt: skip
    assert nearest[0].percent == pytest.approx(-1.5 / 90 * 100)
    assert nearest[0].sigmas == pytest.approx(-1.5 / np.std([100.0, 91.5, 79.0, 95.0, 60.0, 92.0]))
    assert sum(one.closes for one in long.conditions[0].bins) == 4
    assert long.conditions[0].sentence == (
        "close < 90 alone stood in the way of a long entry 4 times in 6 closes; the nearest miss was by 1.5."
    )


def test_a_period_and_a_symbol_narrow_it(world: World, packs: bool) -> None:
    bot = lived(world, [100.0, 91.5, 79.0, 95.0, 60.0, 92.0], packs=packs)

    found = report(world, bot, from_ms=START_MS + 2 * MINUTE, to_ms=START_MS + 4 * MINUTE)

    assert (found.decisions, tree(found, "long").closes) == (3, 3)
    assert [one.sole for one in tree(found, "long").conditions] == [2, 1]
    with world.inside(), pytest.raises(InvalidInput, match="expected one of BTCUSDT"):
        blocker_report(bot, symbol="NOPEUSDT", from_ms=0, to_ms=1)


def test_entries_are_counted_while_flat_and_exits_while_in_a_position(world: World, packs: bool) -> None:
    bot = lived(world, [100.0] * 8, packs=False)
    rows = [
        "no_signal",
        "in_position",
        "in_position",
        "exit_rule",
        "closing",
        "no_signal",
        "cooldown",
        "entered",
    ]
    with acting_as("engine"), world.inside():
        for minute, code in enumerate(rows, 1):
            details = {"side": "long"} if code in ("in_position", "exit_rule") else {}
            Outcome.objects.filter(bot=bot, close_ms=START_MS + minute * MINUTE).update(
                code=code, details=details
            )
        if packs:
            pack_journal(bot.pk, bot.workspace_id)

    found = report(world, bot)

    assert tree(found, "long").closes == 4
    assert tree(found, "exit_long").closes == 3
    assert tree(found, "exit_long").conditions[0].sole == 3


def test_a_count_sees_the_closes_before_the_period(world: World, packs: bool) -> None:
    rules = {"schema": 2, "long": {"all": [{"within": {"n": 3, "of": LOW}}, HIGH]}}
    bot = lived(world, [70.0, 100.0, 100.0, 100.0, 100.0], packs=packs, rules=rules)

    found = report(world, bot, from_ms=START_MS + 3 * MINUTE)

    # At the third close the first one still counts: the rules were true, the bot was busy with them or entered.
    assert tree(found, "long").conditions[0].sole == tree(found, "long").false


def test_recorded_answers_count_not_recomputed_ones(world: World, packs: bool) -> None:
    bot = lived(world, [100.0] * 6, packs=False)
    with acting_as("engine"), world.inside():
        Outcome.objects.filter(bot=bot).update(leaves=pack_truths([-1, 1, 0]))
        if packs:
            pack_journal(bot.pk, bot.workspace_id)

    long = tree(report(world, bot), "long")

    assert [figures(one)[1:] for one in long.conditions] == [(0, 6, 6), (0, 0, 0)]


def test_what_earlier_rules_decided_is_told_apart(world: World, packs: bool) -> None:
    bot = lived(world, [100.0] * 6, packs=packs)
    with world.inside():
        bot.state = "stopped"
        bot.save()
    other = {"schema": 2, "long": {"left": CLOSE, "op": "<", "right": 10}}
    bot = change_document(bot, document(rules={"inline": other, "son": False}))
    with world.inside():
        assert document_of(bot).rules.hash == bot.rules_hash
        found = blocker_report(bot, from_ms=0, to_ms=START_MS + 100 * MINUTE)

    assert found.decisions == 6
    assert tree(found, "long").closes == 0
    assert found.notes == ("6 decisions were made under earlier rules and count as outcomes only.",)


def test_a_bot_that_never_decided_has_an_empty_report(world: World) -> None:
    bot = world.bot(rules={"inline": RULES, "son": False})

    found = report(world, bot)

    assert (found.decisions, found.outcomes) == (0, {})
    assert tree(found, "long").closes == 0
