from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management.base import CommandError

from accounts.models import ExchangeAccount
from accounts.services import reset_paper_account
from bots.management.commands.trader import shard_of
from bots.models import Bot, ExecutionRow, InstrumentRow
from bots.services.lifecycle import start_bot, stop_bot
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]


def test_requested_paper_account_is_opened_on_the_venue(desk: Desk, start: Start) -> None:
    start()
    account = desk.opened(desk.account("2500"))
    assert account.wallet == 2_500 * 10**8
    assert account.venue_uid
    assert desk.venue.account(account)["equity"] == 2_500 * 10**8


def test_instruments_are_stored_before_any_account_exists(desk: Desk, start: Start) -> None:
    start()
    wait_until(lambda: InstrumentRow.objects.filter(source="synthetic", symbol="BTCUSDT").exists())


def test_entry_is_sent_filled_protected_and_given_its_target(desk: Desk, start: Start) -> None:
    start()
    bot = desk.bot(desk.opened(desk.account()))
    desk.close(bot)
    position = desk.held(bot)
    intents = desk.settled(bot)
    entry, target = desk.orders(bot)
    assert [i.state for i in intents] == ["confirmed"] * len(intents)
    assert [i.kind for i in intents] == ["leverage", "place", "set_stop", "place"]
    assert (entry.role, entry.state, entry.filled) == ("entry", "filled", entry.lots)
    assert (target.role, target.state) == ("take_profit", "accepted")
    assert position.stop_ticks is not None
    assert position.leverage_ppm == 2_000_000
    with desk.world.inside():
        assert ExecutionRow.objects.filter(bot=bot).count() == 1


def test_stream_mark_follows_the_venues_last_message(desk: Desk, start: Start) -> None:
    start()
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)

    def caught_up() -> bool:
        mark = desk.lease(account).stream_mark
        return bool(mark) and mark == desk.venue.account(account)["last_message_id"]

    wait_until(caught_up)


def test_stopped_trader_gives_its_leases_back(desk: Desk, start: Start) -> None:
    trader = start()
    account = desk.opened(desk.account())
    wait_until(lambda: desk.lease(account).token)
    trader.stop()
    second = start()
    bot = desk.bot(account)
    desk.close(bot)
    desk.held(bot)
    lease = desk.lease(account)
    assert (lease.holder, lease.token) == (second.config.holder, 2)


def test_reset_account_is_opened_anew_and_its_bot_trades_again(desk: Desk, start: Start) -> None:
    start()
    account = desk.opened(desk.account("10000"))
    bot = desk.bot(account)
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    stop_bot(bot, "leave")
    wait_until(lambda: desk.world.state_of(bot) in ("stopping", "stopped"))
    with desk.world.inside():
        Bot.objects.filter(pk=bot.pk).update(state="stopped")
        reset_paper_account(account, balance=5_000 * 10**8)
    fresh = desk.opened(account)
    assert (fresh.generation, fresh.wallet) == (2, 5_000 * 10**8)
    assert fresh.venue_uid != account.venue_uid
    assert desk.position(bot) is None
    with desk.world.inside():
        bot.refresh_from_db()
        start_bot(bot)
    desk.close(bot)
    desk.held(bot)
    assert {row.state for row in desk.settled(bot)} <= {"confirmed", "denied"}


def test_account_that_fails_leaves_the_others_alone(desk: Desk, start: Start) -> None:
    trader = start()
    broken, fine = desk.opened(desk.account()), desk.opened(desk.account())
    trader.stop()
    with desk.world.inside():
        ExchangeAccount.objects.filter(pk=broken.pk).update(api_key="nobody")
    start()
    bot = desk.bot(fine)
    desk.close(bot)
    desk.held(bot)

    def reason() -> str:
        with desk.world.inside():
            return ExchangeAccount.objects.get(pk=broken.pk).status_reason

    assert "starting again after" in str(wait_until(reason))


@pytest.mark.parametrize("text", ["2/2", "a/2", "1", "0/0", "-1/2"])
def test_shard_is_refused_when_it_is_none(text: str) -> None:
    with pytest.raises(CommandError, match="expected I/N"):
        shard_of(text)


def test_shard_serves_its_own_accounts_only(desk: Desk, start: Start) -> None:
    accounts = [desk.account(), desk.account()]
    parts = {account.pk % 2: account for account in accounts}
    start(shard=(0, 2))
    desk.opened(parts[0])
    assert not desk.opened_yet(parts[1])
    start(shard=(1, 2))
    desk.opened(parts[1])
