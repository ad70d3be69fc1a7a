"""Keys that people bring, checked by a real trader at a venue that plays Bybit."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.entry_blocks import blocks_of, resume_entries
from accounts.key_checks import request_check
from accounts.models import Environment, ExchangeAccount
from accounts.services import connect_exchange_account, replace_key
from ailona.secrets_file import new_secrets
from bots.models import Bot, Outcome
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until
from trading_core.exchanges.bybit.environments import BYBIT, venue_addresses
from trading_core.exchanges.bybit.pacer import WAIT_MAX_S
from trading_core.money import money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]


@pytest.fixture(autouse=True)
def _bybit_is_the_venue(desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BYBIT, "demo", venue_addresses(desk.venue.url))
    made = new_secrets()
    for name in ("TRADER_PUBLIC_KEY", "TRADER_PRIVATE_KEY", "MASTER_KEYS"):
        setattr(settings, name, made[name])


@pytest.fixture(autouse=True)
def _no_fault_is_left(desk: Desk) -> Iterator[None]:
    yield
    desk.venue.control._ask("DELETE", "/control/faults")


def opened(desk: Desk, reference: str, **rights: Any) -> dict[str, Any]:
    body = {"reference": reference, "balance": "10000", "ips": ["127.0.0.1"], **rights}
    return desk.venue.control._ask("POST", "/control/accounts", body)


def connect(desk: Desk, keys: dict[str, Any], *, secret: str = "") -> ExchangeAccount:
    with desk.world.inside():
        return connect_exchange_account(
            Environment.DEMO, "Demo", keys["api_key"], secret or keys["api_secret"], actor="alice@example.com"
        )


def judged(desk: Desk, account: ExchangeAccount) -> ExchangeAccount:
    """Wait until the trader has judged the account's key."""

    def done() -> bool:
        with desk.world.inside():
            account.refresh_from_db()
        return account.status != "requested"

    wait_until(done)
    return account


def blocked(desk: Desk, account: ExchangeAccount) -> str:
    with desk.world.inside():
        account.refresh_from_db()
    return "; ".join(block.words for block in blocks_of(account))


def fault(desk: Desk, kind: str, uid: str, path: str = "", **more: Any) -> None:
    where = {"uid": uid} | ({"path": path} if path else {})
    desk.venue.control._ask("POST", "/control/faults", {"faults": [{"kind": kind, "where": where, **more}]})


def outcome(desk: Desk, bot: Bot, close_ms: int) -> Outcome:
    with desk.world.inside():
        return Outcome.objects.get(bot=bot, symbol="BTCUSDT", close_ms=close_ms)


def test_an_entered_key_is_checked_and_its_account_trades(desk: Desk, start: Start) -> None:
    keys = opened(desk, "entered")
    start()
    account = judged(desk, connect(desk, keys))
    assert (account.status, account.venue_uid, account.wallet) == ("ready", keys["uid"], money(10_000))
    assert account.key_report == {"refusals": [], "warnings": []}
    bot = desk.bot(account)
    desk.close(bot)
    assert desk.held(bot).lots


def test_an_exchange_that_does_not_answer_is_asked_later_and_the_account_says_so(
    desk: Desk, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setitem(BYBIT, "demo", venue_addresses(f"http://127.0.0.1:{port}"))
    account = connect(desk, opened(desk, "key-silent"))

    start()

    def told() -> bool:
        with desk.world.inside():
            account.refresh_from_db()
        return "could not be checked yet: no answer from" in account.status_reason

    wait_until(told)
    time.sleep(2.5)
    said = [r for r in caplog.records if r.name == "bots.trader.service" and "no answer" in r.message]
    assert [r.levelname for r in said if r.levelname == "WARNING"] == ["WARNING"]
    assert len(said) <= 3  # seconds 0 and 2, and perhaps a slow machine's next
    assert account.status == "requested"


def test_the_same_account_is_not_connected_twice(desk: Desk, start: Start) -> None:
    keys = opened(desk, "twice")
    start()
    assert judged(desk, connect(desk, keys)).status == "ready"
    second = judged(desk, connect(desk, keys))
    assert second.status == "failed"
    assert "connected already" in second.status_reason


@pytest.mark.parametrize(
    "rights,words",
    [
        ({"permissions": {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}}, "permission Wallet"),
        ({"permissions": {"ContractTrade": ["Position"]}}, "ContractTrade Order is missing"),
        ({"read_only": True}, "read-only"),
    ],
)  # fmt: skip
def test_a_key_with_the_wrong_rights_is_refused_until_they_are_put_right(
    desk: Desk, start: Start, rights: dict[str, Any], words: str
) -> None:
    keys = opened(desk, f"wrong {words}", **rights)
    start(key_check_pause=0.1)
    account = judged(desk, connect(desk, keys))
    assert account.status == "failed"
    assert words in account.status_reason
    good = {"permissions": {"ContractTrade": ["Order", "Position"]}, "read_only": False}
    desk.venue.control._ask("POST", f"/control/accounts/{keys['uid']}/key", good)
    with desk.world.inside():
        request_check(account, actor="alice@example.com")
    assert judged(desk, account).status == "ready"


def test_a_wrong_secret_is_told_from_a_silent_exchange(
    desk: Desk, start: Start, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(key_check_pause=0.2)
    wrong = judged(desk, connect(desk, opened(desk, "wrong secret"), secret="not-it"))
    assert wrong.status == "failed"
    assert "10004" in wrong.status_reason
    keys = opened(desk, "silence")
    fault(desk, "http", keys["uid"], params={"status": 503}, count=3)
    account = connect(desk, keys)

    def noted() -> bool:
        with desk.world.inside():
            account.refresh_from_db()
        return "could not be checked yet" in account.status_reason

    wait_until(noted)
    assert judged(desk, account).status == "ready"


def test_a_key_that_may_withdraw_later_stops_entries_at_the_next_check(desk: Desk, start: Start) -> None:
    keys = opened(desk, "later")
    start(key_check_pause=0.1)
    account = judged(desk, connect(desk, keys))
    rights = {"ContractTrade": ["Order", "Position"], "Wallet": ["Withdraw"]}
    change = f"/control/accounts/{keys['uid']}/key"
    desk.venue.control._ask("POST", change, {"permissions": rights})
    bot = desk.bot(account)
    with desk.world.inside():
        request_check(account, actor="alice@example.com")
    assert "permission Wallet" in wait_until(lambda: blocked(desk, account))
    told = outcome(desk, bot, desk.close(bot))
    assert told.code == "entries_blocked"
    assert "permission Wallet" in told.details["reason"]
    assert desk.intents(bot) == []
    desk.venue.control._ask("POST", change, {"permissions": {"ContractTrade": rights["ContractTrade"]}})
    with desk.world.inside():
        request_check(account, actor="alice@example.com")
    wait_until(lambda: not blocked(desk, account))
    desk.close(bot)
    assert desk.held(bot).lots


def test_a_refusal_that_doubts_the_key_has_it_checked_and_halts(desk: Desk, start: Start) -> None:
    keys = opened(desk, "doubt")
    start(key_check_pause=0.1)
    account = judged(desk, connect(desk, keys))
    first_check = account.key_checked_at
    bot = desk.bot(account)
    fault(desk, "code", keys["uid"], "/v5/order/create", params={"code": 10005}, count=1)
    desk.close(bot)
    assert "10005" in wait_until(lambda: blocked(desk, account))

    def checked_again() -> bool:
        with desk.world.inside():
            account.refresh_from_db()
        return account.key_checked_at != first_check

    wait_until(checked_again)
    desk.settled(bot)
    told = outcome(desk, bot, desk.close(bot))
    assert (told.code, told.details["code"], told.details["until"]) == (
        "entries_blocked", 10005, "its owner acts",
    )  # fmt: skip
    with desk.world.inside():
        assert resume_entries(account, actor="alice@example.com") == 1
    desk.close(bot)
    assert desk.held(bot).lots


def test_a_revoked_key_halts_the_account_and_a_restored_one_is_noticed(desk: Desk, start: Start) -> None:
    keys = opened(desk, "revoked")
    start(key_check_pause=0.1, key_check_refused=0.2)
    account = judged(desk, connect(desk, keys))
    wait_until(lambda: desk.lease(account).reconciled_at)
    fault(desk, "key", keys["uid"], params={"state": "revoked"})
    assert "10003" in wait_until(lambda: blocked(desk, account))
    fault(desk, "key", keys["uid"], params={"state": "active"})
    wait_until(lambda: "the exchange refuses the key" not in blocked(desk, account))


def test_a_replaced_key_is_opened_anew_and_must_be_of_the_same_user(desk: Desk, start: Start) -> None:
    keys, other = opened(desk, "replaced"), opened(desk, "somebody else")
    start(key_check_pause=0.1)
    account = judged(desk, connect(desk, keys))
    wait_until(lambda: desk.lease(account).reconciled_at)
    first = desk.lease(account).token
    with desk.world.inside():
        replace_key(account, other["api_key"], other["api_secret"])
    words = wait_until(lambda: blocked(desk, account))
    assert f"belongs to user {other['uid']}, the account to {keys['uid']}" in words
    assert desk.lease(account).token > first
    with desk.world.inside():
        replace_key(account, keys["api_key"], keys["api_secret"])
    wait_until(lambda: not blocked(desk, account))


@pytest.mark.parametrize("reset_ms", [-30_000, 0, 1_500, 600_000])
def test_a_rate_limit_is_waited_out_within_bounds_whatever_its_stamp_says(
    desk: Desk, start: Start, reset_ms: int
) -> None:
    keys = opened(desk, f"limit {reset_ms}")
    start(protect_every=30.0)
    bot = desk.bot(judged(desk, connect(desk, keys)))
    params = {"code": 10006, "reset_ms": reset_ms}
    fault(desk, "code", keys["uid"], "/v5/order/create", params=params, count=1)
    begun = time.monotonic()
    desk.close(bot)
    assert desk.held(bot).lots
    assert time.monotonic() - begun < WAIT_MAX_S + 3.0
    place = next(row for row in desk.settled(bot) if row.kind == "place")
    assert (place.state, place.attempts >= 2) == ("confirmed", True)
    assert not blocked(desk, bot.account)
