"""What a return code asks of the bot beside its own request: no entries for a while, or until a person acts."""

from __future__ import annotations

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.errors import SYMBOL_CODES
from trading_core.exchanges.bybit.retcodes import UNLISTED, Action, retcode

UNLISTED_MAX = 2
"""A return code nobody knows pauses the account when it comes so often with nothing accepted between."""
KINDS = {Action.PAUSE: BlockKind.PAUSE, Action.HALT: BlockKind.HALT}


class Refusals:
    """Judges the refusals of one account's writes as they come."""

    def __init__(self) -> None:
        self._unlisted = 0

    def accepted(self) -> None:
        """Note that the exchange accepted something."""
        self._unlisted = 0

    def block(self, error: ExchangeError, symbol: str) -> EntryBlock | None:
        """Return the block a refused write of a symbol leads to; None if it concerns that write alone."""
        row = retcode(error.code)
        kind = KINDS.get(row.write)
        words = f"the exchange refuses: {error} ({row.words})"
        if row is UNLISTED and error.code:
            self._unlisted += 1
            if self._unlisted >= UNLISTED_MAX:
                kind = BlockKind.PAUSE
                words = f"the exchange answered {error} and no such code is known, {self._unlisted} times"
        if kind is None:
            return None
        where = symbol if error.code in SYMBOL_CODES else ""
        return EntryBlock(kind, BlockCause.REFUSAL, words, code=error.code, symbol=where)


def read_block(error: ExchangeError) -> EntryBlock | None:
    """Return the halt that a refused read leads to; None if it says nothing of key or account."""
    row = retcode(error.code)
    if not error.code or row.read is not Action.HALT:
        return None
    words = f"the exchange refuses: {error} ({row.words})"
    return EntryBlock(BlockKind.HALT, BlockCause.REFUSAL, words, code=error.code)
