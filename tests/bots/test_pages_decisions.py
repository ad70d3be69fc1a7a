from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import ExchangeAccount, User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Outcome
from bots.services.documents import document_of
from bots.services.explaining import explain_at
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.roles import acting_as
from tests.worlds import World
from trading_core.money import MONEY_SCALE
from trading_core.rules.verdict import pack_truths

MINUTE = 60_000
SYMBOL = "BTCUSDT"


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def recorded(bot: Bot) -> Bot:
    """The bot with the last thirty closes of one symbol recorded as its rules really said."""
    with workspace_scope(bot.workspace_id):
        for row in Outcome.objects.filter(bot=bot, symbol=SYMBOL):
            row.leaves = explain_at(bot, document_of(bot), SYMBOL, row.close_ms).verdict.leaves
            row.save(update_fields=["leaves"])
    return bot


def change(bot: Bot, close_ms: int, **fields: object) -> None:
    with workspace_scope(bot.workspace_id):
        assert Outcome.objects.filter(bot=bot, symbol=SYMBOL, close_ms=close_ms).update(**fields) == 1


def feed(client: Client, bot: Bot, query: str = "") -> tuple[str, Any]:
    response = client.get(reverse("bot-decisions", args=[bot.code]) + query)
    assert response.status_code == 200
    return response.content.decode(), response.context["feed"]


def test_feed_says_what_stood_in_the_way_with_numbers(client: Client, recorded: Bot) -> None:
    text, page = feed(client, recorded, f"?symbol={SYMBOL}&outcome=no_signal")
    told = explain_at(recorded, document_of(recorded), SYMBOL, page.rows[0].close_ms)
    rsi = next(line for line in told.trees["long"].leaves() if line.text == "rsi(14) < 32")
    assert {row.badge.label for row in page.rows} == {"No signal"}
    assert "rsi(14) &lt; 32" in text
    assert f"{rsi.operands[0].value:.4f}"[:6] in text
    assert "against 32<" in text


def test_feed_marks_what_was_one_condition_short(client: Client, recorded: Bot) -> None:
    newest = recorded.done
    change(recorded, newest, leaves=pack_truths([0, 1, 0]))
    change(recorded, newest - MINUTE, leaves=pack_truths([0, 0, 0]))
    change(recorded, newest - 2 * MINUTE, leaves=pack_truths([0, -1, 0]), code="not_ready")
    _, page = feed(client, recorded, f"?symbol={SYMBOL}&only=near&range=all")
    closes = [row.close_ms for row in page.rows]
    assert newest in closes
    assert newest - MINUTE not in closes
    assert newest - 2 * MINUTE not in closes
    assert page.looked == 30
    assert {row.kind.key for row in page.rows} == {"near"}


def test_strip_has_a_mark_and_a_word_for_every_close(client: Client, recorded: Bot) -> None:
    text, page = feed(client, recorded)
    assert [strip.symbol for strip in page.strips] == ["ETHUSDT", "SOLUSDT", "BTCUSDT"]
    btc = page.strips[2].cells
    assert len(btc) == 30
    assert btc[0].close_ms == recorded.done
    assert btc[9].kind.key == "refused"
    assert text.count('class="cell o-held"') > 60
    assert re.search(
        r'o-refused"[^>]*><span aria-hidden="true">!</span><span class="visually-hidden">[^<]+Cooldown', text
    )


def test_feed_is_paged_without_loss_or_doubling(client: Client, recorded: Bot) -> None:
    seen: list[tuple[int, str]] = []
    query = "?range=all"
    for _ in range(10):
        _, page = feed(client, recorded, query)
        seen += [(row.close_ms, row.symbol) for row in page.rows]
        if not page.older:
            break
        query = f"?{page.older}"
    assert len(seen) == len(set(seen)) == 90
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("query", [
    "?symbol=NOPE&outcome=nonsense&range=9y&only=what&before=-5",
    "?before=99999999999999999999999999",
    "?before=%00&symbol=%00",
    "?before=1&range=all",
])  # fmt: skip
def test_feed_reads_nonsense_as_nothing_said(client: Client, recorded: Bot, query: str) -> None:
    feed(client, recorded, query)


def test_feed_without_a_match_says_so(client: Client, recorded: Bot) -> None:
    text, page = feed(client, recorded, "?only=entries&range=7d")
    assert page.rows == []
    assert "Nothing matches" in text
    assert "in the last 7 d" in text


def test_feed_of_a_bot_that_never_ran_says_so(client: Client, desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        fresh = Bot.objects.get(name="Night shift")
        Outcome.objects.filter(bot=fresh).delete()
    text, _ = feed(client, fresh)
    assert "No decisions yet" in text


def test_feed_stays_within_its_queries(
    client: Client, recorded: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    feed(client, recorded)  # candles are remembered from here on
    with django_assert_max_num_queries(24):
        feed(client, recorded)


def test_feed_is_refetched_alone(client: Client, recorded: Bot) -> None:
    text = client.get(reverse("bot-decisions-live", args=[recorded.code])).content.decode()
    assert "Last closes" in text
    assert "<html" not in text


def decision(client: Client, bot: Bot, close_ms: int) -> tuple[str, Any]:
    response = client.get(reverse("bot-decision", args=[bot.code, SYMBOL, close_ms]))
    assert response.status_code == 200
    return response.content.decode(), response.context["page"]


def test_decision_shows_every_condition_and_proves_the_record(client: Client, recorded: Bot) -> None:
    text, page = decision(client, recorded, recorded.done)
    assert page.agreement.state == "same"
    assert "All 3 conditions say again what was recorded" in text
    for part in ("rsi(14) &lt; 32", "close &gt; ema(200)", "Enter long", "Exit long"):
        assert part in text
    assert [tree.asked for tree in page.trees] == [True, False]
    assert "what-if/?path=long.all%5B0%5D.right" in text


def test_unknown_is_told_apart_from_false(client: Client, recorded: Bot) -> None:
    """150 candles are stored, an average over 200 is not ready."""
    text, page = decision(client, recorded, recorded.done)
    ema = next(line for line in page.trees[0].lines if "ema(200)" in line.text)
    assert ema.truth == "unknown"
    assert "not ready" in text


def test_decision_that_was_recorded_otherwise_is_said_to_differ(client: Client, recorded: Bot) -> None:
    told = explain_at(recorded, document_of(recorded), SYMBOL, recorded.done).verdict
    change(recorded, recorded.done, leaves=pack_truths([1 - told.leaf(0), told.leaf(1), told.leaf(2)]))
    text, page = decision(client, recorded, recorded.done)
    assert page.agreement.state == "differs"
    assert re.search(r"rsi\(14\) &lt; 32: recorded \w+, recomputed \w+", text)


def test_gates_are_told_in_order_up_to_the_one_that_refused(client: Client, recorded: Bot) -> None:
    at = recorded.done - 9 * MINUTE
    change(recorded, at, details={"side": "long", "until_ms": at + MINUTE, "candles": 7})
    text, page = decision(client, recorded, at)
    states = [gate.state for gate in page.gates]
    place = states.index("blocked")
    assert states == ["passed"] * place + ["blocked"] + ["not asked"] * (len(states) - place - 1)
    assert page.gates[place].label == "The cooldown is over"
    assert page.gates[place - 1].label == "The symbol is free on the account"
    assert ("Candles", "7") in page.gates[place].numbers
    assert "the cooldown lasts 7 more candles" in text


def test_claim_lost_at_the_last_moment_stands_last(client: Client, recorded: Bot) -> None:
    change(recorded, recorded.done, code="symbol_claimed", details={"holder": "Other bot"})
    _, page = decision(client, recorded, recorded.done)
    states = [gate.state for gate in page.gates]
    assert states == ["passed"] * (len(states) - 1) + ["blocked"]
    assert page.gates[-1].numbers == [("Holder", "Other bot")]


def test_neighbours_are_linked_and_end_where_the_journal_ends(client: Client, recorded: Bot) -> None:
    _, page = decision(client, recorded, recorded.done)
    assert page.later == ""
    assert page.earlier.endswith(f"/{recorded.done - MINUTE}/")
    _, page = decision(client, recorded, recorded.done - 29 * MINUTE)
    assert page.earlier == ""


@pytest.mark.parametrize("symbol, close_ms", [("NOPE", 60_000), (SYMBOL, 61_000), (SYMBOL, 10**30)])
def test_decision_that_was_never_made_is_not_found(
    client: Client, recorded: Bot, symbol: str, close_ms: int
) -> None:
    for name in ("bot-decision", "bot-decision-chart"):
        assert client.get(reverse(name, args=[recorded.code, symbol, close_ms])).status_code == 404


def test_chart_around_a_decision_marks_it(client: Client, recorded: Bot) -> None:
    at = recorded.done - 12 * MINUTE
    data = client.get(reverse("bot-decision-chart", args=[recorded.code, SYMBOL, at])).json()
    assert len(data["candles"]) == 60 + 12
    here = [mark for mark in data["decisions"] if mark["text"] == "this close"]
    assert [mark["time"] for mark in here] == [(at - MINUTE) // 1000]
    kinds = {mark["time"]: mark["kind"] for mark in data["decisions"]}
    assert kinds[(recorded.done - 10 * MINUTE) // 1000] == "refused"
    opened = {row[0] for row in data["candles"]}
    assert {mark["time"] for mark in data["decisions"]} <= opened


def test_feed_tells_what_the_bot_knew_of_itself_when_it_decided(client: Client, world: World) -> None:
    asking = {
        "all": [
            {"left": {"portfolio": "day_pnl"}, "op": ">", "right": 50},
            {"left": {"position": "pnl_pct"}, "op": ">", "right": 1},
        ]
    }
    bot = world.bot(rules={"inline": {"schema": 2, "long": asking}, "son": False})
    for wallet in (10_000, 10_012):
        with acting_as("engine"), world.inside():
            ExchangeAccount.objects.filter(pk=bot.account_id).update(wallet=wallet * MONEY_SCALE)
        world.close()
        world.decide(bot)
    _, page = feed(client, bot)
    blocks = {block.text: block.numbers for block in page.rows[0].blocks}
    assert blocks == {
        "portfolio.day_pnl > 50": "12.0000 against 50",
        "position.pnl_pct > 1": "none against 1",
    }
