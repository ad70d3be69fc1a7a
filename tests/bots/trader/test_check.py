from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Workspace
from bots.models import InstrumentRow, Outcome
from bots.services.documents import document_of
from bots.services.fees import fee_warnings
from bots.services.instruments import close_missing, forget_instruments, save_instruments
from bots.services.lifecycle import panic_bot
from bots.services.preflight import PlanUnsafe
from bots.trader.check import Inspection, check_account, inspected, learned
from bots.trader.markets import Market
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until
from tests.worlds import World, instrument
from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange, FeeRates
from trading_core.exchanges.bybit.environments import venue_addresses
from trading_core.exchanges.bybit.keys import KeyReport
from trading_core.exchanges.port import WalletNews
from trading_core.money import PPM

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

    def wallet(self) -> WalletNews:
        return WalletNews("USDT", 5, 1)

    def fee_rates(self) -> dict[str, FeeRates]:
        return {"BTCUSDT": RATES}


RATES = FeeRates(Decimal("0.00055"), Decimal("0.0002"))


@pytest.fixture
def market() -> Market:
    return Market(venue_addresses("http://127.0.0.1:1"), "bybit", {}, "MarkPrice")


def test_good_account_says_nothing() -> None:
    assert check_account(Told(KEY)) == KeyReport("7", (), ())


def test_inspection_tells_wallet_and_fees_of_a_good_account_alone() -> None:
    assert inspected(Told(KEY)) == Inspection(KeyReport("7", (), ()), 5, {"BTCUSDT": RATES})
    assert inspected(Told(KEY, hedge=True)).fees == {}


@pytest.mark.parametrize("mode", ["REGULAR_MARGIN", "PORTFOLIO_MARGIN", ""])
def test_wrong_margin_mode_refuses_and_says_what_to_do(mode: str) -> None:
    (refusal,) = check_account(Told(KEY, mode=mode)).refusals
    assert "choose Isolated Margin" in refusal


def test_hedge_mode_and_a_key_that_moves_money_are_refused() -> None:
    rights = KEY["permissions"] | {"Wallet": ["Withdraw"]}
    report = check_account(Told(KEY | {"permissions": rights}, hedge=True))
    wallet, mode = report.refusals
    assert wallet.startswith("permission Wallet")
    assert "choose One-Way Mode" in mode


@pytest.mark.parametrize("code", [10003, 10004, 10005, 10010, 33004])
def test_key_the_exchange_refuses_is_a_finding(code: int) -> None:
    class Refused(Told):
        def key_information(self) -> dict[str, Any]:
            raise Rejected("no", code=code)

    found = inspected(Refused(KEY))
    assert (found.report.user_id, found.wallet) == ("", 0)
    assert str(code) in found.report.refusals[0]


@pytest.mark.parametrize("error", [NotSent("away"), OutcomeUnknown("busy", code=10016)])
def test_silence_says_nothing_of_the_key(error: ExchangeError) -> None:
    class Away(Told):
        def key_information(self) -> dict[str, Any]:
            raise error

    with pytest.raises(type(error)):
        inspected(Away(KEY))


@pytest.mark.parametrize(
    "error,measured,refresh",
    [
        (NotSent("late", code=10002), 1, False),
        (Rejected("too small", code=110094), 0, True),
        (Rejected("not live", code=110074), 0, True),
        (Rejected("no right", code=10005), 0, False),
    ],
)
def test_refusal_teaches_what_it_says(
    market: Market, error: ExchangeError, measured: int, *, refresh: bool
) -> None:
    exchange = Told(KEY)
    learned(exchange, market, error)
    assert (exchange.measured, market.refresh_wanted.is_set()) == (measured, refresh)


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
def test_a_delisting_is_noticed_while_running(desk: Desk, start: Callable[..., RunningTrader]) -> None:
    start(instruments_every=0.2)
    bot = desk.bot(desk.opened(desk.account()))
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    fresh = desk.bot(desk.opened(desk.account()))

    def status(wanted: str) -> None:
        spec = {"kind": "delisting", "where": {"symbol": "BTCUSDT"}, "params": {"status": wanted}}
        desk.venue.control._ask("POST", "/control/faults", {"faults": [spec]})

    def told() -> str:
        with desk.world.inside():
            bot.account.refresh_from_db()
        return bot.account.status_reason

    status("Delivering")
    try:
        wait_until(lambda: "BTCUSDT is Closed" in told())
        forget_instruments()
        panic_bot(bot)
        wait_until(lambda: desk.position(bot) is None)
        desk.settled(bot)
        with pytest.raises(PlanUnsafe, match="Closed"):
            desk.bot(desk.opened(desk.account()))
        close_ms = desk.close(fresh)
        with desk.world.inside():
            seen = Outcome.objects.get(bot=fresh, symbol="BTCUSDT", close_ms=close_ms)
        assert (seen.code, seen.details["status"]) == ("not_trading", "Closed")
    finally:
        status("Trading")
    wait_until(lambda: latest_status("BTCUSDT") == "Trading")


def latest_status(symbol: str) -> str:
    row = InstrumentRow.objects.filter(source="synthetic", symbol=symbol).latest("version")
    return str(row.definition["status"])


@pytest.mark.django_db
@pytest.mark.role("engine")
def test_what_a_venue_lists_no_more_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    save_instruments("synthetic", [instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT")])
    assert close_missing("synthetic", "linear", ["ETHUSDT", "NEWUSDT"]) == ["BTCUSDT"]
    assert (latest_status("BTCUSDT"), latest_status("ETHUSDT")) == ("Closed", "Trading")
    assert close_missing("synthetic", "linear", ["ETHUSDT"]) == []
    assert close_missing("synthetic", "linear", []) == []
    assert "not believed" in caplog.text
    assert latest_status("ETHUSDT") == "Trading"
    save_instruments("synthetic", [instrument("BTCUSDT")])
    assert latest_status("BTCUSDT") == "Trading"


@pytest.mark.django_db
@pytest.mark.role("engine")
def test_bots_that_count_with_lower_fees_are_named(workspace: Workspace) -> None:
    world = World(workspace)
    account = world.account()
    bot = world.bot(account, name="Dip buyer")
    document = document_of(bot)
    fair = FeeRates(Decimal(document.fees.taker_ppm) / PPM, Decimal(document.fees.maker_ppm) / PPM)
    assert fee_warnings(account.pk, workspace.pk, {"BTCUSDT": fair, "XUSDT": RATES}) == []
    dear = FeeRates(fair.taker + Decimal("0.0001"), fair.maker)
    (words,) = fee_warnings(account.pk, workspace.pk, {"BTCUSDT": dear, "ETHUSDT": fair})
    assert "for BTCUSDT, Dip buyer counts with" in words
    assert "raise the bot's fees" in words
