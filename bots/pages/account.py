"""The page of one exchange account: who serves it, what keeps it from entries, and the life of its orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.entry_blocks import BY_PERSONS, EntryBlock, blocks_of
from accounts.models import AuditEvent, ExchangeAccount
from ailona.kit import clock
from bots.models import AccountLease, IntentRow, IntentState, OrderEvent, OrderRow
from bots.models.trading import UNSETTLED
from bots.pages.words import Badge, order_badge, words
from bots.services.instruments import latest_instruments
from bots.services.interference import ACTION
from trading_core.execution.intent import IntentKind
from trading_core.market.instrument import Instrument

ORDERS = 40
OTHERS = 20
FRESH_S = 120.0
"""How old the last complete reading of the exchange may be before the page says so; flat accounts are read rarely."""

_ROLES = {
    "entry": "Entry", "average": "Averaging leg", "take_profit": "Target", "exit": "Exit",
}  # fmt: skip
_STEPS = {
    "planned": "Written down, not sent yet",
    "sending": "Signed and sent",
    "unknown": "No answer: nobody knows yet whether the exchange took it",
    "accepted": "Stands on the exchange",
    "partially_filled": "Partly executed",
    "filled": "Executed",
    "cancelled": "Gone from the exchange",
    "rejected": "Refused by the exchange",
    "denied": "Not sent",
    "executed": "Execution",
}
_KINDS = {
    IntentKind.PLACE: "an order", IntentKind.AMEND: "a change of an order", IntentKind.CANCEL: "a cancel",
    IntentKind.SET_STOP: "a protective stop", IntentKind.LEVERAGE: "the leverage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an order."""

    at: datetime
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order with all its steps, the first one first."""

    created: datetime
    bot: str
    bot_code: str
    symbol: str
    role: str
    side: str
    qty: Decimal
    price: Decimal | None
    filled: Decimal
    badge: Badge
    link: str
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose end isn't known."""

    words: str
    since: datetime
    is_open: bool
    """Whether the exchange may have taken it."""


@dataclass(frozen=True, slots=True)
class Health:
    """Who serves the account, and how well it is seen."""

    served: bool
    read_at: datetime | None
    """When the exchange was last read whole, and everything agreed or was brought to agree."""
    is_old: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Everything on the page."""

    health: Health
    blocks: list[EntryBlock]
    resumable: bool
    questions: list[Question]
    others: list[Step]
    """What somebody else did on the account, the newest first."""
    orders: list[OrderLine]


def account_page(account: ExchangeAccount) -> AccountPage:
    """Read an account of the active workspace."""
    blocks = [block for block in blocks_of(account) if block.stands(clock.wall_ms())]
    return AccountPage(
        health=_health(account),
        blocks=blocks,
        resumable=any(block.cause in BY_PERSONS for block in blocks),
        questions=_questions(account),
        others=_others(account),
        orders=_orders(account),
    )


def _health(account: ExchangeAccount) -> Health:
    lease = AccountLease.objects.filter(account=account).first()
    now = clock.now()
    served = lease is not None and bool(lease.holder) and lease.until is not None and lease.until > now
    read_at = None if lease is None else lease.reconciled_at
    age_s = FRESH_S + 1 if read_at is None else (now - read_at).total_seconds()
    return Health(served, read_at, is_old=age_s > FRESH_S)


def _questions(account: ExchangeAccount) -> list[Question]:
    rows = IntentRow.objects.filter(account=account, state__in=UNSETTLED).order_by("pk")
    return [_question(row) for row in rows]


def _question(row: IntentRow) -> Question:
    what = f"{_KINDS[IntentKind(row.kind)]} in {row.symbol}"
    if row.state == IntentState.PLANNED:
        again = f", attempt {row.attempts + 1}: {row.error}" if row.attempts else ""
        return Question(f"Waiting to be sent: {what}{again}", row.created_at, is_open=False)
    if row.state == IntentState.SENDING:
        return Question(f"On its way: {what}", row.created_at, is_open=True)
    return Question(
        f"No answer to {what}; it is looked for by its id, and never sent blindly again: {row.error}",
        row.created_at,
        is_open=True,
    )


def _others(account: ExchangeAccount) -> list[Step]:
    events = AuditEvent.objects.filter(action=ACTION, subject=account.code).order_by("-sequence")[:OTHERS]
    return [
        Step(event.at, str(event.details.get("what", "")), str(event.details.get("policy", "")))
        for event in events
    ]


def _orders(account: ExchangeAccount) -> list[OrderLine]:
    rows = OrderRow.objects.filter(account=account).select_related("bot")
    found = list(rows.order_by("-pk")[:ORDERS])
    steps: dict[int, list[Step]] = defaultdict(list)
    for event in OrderEvent.objects.filter(order__in=[row.pk for row in found]).order_by("pk"):
        steps[event.order_id].append(Step(event.at, _STEPS.get(event.step, words(event.step)), event.words))
    instruments = _instruments(found)
    places = [(row.bot.source, row.bot.category, row.symbol) for row in found]
    return [
        _line(row, instruments.get(place), steps[row.pk]) for row, place in zip(found, places, strict=True)
    ]


def _instruments(rows: Sequence[OrderRow]) -> dict[tuple[str, str, str], Instrument]:
    markets = {(row.bot.source, row.bot.category) for row in rows}
    return {
        (source, category, symbol): instrument
        for source, category in markets
        for symbol, instrument in latest_instruments(source, category, {row.symbol for row in rows}).items()
    }


def _line(row: OrderRow, instrument: Instrument | None, steps: list[Step]) -> OrderLine:
    def qty(lots: int) -> Decimal:
        return instrument.qty(lots) if instrument else Decimal(lots)

    price = None if row.ticks is None or instrument is None else instrument.price(row.ticks)
    return OrderLine(
        created=row.created_at,
        bot=row.bot.name,
        bot_code=row.bot.code,
        symbol=row.symbol,
        role=f"{_ROLES.get(row.role, words(row.role))}{f' {row.leg}' if row.leg else ''}",
        side=row.side,
        qty=qty(row.lots),
        price=price,
        filled=qty(row.filled),
        badge=order_badge(row.state, row.reason),
        link=row.link,
        steps=steps,
    )
