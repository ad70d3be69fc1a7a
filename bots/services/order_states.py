"""What an order's row learns from executions and from order news, never going back."""

from __future__ import annotations

from bots.models import OrderRow
from bots.services import order_events
from trading_core.exchanges.port import OrderNews
from trading_core.execution.order import TRANSITIONS, OrderState

UNHEARD_OF = "not known to the venue any more"
"""Reason of an order whose end nobody told: its absence was proven."""
_FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)


def executed(row: OrderRow, lots: int, time_ms: int) -> None:
    """Add an execution to its order: quantities come from here alone."""
    before = row.state
    row.filled += lots
    row.told = max(row.told, row.filled)
    row.updated_ms = max(row.updated_ms, time_ms)
    if OrderState(row.state) not in _FINAL:
        row.state = _state_by_fill(row).value
    row.save(update_fields=["filled", "told", "updated_ms", "state", "ending"])
    order_events.step(row.pk, "executed", f"{row.filled} of {row.lots} lots")
    if row.state != before:
        order_events.step(row.pk, row.state)


def _state_by_fill(row: OrderRow) -> OrderState:
    if row.filled >= row.lots:
        return OrderState.FILLED
    if row.ending and row.filled >= row.told:
        return OrderState(row.ending)
    return OrderState.PARTIALLY_FILLED


def told(row: OrderRow, news: OrderNews, *, listed: bool = False) -> bool:
    """Apply order news; False if it tells nothing newer.

    ``listed``: the venue lists it among the open orders. One that was ended for its absence stands again.

    A final state is taken once the executions it speaks of are in: until then it waits in ``ending``,
    so that nobody takes an order for ended whose fills are still on their way.
    """
    state = OrderState(row.state)
    if listed and state is OrderState.CANCELLED and row.reason == UNHEARD_OF and news.state not in _FINAL:
        state, row.reason = OrderState.UNKNOWN, ""
    if state in _FINAL or _is_older(row, news):
        return False
    row.venue_order_id = news.venue_order_id or row.venue_order_id
    row.updated_ms = max(row.updated_ms, news.updated_ms)
    row.told = max(row.told, news.filled)
    row.reason = (news.reason or row.reason)[:120]
    if news.state not in _FINAL:
        row.lots, row.ticks = news.lots or row.lots, row.ticks if row.ticks is None else news.ticks
    _move(row, state, news)
    row.save()
    if row.state != state.value:
        order_events.step(row.pk, row.state, row.reason)
    return True


def _is_older(row: OrderRow, news: OrderNews) -> bool:
    if news.state in _FINAL:
        return False
    return news.updated_ms < row.updated_ms or news.filled < row.told


def _move(row: OrderRow, state: OrderState, news: OrderNews) -> None:
    if news.state in _FINAL:
        if row.filled < news.filled:
            row.ending = news.state.value
        else:
            row.state = news.state.value
    elif news.state is OrderState.ACCEPTED and state in (
        OrderState.PLANNED,
        OrderState.SENDING,
        OrderState.UNKNOWN,
    ):
        row.state = OrderState.ACCEPTED.value
    elif news.state is OrderState.PARTIALLY_FILLED and row.filled:
        row.state = OrderState.PARTIALLY_FILLED.value
