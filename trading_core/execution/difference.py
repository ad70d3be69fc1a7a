"""From what stands to what should stand: the requests that lead there, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trading_core.execution.intent import Intent, IntentKind
from trading_core.execution.order import EndedOrder, OpenOrder, Role, Side, TimeInForce

CANCEL_FIRST, PROTECT, REDUCE, OPEN = range(4)
"""Priorities: an account's requests are carried out by (priority, order of planning)."""


@dataclass(frozen=True, slots=True)
class DesiredOrder:
    """An order that should stand."""

    role: Role
    leg: int
    side: Side
    lots: int
    """What should still be open of it."""
    ticks: int | None
    reduce_only: bool
    stop_ticks: int | None = None
    """Attached protective stop; only on orders that open."""
    force: TimeInForce = TimeInForce.GTC
    """Of a limit order; market orders are filled at once or not at all."""


def priority(intent: Intent) -> int:
    """0 cancels, 1 stops, 2 whatever reduces, 3 leverage and whatever opens."""
    if intent.kind is IntentKind.CANCEL:
        return CANCEL_FIRST
    if intent.kind is IntentKind.SET_STOP:
        return PROTECT
    return REDUCE if intent.reduce_only else OPEN


def in_order(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """The intents of one decision by priority; equal ones keep their order."""
    return tuple(sorted(intents, key=priority))


def difference(
    symbol: str,
    trade: int,
    wanted: Sequence[DesiredOrder],
    orders: Sequence[OpenOrder],
    ended: Sequence[EndedOrder],
    *,
    reason: str = "",
) -> list[Intent]:
    """Return what to ask so that exactly the wanted orders stand.

    Orders with a request under way are left alone. An order stands for a wanted one if trade, role
    and leg agree; it is amended if price or open quantity differ. A new revision is placed only
    when every earlier one has ended.
    """
    intents: list[Intent] = []
    places: dict[tuple[Role, int], OpenOrder] = {}
    by_place = {(w.role, w.leg): w for w in wanted}
    for order in sorted(orders, key=lambda o: (o.trade, o.role, o.leg, o.revision)):
        place = (order.role, order.leg)
        if order.trade == trade and place in by_place and place not in places:
            places[place] = order
        elif not order.busy and order.filled < order.lots:
            intents.append(_cancel(symbol, order))
    for want in wanted:
        standing = places.get((want.role, want.leg))
        if standing is None:
            intents.append(_place(symbol, trade, want, ended, reason))
        elif not standing.busy and _differs(standing, want):
            # A limit order can't become a market order: that one is placed once this one has ended.
            change = _cancel(symbol, standing) if want.ticks is None else _amend(symbol, standing, want)
            intents.append(change)
    return intents


def _differs(order: OpenOrder, want: DesiredOrder) -> bool:
    """Whether a standing limit order must change; market orders and filled ones can't."""
    if order.ticks is None or order.filled >= order.lots:
        return False
    return (order.ticks, order.lots - order.filled) != (want.ticks, want.lots)


def _place(symbol: str, trade: int, want: DesiredOrder, ended: Sequence[EndedOrder], reason: str) -> Intent:
    past = [o.revision for o in ended if (o.trade, o.role, o.leg) == (trade, want.role, want.leg)]
    return Intent(
        IntentKind.PLACE, symbol, trade, want.role, want.leg, max(past, default=-1) + 1, want.side, want.lots,
        want.ticks, reduce_only=want.reduce_only, stop_ticks=want.stop_ticks, force=want.force,
        reason=reason if want.role is Role.EXIT else "",
    )  # fmt: skip


def _amend(symbol: str, order: OpenOrder, want: DesiredOrder) -> Intent:
    return Intent(
        IntentKind.AMEND, symbol, order.trade, order.role, order.leg, order.revision, order.side,
        order.filled + want.lots, want.ticks, reduce_only=order.reduce_only,
    )  # fmt: skip


def _cancel(symbol: str, order: OpenOrder) -> Intent:
    return Intent(
        IntentKind.CANCEL, symbol, order.trade, order.role, order.leg, order.revision, order.side, 0, None,
        reduce_only=order.reduce_only,
    )  # fmt: skip


def request(intent: Intent) -> str:
    """What is asked, as one short text; equal texts ask for the same thing.

    The revision is part of it for orders that exist, not for new ones: a refused order comes back
    as a new revision of the same request.
    """
    number = "" if intent.kind is IntentKind.PLACE else intent.revision
    parts = (
        intent.kind.value,
        intent.role.value,
        intent.leg,
        number,
        intent.lots,
        intent.ticks,
        intent.stop_ticks,
    )
    return ":".join("" if part is None else str(part) for part in parts)
