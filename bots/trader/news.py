"""What a private stream told, applied in order: what concerns one symbol in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ailona.kit.tenancy import workspace_scope
from bots.services import news as services
from bots.trader.lease import Lease, mark
from bots.trader.reconcile import load
from trading_core.exchanges.port import (
    ExecutionNews,
    OrderNews,
    PositionNews,
    PrivateNews,
    StreamMark,
)

TOGETHER_MAX = 50
"""How many news one transaction takes at most."""


@dataclass(slots=True)
class Heard:
    """What the news left to be looked at."""

    differing: set[str]
    """Symbols whose position on the venue is not the sum of our executions, as last told."""
    bare: bool = False
    """A position was told that has no stop."""


def apply_news(lease: Lease, batch: list[PrivateNews]) -> Heard:
    """Apply a batch; the mark of its last message is written with what that message led to."""
    heard = Heard(set())
    for together in by_symbol(batch):
        with workspace_scope(lease.workspace_id):
            _apply(lease, together, heard)
    return heard


def by_symbol(batch: list[PrivateNews]) -> Iterator[list[PrivateNews]]:
    """Split a batch where the symbol changes: a transaction locks the bot of one symbol at a time."""
    together: list[PrivateNews] = []
    symbol = ""
    for news in batch:
        about = news.symbol if isinstance(news, ExecutionNews | OrderNews | PositionNews) else ""
        if together and ((about and symbol and about != symbol) or len(together) >= TOGETHER_MAX):
            yield together
            together, symbol = [], ""
        together.append(news)
        symbol = about or symbol
    if together:
        yield together


def _apply(lease: Lease, batch: list[PrivateNews], heard: Heard) -> None:
    account = load(lease.served)
    marked = ""
    for news in batch:
        match news:
            case ExecutionNews():
                services.apply_execution(account, news)
                heard.differing.discard(news.symbol)
            case OrderNews():
                services.apply_order(account, news)
            case PositionNews():
                heard.bare |= bool(news.lots) and news.stop_ticks is None
                if services.apply_position(account, news):
                    heard.differing.discard(news.symbol)
                else:
                    heard.differing.add(news.symbol)
            case StreamMark(message_id):
                marked = message_id
            case _:
                pass
    if marked:
        mark(lease, marked)
