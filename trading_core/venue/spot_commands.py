"""Spot commands of the log, carried out at an account's desk."""

from __future__ import annotations

from collections.abc import Callable

from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.events import Event
from trading_core.simulator.orders import (
    CancelReason,
    SimOrder,
)
from trading_core.simulator.spot.desk import SpotDesk
from trading_core.venue.journal import Record


def _place(desk: SpotDesk, record: Record) -> list[Event]:
    order = SimOrder(
        record["symbol"], Side(record["side"]), record["lots"], record["ticks"], link=record["link"],
        time_in_force=TimeInForce(record["tif"]), slippage_ticks=record["slippage"],
    )  # fmt: skip
    return desk.place(order, amount=record["amount"])


def _amend(desk: SpotDesk, record: Record) -> list[Event]:
    return desk.amend(record["symbol"], record["number"], lots=record["lots"], ticks=record["ticks"])


def _cancel(desk: SpotDesk, record: Record) -> list[Event]:
    reason = CancelReason(record.get("reason", CancelReason.BY_USER))
    return desk.cancel(record["symbol"], record["number"], reason)


SPOT_COMMANDS: dict[str, Callable[[SpotDesk, Record], list[Event]]] = {
    "spot_place": _place,
    "spot_amend": _amend,
    "spot_cancel": _cancel,
}
"""By name of the record."""
