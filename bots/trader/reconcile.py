"""Start, reconnect and recovery are one path: read the venue whole, then bring our rows up to it.

The venue is right about facts. Orders that aren't ours are counted and left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Max

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, blocks_of, lift_blocks
from accounts.models import ExchangeAccount
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from bots.models import Claim, ExecutionRow, IntentRow, OrderRow, PositionRow
from bots.models.trading import UNSETTLED
from bots.services import news as services
from bots.services.flows import apply_flows
from bots.services.order_states import UNHEARD_OF
from bots.trader.config import VENUE_ENVIRONMENTS
from bots.trader.lease import Served
from trading_core.exchanges.port import (
    Exchange,
    ExecutionNews,
    FlowNews,
    OrderNews,
    PositionNews,
    WalletNews,
)
from trading_core.execution.order import OrderState, Side

log = logging.getLogger(__name__)

OVERLAP_MS = 600_000
"""How far executions are read again: rows of equal time may come mis-sorted."""
FLOWS_BACK_MS = 7 * 24 * 3_600_000 - 1
"""How far back payments are looked for: Bybit's longest window."""
REASON_LENGTH = 200
STANDING = (OrderState.ACCEPTED.value, OrderState.PARTIALLY_FILLED.value)


@dataclass(frozen=True, slots=True)
class View:
    """What the venue told in one complete pass."""

    positions: list[PositionNews]
    orders: list[OrderNews]
    executions: list[ExecutionNews]
    wallet: WalletNews


@dataclass(frozen=True, slots=True)
class Missing:
    """An order we hold for open and the venue's list doesn't have."""

    order_id: int
    symbol: str
    link: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What is left after a view was applied."""

    missing: list[Missing]
    differing: list[str]
    """Symbols whose position on the venue is not the sum of our executions."""
    unexplained: bool = False
    """Whether the venue's wallet is not ours: something was paid in or out, or a message is missing."""


def last_execution_ms(served: Served) -> int:
    """Return the market time of the newest execution we know; 0 when there is none."""
    with workspace_scope(served.workspace_id, reading=True):
        rows = ExecutionRow.objects.filter(account_id=served.account_id)
        return int(rows.aggregate(last=Max("time_ms"))["last"] or 0)


def anything_stands(served: Served) -> bool:
    """Whether we hold a position on the account, or an order that may still execute."""
    with workspace_scope(served.workspace_id, reading=True):
        held = PositionRow.objects.filter(account_id=served.account_id).exclude(lots=0)
        standing = OrderRow.objects.filter(account_id=served.account_id, state__in=STANDING)
        return held.exists() or standing.exists()


def read(exchange: Exchange, served: Served, last_ms: int) -> View:
    """Read the venue; blocks. Anything but complete pages raises, so a view is always whole."""
    live = served.environment not in VENUE_ENVIRONMENTS
    since = max(0, last_ms - OVERLAP_MS)
    return View(
        positions=exchange.positions(),
        orders=exchange.open_orders(),
        # On our venue the market's clock is not the wall's: page back from its newest.
        executions=exchange.executions(
            since_ms=since, until_ms=clock.wall_ms() if live and last_ms else None
        ),
        wallet=exchange.wallet(),
    )


def apply(served: Served, view: View) -> Applied:
    """Apply a view; return what has to be looked at again."""
    account = load(served)
    known = _known(served, view.executions)
    for execution in view.executions:
        if execution.exec_id not in known:
            services.apply_execution(account, execution)
    for order in view.orders:
        services.apply_order(account, order, listed=True)
    differing = _apply_positions(served, account, view.positions)
    unexplained = not services.apply_wallet(account, view.wallet)
    return Applied(_missing(served, view), differing, unexplained)


def look(exchange: Exchange, symbol: str, link: str) -> tuple[OrderNews | None, list[ExecutionNews]]:
    """Ask orders, history and executions for one order; blocks. Only a complete answer of each returns."""
    return exchange.order(symbol=symbol, link=link), exchange.executions_of(symbol=symbol, link=link)


def read_flows(exchange: Exchange) -> list[FlowNews]:
    """Read what was paid in and out lately; blocks."""
    now_ms = clock.wall_ms()
    return exchange.flows(since_ms=now_ms - FLOWS_BACK_MS, until_ms=now_ms)


def explain_wallet(served: Served, view: View, flows: list[FlowNews]) -> bool:
    """Book the flows that make the venue's wallet ours; return whether any did."""
    account = load(served)
    explained = bool(apply_flows(account, flows, balance=view.wallet.balance))
    if not explained:
        log.warning("account %s: the venue's wallet is not ours", served.code)
    return explained


def apply_lookup(
    served: Served, missing: Missing, found: OrderNews | None, executions: Iterable[ExecutionNews] = ()
) -> None:
    """Apply what the venue says of a missing order; one it says nothing of is over."""
    account = load(served)
    for execution in executions:
        services.apply_execution(account, execution)
    if found is not None:
        services.apply_order(account, found)
        return
    with workspace_scope(served.workspace_id):
        row = OrderRow.objects.filter(pk=missing.order_id, state__in=STANDING).first()
        if row is not None:
            services.apply_order(account, _ended(row))


def load(served: Served) -> ExchangeAccount:
    """Return the account's row."""
    with workspace_scope(served.workspace_id, reading=True):
        return ExchangeAccount.objects.get(pk=served.account_id)


def _known(served: Served, executions: list[ExecutionNews]) -> set[str]:
    ids = [execution.exec_id for execution in executions]
    with workspace_scope(served.workspace_id, reading=True):
        rows = ExecutionRow.objects.filter(account_id=served.account_id, exec_id__in=ids)
        return set(rows.values_list("exec_id", flat=True))


def _apply_positions(served: Served, account: ExchangeAccount, positions: list[PositionNews]) -> list[str]:
    differing = [p.symbol for p in positions if not services.apply_position(account, p)]
    with workspace_scope(served.workspace_id, reading=True):
        ours = PositionRow.objects.filter(account_id=served.account_id).exclude(lots=0)
        held = {position.symbol for position in positions}
        return differing + [s for s in ours.values_list("symbol", flat=True) if s not in held]


def note_differing(served: Served, symbols: list[str]) -> None:
    """Take no entries where the position on the venue is not the sum of our executions."""
    for symbol in symbols:
        log.error("account %s: the position differs from the venue's: %s", served.code, symbol)
        words = f"the position in {symbol} on the exchange is not the sum of our executions"
        block = EntryBlock(BlockKind.HALT, BlockCause.UNEXPLAINED, words, symbol=symbol)
        block_entries(served.account_id, served.workspace_id, block)


def note_wallet(served: Served) -> None:
    """Take no entries while money is missing, or there is too much of it."""
    words = "the wallet on the exchange is not the sum of what we booked"
    block = EntryBlock(BlockKind.HALT, BlockCause.UNEXPLAINED, words)
    block_entries(served.account_id, served.workspace_id, block)


def note_agreed(served: Served) -> None:
    """Lift what stood because the venue and our rows did not agree."""
    account = load(served)
    if any(block.cause is BlockCause.UNEXPLAINED for block in blocks_of(account)):
        lift_blocks(served.account_id, served.workspace_id, cause=BlockCause.UNEXPLAINED)


def _missing(served: Served, view: View) -> list[Missing]:
    """Find our standing orders the venue didn't list; those with an open question have a resolver."""
    listed = [order.link for order in view.orders if order.link]
    with workspace_scope(served.workspace_id, reading=True):
        asked = IntentRow.objects.filter(account_id=served.account_id, state__in=UNSETTLED)
        rows = OrderRow.objects.filter(account_id=served.account_id, state__in=STANDING)
        rows = rows.exclude(link__in=listed).exclude(pk__in=asked.exclude(order=None).values("order_id"))
        return [Missing(*values) for values in rows.values_list("pk", "symbol", "link")]


def _ended(row: OrderRow) -> OrderNews:
    return OrderNews(
        link=row.link, venue_order_id=row.venue_order_id, symbol=row.symbol, side=Side(row.side),
        state=OrderState.CANCELLED, lots=row.lots, filled=row.filled, ticks=row.ticks,
        reduce_only=row.reduce_only, updated_ms=row.updated_ms, reason=UNHEARD_OF,
    )  # fmt: skip


def note(served: Served, reason: str) -> None:
    """Say something about an account where its owner reads it."""
    with workspace_scope(served.workspace_id):
        ExchangeAccount.objects.filter(pk=served.account_id).update(status_reason=reason[:REASON_LENGTH])


def note_statuses(served: Served, statuses: Mapping[str, str]) -> None:
    """Say on an account what became of the contracts it holds something in."""
    with workspace_scope(served.workspace_id, reading=True):
        claims = Claim.objects.filter(account_id=served.account_id, symbol__in=list(statuses))
        concerned = sorted(claims.values_list("symbol", flat=True))
    if concerned:
        told = ", ".join(f"{symbol} is {statuses[symbol]}" for symbol in concerned)
        note(served, f"on the exchange {told}: check what is held there")
