from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.entry_blocks import (
    PAUSE_FIRST_MS,
    PAUSE_LAST_MS,
    BlockCause,
    BlockKind,
    EntryBlock,
    block_entries,
    blocks_of,
    lift_blocks,
    resume_entries,
    standing_block,
)
from accounts.models import AuditEvent, ExchangeAccount, Workspace
from accounts.services import open_paper_account
from ailona.kit.tenancy import workspace_scope
from trading_core.money import money

PAUSE = EntryBlock(BlockKind.PAUSE, BlockCause.REFUSAL, "an agreement is not signed", code=110123)
HALT = EntryBlock(BlockKind.HALT, BlockCause.REFUSAL, "the key is invalid", code=10003)


class Clock:
    now_ms = 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("ailona.kit.clock.wall_ms", lambda: clock.now_ms)
    return clock


@pytest.fixture
def account(workspace: Workspace) -> ExchangeAccount:
    with workspace_scope(workspace.pk):
        return open_paper_account("Paper", money(100))


def block(account: ExchangeAccount, wanted: EntryBlock) -> EntryBlock:
    made = block_entries(account.pk, account.workspace_id, wanted)
    refresh(account)
    return made


def refresh(account: ExchangeAccount) -> None:
    with workspace_scope(account.workspace_id):
        account.refresh_from_db()


def actions(account: ExchangeAccount) -> list[str]:
    with workspace_scope(account.workspace_id):
        rows = AuditEvent.objects.filter(subject=account.code).order_by("sequence")
        return [event.action for event in rows][1:]


def test_a_pause_ends_by_itself(account: ExchangeAccount, clock: Clock) -> None:
    made = block(account, PAUSE)
    assert made.until_ms == clock.now_ms + PAUSE_FIRST_MS
    assert standing_block(account, "BTCUSDT", made.until_ms - 1) == made
    assert standing_block(account, "BTCUSDT", made.until_ms) is None
    assert made.numbers()["code"] == 110123


def test_a_pause_that_comes_again_doubles_up_to_its_limit(account: ExchangeAccount, clock: Clock) -> None:
    lengths = []
    for _ in range(8):
        made = block(account, PAUSE)
        assert made.until_ms is not None
        lengths.append(made.until_ms - clock.now_ms)
        clock.now_ms = made.until_ms
    assert lengths == [PAUSE_FIRST_MS * 2**n for n in range(6)] + [PAUSE_LAST_MS] * 2
    assert made.times == 8


def test_an_accepted_entry_ends_the_doubling_but_not_a_pause_that_stands(
    account: ExchangeAccount, clock: Clock
) -> None:
    made = block(account, PAUSE)
    assert made.until_ms is not None
    lift = {"cause": BlockCause.REFUSAL, "symbol": "BTCUSDT", "only_ended": True}
    assert lift_blocks(account.pk, account.workspace_id, **lift) == 0  # type: ignore[arg-type]
    clock.now_ms = made.until_ms
    assert lift_blocks(account.pk, account.workspace_id, **lift) == 1  # type: ignore[arg-type]
    assert block(account, PAUSE).times == 1


def test_a_halt_lasts_until_a_person_acts_and_no_pause_softens_it(
    account: ExchangeAccount, clock: Clock
) -> None:
    block(account, HALT)
    made = block(account, PAUSE)
    assert (made.kind, made.until_ms, made.until) == (BlockKind.HALT, None, "its owner acts")
    assert standing_block(account, "BTCUSDT", 1 << 60) == made
    assert resume_entries(account, actor="alice@example.com") == 1
    refresh(account)
    assert account.entry_blocks == []
    assert actions(account) == [
        "account.entries_halted", "account.entries_halted", "account.entries_resumed",
    ]  # fmt: skip


def test_a_contract_is_blocked_alone_and_a_halt_is_named_first(
    account: ExchangeAccount, clock: Clock
) -> None:
    pair = block(account, replace(PAUSE, symbol="BTCUSDT", code=110074))
    assert standing_block(account, "BTCUSDT", clock.now_ms) == pair
    assert standing_block(account, "ETHUSDT", clock.now_ms) is None
    halt = block(account, HALT)
    assert standing_block(account, "BTCUSDT", clock.now_ms) == halt
    assert [b.symbol for b in blocks_of(account)] == ["BTCUSDT", ""]


def test_resuming_leaves_what_a_check_of_the_key_found(account: ExchangeAccount, clock: Clock) -> None:
    found = block(account, EntryBlock(BlockKind.HALT, BlockCause.KEY, "it may withdraw"))
    assert resume_entries(account, actor="alice@example.com") == 0
    refresh(account)
    assert blocks_of(account) == [found]
