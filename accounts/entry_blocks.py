"""Why an exchange account takes no entries: what the exchange refused, what was found about its key.

A pause ends by itself, a halt when a person acts. Exits, protection and cancels go on under both. The
blocks stand on the account's row, so that a decision reads them without another query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

from accounts.audit import record
from accounts.models import ExchangeAccount
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope

T = TypeVar("T")

MINUTE_MS = 60_000
PAUSE_FIRST_MS = 5 * MINUTE_MS
PAUSE_LAST_MS = 240 * MINUTE_MS
"""A pause doubles each time the same refusal comes again, from the first length up to the last."""
REASON_LENGTH = 200


class BlockKind(StrEnum):
    """How a block ends."""

    PAUSE = "pause"
    """By itself, at ``until_ms``."""
    HALT = "halt"
    """When its owner acts."""


class BlockCause(StrEnum):
    """What led to a block; each cause has one block for a symbol."""

    REFUSAL = "refusal"
    """A return code of the exchange."""
    KEY = "key"
    """The last check of the key; a check that finds nothing lifts it."""
    INTERFERENCE = "interference"
    """Somebody else traded there, or changed what is ours."""
    UNEXPLAINED = "unexplained"
    """The venue and our rows don't agree, and nothing explains it; lifted once they do."""
    BLIND = "blind"
    """The trader doesn't see enough to add to anything; lifted once it does."""
    ADDRESS = "address"
    """The exchange shut our address out."""


BY_PERSONS = (BlockCause.REFUSAL, BlockCause.INTERFERENCE)
"""What a person lifts; the others are lifted by whoever finds that their reason is gone."""


@dataclass(frozen=True, slots=True)
class EntryBlock:
    """One reason for taking no entries; times are the wall clock's."""

    kind: BlockKind
    cause: BlockCause
    reason: str
    code: int = 0
    """The exchange's return code; 0 when there was none."""
    symbol: str = ""
    """Empty: the whole account."""
    times: int = 1
    """How often it was set without an accepted entry between."""
    since_ms: int = 0
    until_ms: int | None = None

    def as_record(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Return the block written by ``as_record``."""
        return cls(**{**record, "kind": BlockKind(record["kind"]), "cause": BlockCause(record["cause"])})

    def stands(self, now_ms: int) -> bool:
        """Whether it holds at a time."""
        return self.until_ms is None or now_ms < self.until_ms

    def same_place(self, other: EntryBlock) -> bool:
        """Whether both are about the same cause and symbol."""
        return (self.cause, self.symbol) == (other.cause, other.symbol)

    @property
    def until(self) -> str:
        """When it ends, in words."""
        if self.until_ms is None:
            return "its owner acts"
        return f"{datetime.fromtimestamp(self.until_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def words(self) -> str:
        """What it keeps from whom, and why."""
        where = self.symbol or "the account"
        return f"{where} takes no entries until {self.until}: {self.reason}"

    def numbers(self) -> dict[str, str | int]:
        """Return what a refused decision shows of it."""
        return {
            "where": self.symbol or "the account", "until": self.until, "reason": self.reason,
            "code": self.code, "times": self.times,
        }  # fmt: skip


def blocks_of(account: ExchangeAccount) -> list[EntryBlock]:
    """Return every block of an account, those that have ended included."""
    return [EntryBlock.from_record(row) for row in account.entry_blocks]


def standing_block(account: ExchangeAccount, symbol: str, now_ms: int) -> EntryBlock | None:
    """Return what keeps a symbol of an account from entries; a halt before a pause, None if nothing does."""
    if not account.entry_blocks:
        return None
    found = [b for b in blocks_of(account) if b.symbol in ("", symbol) and b.stands(now_ms)]
    return min(found, key=lambda b: (b.kind is BlockKind.PAUSE, bool(b.symbol)), default=None)


def block_entries(account_id: int, workspace_id: int, wanted: EntryBlock) -> EntryBlock:
    """Put a block in force, in place of the one of the same cause and symbol; return it as it stands.

    A pause without an end gets one: twice as long as the last one of its place, if entries have been
    refused ever since. ``since_ms`` is kept while the block goes on.
    """
    now_ms = clock.wall_ms()

    def put(blocks: list[EntryBlock]) -> EntryBlock:
        before = next((b for b in blocks if b.same_place(wanted)), None)
        made = _following(wanted, before, now_ms)
        blocks[:] = [b for b in blocks if not b.same_place(wanted)] + [made]
        return made

    return _change(account_id, workspace_id, put)


def _following(wanted: EntryBlock, before: EntryBlock | None, now_ms: int) -> EntryBlock:
    wanted = replace(wanted, reason=wanted.reason[:REASON_LENGTH], since_ms=now_ms)
    if before is not None:
        since_ms = before.since_ms if before.stands(now_ms) else now_ms
        wanted = replace(wanted, times=before.times + 1, since_ms=since_ms)
        if before.kind is BlockKind.HALT:
            # What a person has to look at isn't made smaller by what came later.
            wanted = replace(wanted, kind=BlockKind.HALT, until_ms=None)
    if wanted.kind is BlockKind.PAUSE and wanted.until_ms is None:
        length = min(PAUSE_LAST_MS, PAUSE_FIRST_MS * 2 ** min(wanted.times - 1, 16))
        wanted = replace(wanted, until_ms=now_ms + length)
    return wanted


def lift_blocks(
    account_id: int,
    workspace_id: int,
    *,
    cause: BlockCause,
    symbol: str | None = None,
    only_ended: bool = False,
    actor: str = "trader",
) -> int:
    """Take the blocks of a cause away (``symbol``: those of the account and of it); return how many there were.

    ``only_ended`` leaves what still stands: an entry that was accepted proves that a pause is over, and
    the next refusal begins anew.
    """
    now_ms = clock.wall_ms()

    def take(blocks: list[EntryBlock]) -> list[EntryBlock]:
        gone = [
            b
            for b in blocks
            if b.cause is cause
            and (symbol is None or b.symbol in ("", symbol))
            and not (only_ended and b.stands(now_ms))
        ]
        blocks[:] = [b for b in blocks if b not in gone]
        return gone

    return len(_change(account_id, workspace_id, take, actor=actor))


def resume_entries(account: ExchangeAccount, *, actor: str) -> int:
    """Take entries again after a refusal or an interference: a person has seen to it; return the blocks lifted."""
    return sum(
        lift_blocks(account.pk, account.workspace_id, cause=cause, actor=actor) for cause in BY_PERSONS
    )


def _change(
    account_id: int, workspace_id: int, change: Callable[[list[EntryBlock]], T], *, actor: str = "trader"
) -> T:
    with workspace_scope(workspace_id):
        account = ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account_id)
        before = blocks_of(account)
        after = list(before)
        changed = change(after)
        if after != before:
            account.entry_blocks = [block.as_record() for block in after]
            account.save(update_fields=["entry_blocks"])
            _tell(account, before, after, actor)
    return changed


def _tell(account: ExchangeAccount, before: list[EntryBlock], after: list[EntryBlock], actor: str) -> None:
    for block in after:
        if block not in before:
            action = "account.entries_halted" if block.kind is BlockKind.HALT else "account.entries_paused"
            record(action, account.code, actor, {**block.numbers(), "cause": block.cause})
    kept = [(block.cause, block.symbol) for block in after]
    for block in before:
        if (block.cause, block.symbol) not in kept:
            record("account.entries_resumed", account.code, actor, {**block.numbers(), "cause": block.cause})
    tell(account.workspace_id, {"type": "account.changed", "account": account.code})
