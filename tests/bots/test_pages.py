from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries
from accounts.key_checks import record_entered
from accounts.models import ExchangeAccount, User, Workspace
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from ailona.secrets_file import new_secrets
from bots.models import Bot, BotState, IntentRow
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in, named  # noqa: F401 - fixtures
from tests.e2e.desk_rows import market
from tests.roles import acting_as
from trading_core.exchanges.bybit.keys import KeyReport

VALID = {
    "template": "mean_reversion", "name": "Scalper", "symbols": ["BTCUSDT", "ETHUSDT"], "timeframe": "1m",
    "size_quote": "200", "leverage": "2", "max_open_positions": "3", "max_position_quote": "5000",
    "cooldown_candles": "1", "stop_pct": "4", "stop_base": "entry", "take_profit_pct": "1",
    "take_profit_base": "average", "time_stop_minutes": "240", "paper_balance": "10000",
}  # fmt: skip
LADDER = {
    "averaging": "on", "legs": "3", "leg_deviation_pct": "0.8", "leg_step_scale": "1.2", "leg_quote": "200",
    "leg_volume_scale": "1.5", "leg_resting": "2",
}  # fmt: skip


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def known_market(alice: User) -> int:
    with acting_as("engine"):
        return market(minutes=5)


def test_dashboard_shows_equity_positions_bots_and_concerns(client: Client, desk: Workspace) -> None:
    text = client.get(reverse("dashboard")).content.decode()
    for part in ("Equity", "Dip buyer", "ETHUSDT", "SOLUSDT", "Night shift is parked", "Synthetic, lively"):
        assert part in text


def test_dashboard_of_a_newcomer_says_what_to_do(client: Client) -> None:
    text = client.get(reverse("dashboard")).content.decode()
    assert "Make your first bot" in text
    assert "No market data yet" in text


def test_other_pages_and_parts_answer(client: Client, desk: Workspace) -> None:
    for name in ("dashboard-live", "bots", "bots-live", "accounts", "bot-new"):
        assert client.get(reverse(name)).status_code == 200, name


def test_dashboard_stays_within_its_queries(
    client: Client, desk: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(24):
        client.get(reverse("dashboard"))


def test_bot_page_stays_within_its_queries(
    client: Client, bot: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(reverse("bot", args=[bot.code]))  # candles are remembered from here on
    with django_assert_max_num_queries(24):
        client.get(reverse("bot", args=[bot.code]))


def test_bot_page_explains_the_last_decision_with_numbers(client: Client, bot: Bot) -> None:
    text = client.get(reverse("bot", args=[bot.code]) + "?symbol=BTCUSDT").content.decode()
    assert "rsi(14) &lt; 32" in text
    assert re.search(r"(missed|inside) by [\d.,]+", text)
    assert "The conditions for an entry were not met." in text


def test_bot_page_with_a_foreign_symbol_shows_the_first(client: Client, bot: Bot) -> None:
    response = client.get(reverse("bot", args=[bot.code]) + "?symbol=%00nonsense")
    assert response.status_code == 200
    assert response.context["symbol"] == "ETHUSDT"


def test_bot_is_refetched_in_one_answer(client: Client, bot: Bot) -> None:
    text = client.get(reverse("bot-live", args=[bot.code])).content.decode()
    for part in ('id="why"', 'id="activity"', 'id="decisions"', "Equity", "Panic"):
        assert part in text
    assert "<html" not in text


def test_chart_has_candles_executions_and_lines(client: Client, bot: Bot) -> None:
    data = client.get(reverse("chart-data", args=[bot.code]) + "?symbol=ETHUSDT").json()
    assert len(data["candles"]) == 150
    assert data["precision"] == 2
    kinds = {line["kind"] for line in data["lines"]}
    assert kinds == {"average", "stop", "target", "leg"}
    opened = {row[0] for row in data["candles"]}
    assert data["executions"]
    assert {mark["time"] for mark in data["executions"]} <= opened


def test_equity_is_summed_over_accounts(client: Client, desk: Workspace) -> None:
    data = client.get(reverse("equity-data")).json()
    assert data["base"] == "30000.00000000"
    times = [time for time, _ in data["points"]]
    assert times == sorted(times)
    assert len(times) > 200


def test_new_bot_is_created_on_paper_and_started(
    client: Client, alice: User, known_market: int, workspace: Workspace
) -> None:
    response = client.post(reverse("bot-new"), VALID | LADDER | {"start": "1"})
    assert response.status_code == 302
    made = named(workspace, "Scalper")
    assert made.state == BotState.STARTING
    assert made.account.environment == "paper"
    assert made.document["plan"]["averaging"]["legs"] == 3
    assert made.document["universe"]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("changes, field, words", [
    ({"name": " "}, "name", "required"),
    ({"symbols": ["BTCUSDT", "NOPEUSDT"]}, "symbols", "NOPEUSDT"),
    ({"stop_pct": "60"}, "stop_pct", "less than or equal to 50"),
    ({"stop_pct": "49.5", "leverage": "3"}, "stop_pct", "liquidated"),
    ({"size_quote": "NaN"}, "size_quote", "number"),
    ({"size_quote": "1e400"}, "size_quote", ""),
    ({"leverage": "2.123"}, "leverage", "decimal"),
    ({"timeframe": "7m"}, "timeframe", "not one of"),
    ({"template": "nothing"}, "template", "not one of"),
    ({**LADDER, "legs": ""}, "legs", "Needed"),
    ({**LADDER, "leg_deviation_pct": "5"}, "legs", "beyond the stop"),
    ({"max_position_quote": "100"}, "max_position_quote", "more than the cap"),
])  # fmt: skip
def test_new_bot_refused_names_the_field_and_keeps_what_was_typed(
    client: Client,
    known_market: int,
    workspace: Workspace,
    changes: dict[str, object],
    field: str,
    words: str,
) -> None:
    response = client.post(reverse("bot-new"), {**VALID, "name": "Kept words", **changes})
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert field in errors
    assert words in str(errors[field])
    if "name" not in changes:
        assert 'value="Kept words"' in response.content.decode()
    with workspace_scope(workspace.pk, reading=True):
        assert not Bot.objects.exists()


def test_new_bot_with_an_empty_body_changes_nothing(
    client: Client, known_market: int, workspace: Workspace
) -> None:
    response = client.post(
        reverse("bot-new"), data=b"\xff\xfe=%zz", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 422


def test_controls_follow_the_states(client: Client, bot: Bot) -> None:
    client.post(reverse("bot-act", args=[bot.code, "pause"]))
    with workspace_scope(bot.workspace_id, reading=True):
        bot.refresh_from_db()
    assert bot.state == BotState.ENTRIES_PAUSED
    client.post(reverse("bot-act", args=[bot.code, "resume"]))
    with workspace_scope(bot.workspace_id, reading=True):
        bot.refresh_from_db()
    assert bot.state == BotState.RUNNING


def test_control_that_the_state_does_not_allow_says_so(client: Client, desk: Workspace) -> None:
    parked = named(desk, "Night shift")
    response = client.post(reverse("bot-act", args=[parked.code, "pause"]), follow=True)
    assert "Nothing was changed" in response.content.decode()


def test_stop_with_a_nonsense_mode_changes_nothing(client: Client, bot: Bot) -> None:
    response = client.post(reverse("bot-act", args=[bot.code, "stop"]), {"mode": "explode"}, follow=True)
    assert "Nothing was changed" in response.content.decode()


def test_confirmation_of_panic_names_positions_and_orders(client: Client, bot: Bot) -> None:
    text = client.get(reverse("bot-confirm", args=[bot.code, "panic"])).content.decode()
    assert "(ETHUSDT)" in text
    assert "reduce-only market order" in text
    assert "take profit order of ETHUSDT: cancelled" in text
    assert client.get(reverse("bot-confirm", args=[bot.code, "start"])).status_code == 404


def test_panic_commits_exits_and_stops(client: Client, bot: Bot) -> None:
    client.post(reverse("bot-act", args=[bot.code, "panic"]))
    with workspace_scope(bot.workspace_id, reading=True):
        bot.refresh_from_db()
        assert bot.state == BotState.STOPPING
        assert IntentRow.objects.filter(bot=bot, kind="place", params__reduce_only=True).exists()


def test_account_of_a_running_bot_is_not_reset(client: Client, bot: Bot) -> None:
    response = client.post(reverse("account-reset", args=[bot.account.code]), {"balance": "500"}, follow=True)
    assert "stop Dip buyer first" in response.content.decode()


def test_stopped_bot_that_left_a_position_can_still_be_closed(client: Client, bot: Bot) -> None:
    client.post(reverse("bot-act", args=[bot.code, "stop"]), {"mode": "leave"})
    text = client.get(reverse("bot", args=[bot.code])).content.decode()
    assert "Stopped" in text
    assert "Panic" in text


@pytest.mark.parametrize("balance", ["", "-5", "NaN", "10.123", "1" * 40])
def test_account_reset_refuses_a_bad_balance(client: Client, desk: Workspace, balance: str) -> None:
    account = named(desk, "Night shift").account
    response = client.post(reverse("account-reset", args=[account.code]), {"balance": balance}, follow=True)
    assert "Nothing was reset" in response.content.decode()


def test_account_reset_asks_for_a_new_venue_account(client: Client, desk: Workspace) -> None:
    account = named(desk, "Night shift").account
    client.post(reverse("account-reset", args=[account.code]), {"balance": "2500"})
    with workspace_scope(desk.pk, reading=True):
        account.refresh_from_db()
    assert (account.generation, account.paper_balance) == (2, 2_500 * 10**8)


KEY = {
    "environment": "mainnet",
    "name": "Main",
    "api_key": "abcdef",
    "api_secret": "a-secret-never-shown-again",
}


def test_mainnet_key_is_refused_on_the_embedded_stack_and_never_echoed(
    client: Client, settings: object
) -> None:
    settings.EMBEDDED = True  # type: ignore[attr-defined]
    response = client.post(reverse("account-connect"), KEY)
    text = response.content.decode()
    assert response.status_code == 422
    assert "embedded stack refuses" in text
    assert KEY["api_secret"] not in text


def test_a_halted_account_says_why_and_takes_entries_again_when_told(client: Client, bot: Bot) -> None:
    account = bot.account
    block_entries(
        account.pk, account.workspace_id,
        EntryBlock(BlockKind.HALT, BlockCause.REFUSAL, "10027: trading is banned", code=10027),
    )  # fmt: skip
    words = "the account takes no entries until its owner acts: 10027: trading is banned"
    for name in ("accounts", "accounts-live", "dashboard"):
        assert words in client.get(reverse(name)).content.decode(), name
    api = client.get(reverse("api-account", args=[account.code])).json()
    assert (api["entry_blocks"][0]["kind"], api["entry_blocks"][0]["code"]) == ("halt", 10027)
    client.post(reverse("account-resume", args=[account.code]))
    text = client.get(reverse("accounts")).content.decode()
    assert words not in text
    assert "takes entries again" in text


def test_a_connected_key_is_being_checked_and_what_is_found_is_shown(
    client: Client, workspace: Workspace, settings: Settings
) -> None:
    settings.TRADER_PUBLIC_KEY = new_secrets()["TRADER_PUBLIC_KEY"]
    client.post(reverse("account-connect"), KEY | {"environment": "demo"})
    assert "Being checked" in client.get(reverse("accounts")).content.decode()
    with workspace_scope(workspace.pk):
        account = ExchangeAccount.objects.get(environment="demo")
    report = KeyReport("7", ("permission Wallet must be off",), ("the key expires within 7 days",))
    record_entered(account.pk, workspace.pk, report, wallet=0, at=clock.now())
    text = client.get(reverse("accounts")).content.decode()
    assert "permission Wallet must be off" in text
    assert "expires within 7 days" in text
    client.post(reverse("account-check", args=[account.code]))
    assert "Being checked" in client.get(reverse("accounts")).content.decode()


def test_strangers_find_nothing(charlie: User, bot: Bot) -> None:
    client = logged_in(charlie)
    assert client.get(reverse("bot", args=[bot.code])).status_code == 404
    assert client.post(reverse("bot-act", args=[bot.code, "panic"])).status_code == 404


def test_viewer_sees_no_controls(rita: User, bot: Bot) -> None:
    text = logged_in(rita).get(reverse("bot", args=[bot.code])).content.decode()
    assert "Dip buyer" in text
    assert "Panic" not in text


def test_pages_forbid_inline_code_and_foreign_sources(client: Client, bot: Bot) -> None:
    for url in (
        reverse("dashboard"),
        reverse("bot", args=[bot.code]),
        reverse("bot-new"),
        reverse("landing"),
    ):
        response = client.get(url, follow=True)
        policy = response["Content-Security-Policy"]
        assert "unsafe" not in policy
        text = response.content.decode()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", text)
