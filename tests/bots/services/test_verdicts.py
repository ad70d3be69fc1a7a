"""Verdicts of a process that keeps a plan alive are those of one that has none."""

from __future__ import annotations

from typing import Any

import pytest

from bots.models import VerdictRow
from bots.services import store, verdicts
from bots.services.documents import document_of
from bots.services.verdicts import forget_verdicts, verdicts_for
from tests.builders import START_MS
from tests.worlds import MINUTE, World, candle, key
from trading_core.rules.evaluate import evaluate_last
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text
from trading_core.rules.shared.plan import SharedPlan
from trading_core.rules.verdict import UNKNOWN, YES, Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

RULES = {
    "inline": {"schema": 2, "long": {"left": {"price": "close"}, "op": "rising", "n": 2}},
    "son": False,
}
OTHER_RULES = {
    "inline": {"schema": 2, "long": {"left": {"price": "close"}, "op": "falling", "n": 2}},
    "son": False,
}
PRICES = (100.0, 101.0, 102.0, 101.0, 102.0, 103.0)
Said = dict[str, Verdict | None]


def test_a_living_plan_a_new_one_and_none_say_the_same(world: World) -> None:
    bot = world.bot(rules=RULES)
    closes: list[int] = []
    alive: list[Said] = []
    for price in PRICES:
        closes.append(world.close(price))
        with world.inside():
            alive.append(verdicts_for(bot, closes[-1]))
    VerdictRow.objects.all().delete()
    verdicts._recent.clear()

    with world.inside():
        behind = [verdicts_for(bot, close_ms) for close_ms in closes[:-1]]
        forget_verdicts()
        anew = verdicts_for(bot, closes[-1])

    assert [said["BTCUSDT"].long for said in alive if said["BTCUSDT"]] == [-1, -1, 1, 0, 0, 1]
    assert behind == alive[:-1]
    assert anew == alive[-1]


def test_a_rule_set_that_fails_is_left_out_and_the_others_are_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, failing = world.bot(rules=RULES), world.bot(rules=OTHER_RULES)
    close_ms = world.close(100.0)

    def evaluate(rules: RuleSet, *args: Any, **named: Any) -> Verdict:
        if rules.long == document_of(failing).rules.long:
            raise FloatingPointError("rules that fail")
        return evaluate_last(rules, *args, **named)

    def together(*_: object, **__: object) -> None:
        raise FloatingPointError("all at once")

    monkeypatch.setattr(verdicts, "evaluate_last", evaluate)
    monkeypatch.setattr(SharedPlan, "answer", together)
    questions = [q for bot in (sound, failing) for q in verdicts._questions(document_of(bot)).values()]
    with world.inside():
        said = verdicts.answers(questions, close_ms)

        assert [question.rules_hash for question in said] == [document_of(sound).rules.hash]
        with pytest.raises(FloatingPointError):
            verdicts_for(failing, close_ms)


def test_a_candle_that_comes_very_late_counts_from_the_next_close_on(world: World) -> None:
    rules = {"inline": RuleSet(long=parse_text("close > ema(150)")).canonical(), "son": False}
    bot = world.bot(rules=rules)

    def told(price: float) -> Said:
        close_ms = world.close(price)
        with world.inside():
            return verdicts_for(bot, close_ms)

    said: list[Said] = []
    for minute in range(150):
        if minute == 5:
            world.minute += 1  # nobody hears this one
        said.append(told(100.0 + minute % 7))
    store.add_closed(key(), [candle(5, 104.0)])
    counted = told(110.0)
    forget_verdicts()
    VerdictRow.objects.all().delete()
    with world.inside():
        anew = verdicts_for(bot, START_MS + world.minute * MINUTE)
    assert counted == anew
    before, after = said[-1]["BTCUSDT"], counted["BTCUSDT"]
    assert before is not None
    assert after is not None
    assert (before.long, after.long) == (UNKNOWN, YES)
