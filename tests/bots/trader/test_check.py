from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bots.models import InstrumentRow
from bots.trader.check import check_account, learned, words_of
from bots.trader.markets import Market
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until
from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.environments import venue_addresses
from trading_core.exchanges.bybit.keys import KeyReport

KEY: dict[str, Any] = {
    "readOnly": 0, "uta": 1, "userID": 7, "isMaster": False, "ips": ["203.0.113.7"],
    "expiredAt": "2999-01-01T00:00:00Z", "permissions": {"ContractTrade": ["Order", "Position"]},
}  # fmt: skip


class Told(BybitExchange):
    """An account that answers as a test says and counts what it was asked."""

    def __init__(self, key: dict[str, Any], *, mode: str = "ISOLATED_MARGIN", hedge: bool = False) -> None:
        self.key, self.mode, self.hedge, self.measured = key, mode, hedge, 0

    def measure_clock(self) -> int:
        self.measured += 1
        return 0

    def key_information(self) -> dict[str, Any]:
        return self.key

    def margin_mode(self) -> str:
        return self.mode

    def hedged(self) -> bool:
        return self.hedge


@pytest.fixture
def market() -> Market:
    return Market(venue_addresses("http://127.0.0.1:1"), "bybit", {}, "MarkPrice")


def test_good_account_says_nothing() -> None:
    report = check_account(Told(KEY))
    assert (words_of(report), report.user_id) == ("", "7")


def test_wrong_margin_mode_is_a_warning_that_says_what_to_do() -> None:
    report = check_account(Told(KEY, mode="REGULAR_MARGIN"))
    assert report.refusals == ()
    assert "change it on the exchange" in words_of(report)


def test_hedge_mode_and_a_key_that_moves_money_are_refused() -> None:
    rights = KEY["permissions"] | {"Wallet": ["Withdraw"]}
    report = check_account(Told(KEY | {"permissions": rights}, hedge=True))
    assert len(report.refusals) == 2
    assert words_of(report).startswith("not traded with: permission Wallet")
    assert "switch it to one-way" in words_of(report)


@pytest.mark.parametrize(
    "error,measured,refresh,told",
    [
        (NotSent("late", code=10002), 1, False, False),
        (Rejected("too small", code=110094), 0, True, False),
        (Rejected("not live", code=110074), 0, True, True),
        (Rejected("no right", code=10005), 0, False, True),
        (OutcomeUnknown("who knows", code=10007), 0, False, True),
        (Rejected("no money", code=110007), 0, False, False),
        (OutcomeUnknown("unheard of", code=999), 0, False, False),
    ],
)
def test_refusal_teaches_what_it_says(
    market: Market, error: ExchangeError, measured: int, *, refresh: bool, told: bool
) -> None:
    exchange = Told(KEY)
    words = learned(exchange, market, error)
    assert (exchange.measured, market.refresh_wanted.is_set()) == (measured, refresh)
    assert (str(error) in words) is told


@pytest.mark.django_db(transaction=True)
@pytest.mark.role("engine")
@pytest.mark.usefixtures("desk")
def test_instruments_are_read_again_while_running(desk: Desk, start: Callable[..., RunningTrader]) -> None:
    def rows() -> int:
        return InstrumentRow.objects.filter(source="synthetic", symbol="BTCUSDT").count()

    start(instruments_every=0.1)
    wait_until(lambda: rows() == 1)
    stored = InstrumentRow.objects.get(source="synthetic", symbol="BTCUSDT")
    InstrumentRow.objects.create(
        source="synthetic", category=stored.category, symbol="BTCUSDT", version=2,
        definition=stored.definition | {"max_lots": 1}, seen_at=stored.seen_at,
    )  # fmt: skip
    # What the venue tells differs from the newest version: it becomes the next one.
    wait_until(lambda: rows() == 3)


@pytest.mark.django_db(transaction=True)
@pytest.mark.role("engine")
def test_live_account_is_checked_and_trades(
    desk: Desk, start: Callable[..., RunningTrader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.trader.actor.VENUE_ENVIRONMENTS", ())
    start()
    bot = desk.bot(account := desk.opened(desk.account()))
    desk.close(bot)
    assert desk.held(bot).lots
    seen = desk.opened_yet(account)
    assert seen is not None
    assert seen.status_reason == "the key is not bound to an IP address"


@pytest.mark.django_db(transaction=True)
@pytest.mark.role("engine")
def test_refused_key_opens_nothing(
    desk: Desk, start: Callable[..., RunningTrader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.trader.actor.VENUE_ENVIRONMENTS", ())
    monkeypatch.setattr("bots.trader.actor.check_account", lambda _: KeyReport("7", ("it may withdraw",), ()))
    start()
    bot = desk.bot(desk.opened(desk.account()))
    desk.close(bot)
    entries = [i for i in desk.settled(bot) if i.kind == "place"]
    assert [i.state for i in entries] == ["rejected"] * len(entries)
    assert entries
    assert "it may withdraw" in entries[0].error
