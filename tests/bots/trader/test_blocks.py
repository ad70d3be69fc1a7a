"""PAUSE and HALT of a return code, obeyed by a real trader under the venue's faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, blocks_of, resume_entries
from accounts.models import ExchangeAccount
from bots.models import Bot, Outcome
from bots.services.lifecycle import panic_bot
from tests.bots.trader.conftest import Desk, RunningTrader
from tests.conftest import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

Start = Callable[..., RunningTrader]
CREATE = "/v5/order/create"
HALT = EntryBlock(BlockKind.HALT, BlockCause.REFUSAL, "trading is banned", code=10027)
PAUSE = EntryBlock(BlockKind.PAUSE, BlockCause.REFUSAL, "an agreement is not signed", code=110123)


@pytest.fixture(autouse=True)
def _no_fault_is_left(desk: Desk) -> Iterator[None]:
    yield
    desk.venue.control._ask("DELETE", "/control/faults")


def refuse(desk: Desk, account: ExchangeAccount, code: int, **more: Any) -> None:
    """Have the venue answer the account's next order with a code."""
    where = {"uid": account.venue_uid, "path": CREATE}
    spec = {"kind": "code", "where": where, "params": {"code": code}, "count": 1, **more}
    desk.venue.control._ask("POST", "/control/faults", {"faults": [spec]})


def the_block(desk: Desk, account: ExchangeAccount) -> EntryBlock:
    def found() -> list[EntryBlock]:
        with desk.world.inside():
            account.refresh_from_db()
        return blocks_of(account)

    (block,) = wait_until(found)
    return block


def outcome(desk: Desk, bot: Bot, close_ms: int) -> Outcome:
    with desk.world.inside():
        return Outcome.objects.get(bot=bot, symbol="BTCUSDT", close_ms=close_ms)


@pytest.mark.parametrize(
    "code,kind,symbol",
    [
        (110123, BlockKind.PAUSE, ""), (110074, BlockKind.PAUSE, "BTCUSDT"), (10027, BlockKind.HALT, ""),
        (10005, BlockKind.HALT, ""),
    ],
)  # fmt: skip
def test_a_refused_entry_stops_the_next_ones_and_says_why(
    desk: Desk, start: Start, code: int, kind: BlockKind, symbol: str
) -> None:
    start(lookups=(0.05,))
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    refuse(desk, account, code)
    desk.close(bot)
    block = the_block(desk, account)
    assert (block.kind, block.code, block.symbol) == (kind, code, symbol)
    assert (block.until_ms is None) == (kind is BlockKind.HALT)
    if code != 110123:  # proves nothing: it is looked up first
        desk.settled(bot)
        told = outcome(desk, bot, desk.close(bot))
        assert (told.code, told.details["code"]) == ("entries_blocked", code)
        assert told.details["where"] == (symbol or "the account")
        assert str(code) in told.details["reason"]


@pytest.mark.parametrize("block", [PAUSE, HALT], ids=lambda b: b.kind)
def test_exits_and_protection_go_on_under_a_block(desk: Desk, start: Start, block: EntryBlock) -> None:
    start()
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    desk.close(bot)
    desk.held(bot)
    desk.settled(bot)
    block_entries(account.pk, account.workspace_id, block)
    panic_bot(bot)
    wait_until(lambda: desk.position(bot) is None)
    assert {row.state for row in desk.settled(bot)} == {"confirmed"}


def test_a_key_that_is_refused_while_reading_halts_the_account(desk: Desk, start: Start) -> None:
    start()
    account = desk.opened(desk.account())
    wait_until(lambda: desk.lease(account).reconciled_at)
    where = {"uid": account.venue_uid, "path": "/v5/position/list"}
    expired = {"kind": "code", "where": where, "params": {"code": 33004}, "count": 1}
    cut = {"kind": "socket_cut", "where": {"uid": account.venue_uid, "path": "/v5/private"}}
    desk.venue.control._ask("POST", "/control/faults", {"faults": [expired, cut]})
    block = the_block(desk, account)
    assert (block.kind, block.code, block.cause) == (BlockKind.HALT, 33004, BlockCause.REFUSAL)


def test_an_entry_decided_before_the_block_is_not_sent(desk: Desk, start: Start) -> None:
    trader = start()
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    trader.stop()
    desk.close(bot)
    block_entries(account.pk, account.workspace_id, HALT)
    start()
    place = next(row for row in desk.settled(bot) if row.kind == "place")
    assert place.state == "denied"
    assert place.error == "not sent: the account takes no entries until its owner acts: trading is banned"
    assert desk.position(bot) is None


def test_a_block_outlives_the_trader_and_ends_when_a_person_acts(desk: Desk, start: Start) -> None:
    trader = start()
    account = desk.opened(desk.account())
    bot = desk.bot(account)
    refuse(desk, account, 10027)
    desk.close(bot)
    the_block(desk, account)
    trader.stop()
    start()
    desk.settled(bot)
    assert outcome(desk, bot, desk.close(bot)).code == "entries_blocked"
    with desk.world.inside():
        resume_entries(account, actor="alice@example.com")
    desk.close(bot)
    assert desk.held(bot).lots
