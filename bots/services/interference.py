"""Somebody else acts on an account: a trade, an order, a cancel, an amendment or a leverage that isn't ours.

The venue is right about facts: they are taken over whatever the tenant's policy says, so that stop and
target always cover what is really held. The policy says what follows: pause the symbol and tell (the
default), tell, adopt, or ignore. Stops, targets and exits go on under each of them.
"""

from __future__ import annotations

import logging

from accounts.audit import record
from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, blocks_of
from accounts.models import AuditEvent, ExchangeAccount, Interference, Membership, Role
from accounts.outbox import write_mail
from ailona.kit import clock
from ailona.kit.push import tell
from bots.models import IntentRow, IntentState, OrderRow
from trading_core.exchanges.port import ExecutionNews, OrderNews, PositionNews
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import OrderState

log = logging.getLogger(__name__)

ACTION = "account.interference"
BY_HAND = "CancelByUser"
ASKED = (IntentState.SENDING, IntentState.UNKNOWN, IntentState.CONFIRMED)


def foreign_trade(account: ExchangeAccount, news: ExecutionNews) -> None:
    """Note a match that belongs to no order of ours and to no stop of ours."""
    words = f"a trade that is no order of ours: {news.side.value} {news.lots} lots of {news.symbol}"
    _interfered(account, news.symbol, words, about=f"trade {news.exec_id}")


def foreign_order(account: ExchangeAccount, news: OrderNews) -> None:
    """Note an open order that is not ours; it is left alone."""
    if news.state.is_final or news.stop_order_type:
        return
    words = f"an open order that is not ours, left alone: {news.side.value} {news.lots} lots of {news.symbol}"
    _interfered(account, news.symbol, words, about=f"order {news.venue_order_id}")


def changed_by_hand(account: ExchangeAccount, row: OrderRow, news: OrderNews) -> None:
    """Note that an order of ours was amended or cancelled, if nothing of ours asked for it; ``row`` as before."""
    if OrderState(row.state) not in (OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED):
        return
    if news.state is OrderState.CANCELLED and news.reason == BY_HAND:
        if not _asked(row, IntentKind.CANCEL):
            words = f"our {row.role.replace('_', ' ')} order in {row.symbol} was cancelled by hand"
            _interfered(account, row.symbol, words, about=f"cancel {row.link}")
    elif not news.state.is_final and _differs(row, news) and not _asked(row, IntentKind.AMEND):
        words = f"our {row.role.replace('_', ' ')} order in {row.symbol} was amended by hand"
        _interfered(account, row.symbol, words, about=f"amend {row.link} {news.lots} {news.ticks}")


def leverage_changed(account: ExchangeAccount, news: PositionNews, *, before_ppm: int) -> None:
    """Note that the leverage of an open position is not what we set."""
    asked = IntentRow.objects.filter(account=account, symbol=news.symbol, kind=IntentKind.LEVERAGE.value)
    if asked.filter(state__in=(IntentState.SENDING, IntentState.UNKNOWN)).exists():
        return
    words = f"the leverage of {news.symbol} was changed to {news.leverage} (ours: {before_ppm / 1_000_000:g})"
    _interfered(account, news.symbol, words, about=f"leverage {news.symbol} {news.leverage}")


def _asked(row: OrderRow, kind: IntentKind) -> bool:
    return IntentRow.objects.filter(order=row, kind=kind.value, state__in=ASKED).exists()


def _differs(row: OrderRow, news: OrderNews) -> bool:
    return row.ticks is not None and (news.lots, news.ticks) != (row.lots, row.ticks)


def _interfered(account: ExchangeAccount, symbol: str, words: str, *, about: str) -> None:
    """Follow the policy of the account, once for each thing; the caller holds the transaction."""
    policy = Interference(account.interference)
    if policy is Interference.IGNORE or _known(account, about):
        return
    record(
        ACTION,
        account.code,
        "exchange",
        {"symbol": symbol, "what": words, "about": about, "policy": policy.value},
    )
    log.warning("account %s: %s (%s)", account.code, words, policy.value)
    if policy is Interference.ADOPT:
        return
    if policy is Interference.PAUSE and not _paused(account, symbol):
        block_entries(
            account.pk, account.workspace_id,
            EntryBlock(BlockKind.HALT, BlockCause.INTERFERENCE, words, symbol=symbol),
        )  # fmt: skip
    _alert(account, words, policy)


def _known(account: ExchangeAccount, about: str) -> bool:
    told = AuditEvent.objects.filter(action=ACTION, subject=account.code, details__about=about)
    return told.exists()


def _paused(account: ExchangeAccount, symbol: str) -> bool:
    fresh = ExchangeAccount.objects.get(pk=account.pk)
    return any(b.cause is BlockCause.INTERFERENCE and b.symbol == symbol for b in blocks_of(fresh))


def _alert(account: ExchangeAccount, words: str, policy: Interference) -> None:
    """Write to the owners, and say it to whoever looks at a page now."""
    follows = (
        "No entries are taken there until you resume the account." if policy is Interference.PAUSE else ""
    )
    body = f"{account.name}, {clock.now():%Y-%m-%d %H:%M:%S} UTC: {words}. {follows}".strip()
    owners = Membership.objects.filter(workspace=account.workspace_id, role=Role.OWNER)
    for address in sorted(set(owners.values_list("user__email", flat=True))):
        write_mail(address, f"{account.name}: something on the exchange is not ours", body)
    tell(account.workspace_id, {"type": "account.changed", "account": account.code})
