"""The queue of an account in the database: what comes next, and what became of it.

planned → sending → confirmed | rejected | planned again | unknown; planned → denied. Every move is a
conditional UPDATE, so that a move made twice is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef

from accounts.entry_blocks import BlockCause, BlockKind, lift_blocks, standing_block
from accounts.platform_halt import ANNOTATION, newest
from ailona.kit import clock
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import AccountLease, Bot, IntentRow, IntentState, OrderRow, PositionRow
from bots.models.trading import UNSETTLED
from bots.services import order_events
from bots.services.market import market_ms
from bots.services.stopping import settle_stopping
from bots.services.tending import locked_bot, tend_symbols
from bots.trader.halts import halted
from bots.trader.lease import Lease, from_now
from trading_core.exchanges.port import SignedWindow
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import OPEN_STATES, OrderState, Role

ENTRY_PRIORITY = 3
ENTRY_WINDOW_MS = 3_000
"""A late entry is unwanted."""
WINDOW_MS = 5_000
SKEW_MS = 1_000
"""How far our clock may be from the venue's."""
ERROR_LENGTH = 200
REASON_LENGTH = 120

ON_ITS_WAY = (IntentState.SENDING, IntentState.UNKNOWN)
SENT = (OrderState.SENDING.value, OrderState.UNKNOWN.value)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An intent that this trader is about to send, or has sent."""

    intent_id: int
    bot_id: int
    order_id: int
    """0 for leverage and stop."""
    kind: IntentKind
    symbol: str
    link: str
    role: str
    params: dict[str, Any]
    attempts: int
    window: SignedWindow

    @property
    def expires_ms(self) -> int:
        """From then on the venue can't accept the request any more."""
        return self.window.signed_ms + self.window.recv_window_ms + SKEW_MS


@dataclass(frozen=True, slots=True)
class Waiting:
    """An unsettled intent, as the poll sees it."""

    intent_id: int
    account_id: int
    state: str


def unsettled(account_ids: Iterable[int]) -> list[Waiting]:
    """Return every unsettled intent of these accounts, in queue order: one query."""
    with across_workspaces("trader"):
        rows = IntentRow.objects.filter(account_id__in=list(account_ids), state__in=UNSETTLED)
        names = ("pk", "account_id", "state")
        return [Waiting(*values) for values in rows.order_by("priority", "pk").values_list(*names)]


def claim_next(lease: Lease, *, urgent_only: bool = False) -> Claimed | None:
    """Move the account's next planned intent to sending, committed; None when there is none.

    The clock is read before the lease is checked: whoever may take the lease next can only do so
    after every request signed under this one has expired at the venue. ``urgent_only`` leaves entries
    where they are; what keeps an entry from being sent at all is recorded all the same.
    """
    with workspace_scope(lease.workspace_id):
        rows = list(_unsettled_rows(lease))
        for row in rows:
            if row.state != IntentState.PLANNED or _must_wait(row, rows):
                continue
            denied = _stale(row) or _blocked(row) or halted(row)
            if denied:
                _deny(row, denied[:ERROR_LENGTH])
                continue
            if urgent_only and row.priority >= ENTRY_PRIORITY:
                continue
            return _claim(lease, row)
    return None


def _unsettled_rows(lease: Lease) -> Sequence[IntentRow]:
    rows = IntentRow.objects.filter(account_id=lease.account_id, state__in=UNSETTLED)
    rows = rows.select_related("order", "bot", "account__workspace").annotate(**{ANNOTATION: newest()})
    found = list(rows.order_by("priority", "pk"))
    for row in found:
        row.account.__dict__[ANNOTATION] = row.__dict__[ANNOTATION]
    return found


def _must_wait(row: IntentRow, rows: Sequence[IntentRow]) -> bool:
    """Whether an intent whose outcome is open stands in the way of this one."""
    for other in rows:
        if other.pk == row.pk or other.state not in ON_ITS_WAY or other.symbol != row.symbol:
            continue
        same_order = row.order_id is not None and other.order_id == row.order_id
        if same_order or row.priority >= ENTRY_PRIORITY or other.kind == row.kind == IntentKind.SET_STOP:
            return True
    return False


def _stale(row: IntentRow) -> str:
    """Say that the market has gone on since an entry was decided; exits and legs are never too late."""
    if _is_entry(row.kind, row.order.role if row.order else "") and row.bot.wanted > row.decided_ms:
        return "stale: a later close was heard before it could be sent"
    return ""


def _is_entry(kind: str, role: str) -> bool:
    return kind == IntentKind.PLACE and role == Role.ENTRY


def _blocked(row: IntentRow) -> str:
    """Say what keeps an order from being sent: a pause stops entries, a halt whatever adds to a position."""
    if row.kind != IntentKind.PLACE or row.order is None or row.order.reduce_only:
        return ""
    block = standing_block(row.account, row.symbol, clock.wall_ms())
    if block is None or (block.kind is BlockKind.PAUSE and row.order.role != Role.ENTRY):
        return ""
    return f"not sent: {block.words}"


def _claim(lease: Lease, row: IntentRow) -> Claimed | None:
    entry = row.priority >= ENTRY_PRIORITY
    window = SignedWindow(clock.wall_ms(), ENTRY_WINDOW_MS if entry else WINDOW_MS)
    claimed = claimed_of(row, window)
    held = AccountLease.objects.filter(
        account_id=OuterRef("account_id"), token=lease.token, holder=lease.holder,
        until__gt=from_now((window.recv_window_ms + SKEW_MS) / 1000),
    )  # fmt: skip
    moved = IntentRow.objects.filter(Exists(held), pk=row.pk, state=IntentState.PLANNED).update(
        state=IntentState.SENDING,
        lease_token=lease.token,
        signed_ms=window.signed_ms,
        expires_ms=claimed.expires_ms,
        attempts=F("attempts") + 1,
    )
    if not moved:
        return None
    if row.kind == IntentKind.PLACE:
        _move_order(claimed, (OrderState.PLANNED.value,), OrderState.SENDING)
    else:
        order_events.step(claimed.order_id, f"{row.kind} sent")
    return claimed


def claimed_of(row: IntentRow, window: SignedWindow) -> Claimed:
    """Return an intent row as a value; its order is loaded."""
    return Claimed(
        intent_id=row.pk,
        bot_id=row.bot_id,
        order_id=row.order_id or 0,
        kind=IntentKind(row.kind),
        symbol=row.symbol,
        link=row.order.link if row.order else "",
        role=row.order.role if row.order else "",
        params=row.params,
        attempts=row.attempts + 1,
        window=window,
    )


def adopt(lease: Lease, intent_id: int) -> Claimed | None:
    """Take up a sent intent without an answer as unknown; None if it is settled by now."""
    with workspace_scope(lease.workspace_id):
        found = IntentRow.objects.filter(pk=intent_id, state__in=ON_ITS_WAY)
        row = found.select_related("order").first()
        if row is None:
            return None
        window = SignedWindow(row.signed_ms, row.expires_ms - row.signed_ms - SKEW_MS)
        claimed = claimed_of(row, window)
        _note_unknown(claimed, row.error or "no answer was recorded")
    return claimed


def record_confirmed(lease: Lease, claimed: Claimed, venue_order_id: str = "") -> None:
    """Record that the venue accepted, and what now holds because of it."""
    with workspace_scope(lease.workspace_id):
        bot = locked_bot(claimed.bot_id)
        if not _settle(claimed, IntentState.CONFIRMED):
            return
        _CONFIRMED[claimed.kind](lease, claimed, venue_order_id)
        if _is_entry(claimed.kind, claimed.role) and bot.account.entry_blocks:
            _forget_ended_blocks(lease, claimed.symbol)
        # A cancelled order ends with the venue's own news; until then it is still there for a plan.
        # Nothing in a plan waits for the leverage.
        if claimed.kind not in (IntentKind.CANCEL, IntentKind.LEVERAGE):
            _tend(bot, claimed.symbol)


def _forget_ended_blocks(lease: Lease, symbol: str) -> None:
    """An accepted entry proves that a pause is over: the next refusal begins with a short one."""
    lift_blocks(
        lease.account_id, lease.workspace_id, cause=BlockCause.REFUSAL, symbol=symbol, only_ended=True
    )


def record_rejected(lease: Lease, claimed: Claimed, error: str) -> None:
    """Record that the venue definitely refused."""
    with workspace_scope(lease.workspace_id):
        bot = locked_bot(claimed.bot_id)
        if not _settle(claimed, IntentState.REJECTED, error):
            return
        if claimed.kind is IntentKind.PLACE:
            _move_order(claimed, SENT, OrderState.REJECTED, error)
        _tend(bot, claimed.symbol)


def record_unknown(lease: Lease, claimed: Claimed, error: str) -> None:
    """Record that nobody knows whether the venue accepted."""
    with workspace_scope(lease.workspace_id):
        _note_unknown(claimed, error)


def record_planned(lease: Lease, claimed: Claimed, error: str) -> None:
    """Record that the venue proved not to have accepted: the same request, same link, may be made again."""
    with workspace_scope(lease.workspace_id):
        moved = IntentRow.objects.filter(pk=claimed.intent_id, state__in=ON_ITS_WAY).update(
            state=IntentState.PLANNED, error=error[:ERROR_LENGTH]
        )
        if moved and claimed.kind is IntentKind.PLACE:
            _move_order(claimed, SENT, OrderState.PLANNED, words=error)


def record_denied(lease: Lease, claimed: Claimed, error: str) -> None:
    """Record that we gave an intent up without the venue having accepted it."""
    with workspace_scope(lease.workspace_id):
        bot = locked_bot(claimed.bot_id)
        if _settle(claimed, IntentState.DENIED, error):
            if claimed.kind is IntentKind.PLACE:
                _move_order(claimed, SENT, OrderState.DENIED, error)
            _tend(bot, claimed.symbol)


def tend(lease: Lease, bot_id: int, symbol: str) -> None:
    """Carry out what the facts ask for now."""
    with workspace_scope(lease.workspace_id):
        _tend(locked_bot(bot_id), symbol)


def _tend(bot: Bot, symbol: str) -> None:
    tend_symbols(bot, [symbol], market_ms(bot.source))
    settle_stopping(bot)


def _deny(row: IntentRow, reason: str) -> None:
    bot = locked_bot(row.bot_id)
    claimed = claimed_of(row, SignedWindow(0, 0))
    moved = IntentRow.objects.filter(pk=row.pk, state=IntentState.PLANNED).update(
        state=IntentState.DENIED, error=reason, settled_at=clock.now()
    )
    if moved:
        _move_order(claimed, (OrderState.PLANNED.value,), OrderState.DENIED, reason)
        _tend(bot, row.symbol)


def _settle(claimed: Claimed, state: IntentState, error: str = "") -> bool:
    found = IntentRow.objects.filter(pk=claimed.intent_id, state__in=ON_ITS_WAY)
    settled = bool(found.update(state=state, error=error[:ERROR_LENGTH], settled_at=clock.now()))
    if settled and claimed.kind is not IntentKind.PLACE:
        order_events.step(claimed.order_id, f"{claimed.kind.value} {state.value}", error)
    return settled


def _note_unknown(claimed: Claimed, error: str) -> None:
    found = IntentRow.objects.filter(pk=claimed.intent_id, state=IntentState.SENDING)
    if found.update(state=IntentState.UNKNOWN, error=error[:ERROR_LENGTH]):
        _move_order(claimed, (OrderState.SENDING.value,), OrderState.UNKNOWN, words=error)


def _move_order(
    claimed: Claimed, before: Sequence[str], state: OrderState, reason: str = "", *, words: str = ""
) -> None:
    """Move the order unless news of the venue moved it on already."""
    changes: dict[str, str] = {"state": state.value}
    if reason:
        changes["reason"] = reason[:REASON_LENGTH]
    if OrderRow.objects.filter(pk=claimed.order_id, state__in=before).update(**changes):
        order_events.step(claimed.order_id, state.value, reason or words)


def _placed(_: Lease, claimed: Claimed, venue_order_id: str) -> None:
    _move_order(claimed, SENT, OrderState.ACCEPTED)
    if venue_order_id:
        OrderRow.objects.filter(pk=claimed.order_id).update(venue_order_id=venue_order_id)


def _amended(_: Lease, claimed: Claimed, __: str) -> None:
    open_states = [state.value for state in OPEN_STATES]
    asked = {"lots": claimed.params["lots"], "ticks": claimed.params["ticks"]}
    OrderRow.objects.filter(pk=claimed.order_id, state__in=open_states).update(**asked)


def _cancelled(_: Lease, __: Claimed, ___: str) -> None:
    """The order's end is told by the stream."""


def _stop_set(lease: Lease, claimed: Claimed, _: str) -> None:
    held = PositionRow.objects.filter(account_id=lease.account_id, symbol=claimed.symbol)
    held.update(stop_ticks=claimed.params["stop_ticks"])


def _leverage_set(lease: Lease, claimed: Claimed, _: str) -> None:
    PositionRow.objects.update_or_create(
        account_id=lease.account_id,
        symbol=claimed.symbol,
        defaults={"leverage_ppm": claimed.params["leverage_ppm"]},
    )


_CONFIRMED: dict[IntentKind, Callable[[Lease, Claimed, str], None]] = {
    IntentKind.PLACE: _placed,
    IntentKind.AMEND: _amended,
    IntentKind.CANCEL: _cancelled,
    IntentKind.SET_STOP: _stop_set,
    IntentKind.LEVERAGE: _leverage_set,
}
