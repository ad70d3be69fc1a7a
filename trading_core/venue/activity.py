"""Which accounts a moving price can do something to: those with an open order or a position on the symbol.

All others cost a market step nothing, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from trading_core.simulator.events import Event, Executed, PositionChanged, WalletChanged
from trading_core.venue.account import VenueAccount


class Activity:
    """Accounts by the symbols they are active on; those on stage in lock-step."""

    def __init__(self) -> None:
        self._on: dict[str, dict[int, VenueAccount]] = {}
        self.stage: dict[int, VenueAccount] = {}
        """Accounts that were active since the candle began: they may be on its path."""
        self._waiting: list[int] = []
        """A heap of the uids among them for which something may still happen in this candle."""

    @property
    def symbols(self) -> Iterable[str]:
        """Symbols on which any account is active."""
        return self._on

    def on(self, symbol: str) -> list[VenueAccount]:
        """The accounts active on a symbol, in order of their uid."""
        active = self._on.get(symbol)
        return [active[uid] for uid in sorted(active)] if active else []

    def note(self, account: VenueAccount, events: list[Event]) -> None:
        """Take in what happened to an account."""
        self._update(account, {symbol for event in events if (symbol := _symbol_of(event))})

    def join(self, account: VenueAccount) -> None:
        """Take in an account as it stands, perhaps in the middle of a candle."""
        self._update(account, account.active)
        if any(book.walk for book in account.sim.ledger.books.values()):
            self._enter(account)

    def _update(self, account: VenueAccount, symbols: Iterable[str]) -> None:
        active = account.active
        for symbol in symbols:
            if symbol in active:
                self._on.setdefault(symbol, {})[account.uid] = account
            elif symbol in self._on:
                self._on[symbol].pop(account.uid, None)
                if not self._on[symbol]:
                    del self._on[symbol]
        if active:
            self._enter(account)

    def _enter(self, account: VenueAccount) -> None:
        self.stage[account.uid] = account
        heappush(self._waiting, account.uid)

    def begin(self) -> None:
        """A candle begins: whoever is active may be on its path, nobody else."""
        self.stage = {uid: account for uid, account in self.stage.items() if account.active}
        self._waiting = sorted(self.stage)

    def waiting(self) -> Iterator[VenueAccount]:
        """Accounts for which something may still happen, in order of their uid.

        The one that was yielded waits on while the caller stops there; it is done with once the next is asked for.
        """
        while self._waiting:
            uid = self._waiting[0]
            yield self.stage[uid]
            while self._waiting and self._waiting[0] == uid:
                heappop(self._waiting)


def _symbol_of(event: Event) -> str:
    """The symbol an event happened on; empty for the wallet's."""
    if isinstance(event, WalletChanged):
        return ""
    return event.symbol if isinstance(event, PositionChanged | Executed) else event.order.symbol
