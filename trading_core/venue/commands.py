"""What an account's commands in the log mean to its simulated account."""

from __future__ import annotations

from collections.abc import Callable

from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.account import SimAccount
from trading_core.simulator.added_margin import add_margin, set_auto_margin
from trading_core.simulator.book import book_key
from trading_core.simulator.events import Event
from trading_core.simulator.leverage import set_leverages
from trading_core.simulator.orders import (
    Attached,
    CancelReason,
    SimOrder,
    TriggerBy,
)
from trading_core.venue.journal import Record


def _place(sim: SimAccount, record: Record) -> list[Event]:
    return sim.place(
        SimOrder(
            record["symbol"],
            Side(record["side"]),
            record["lots"],
            record["ticks"],
            link=record["link"],
            reduce_only=record["reduce_only"],
            time_in_force=TimeInForce(record["tif"]),
            stop_ticks=record["stop"],
            close_on_trigger=record["close_on_trigger"],
            trigger_ticks=record.get("trigger"),
            trigger_direction=record.get("direction", 0),
            trigger_by=TriggerBy(record.get("trigger_by", TriggerBy.LAST)),
            target_ticks=record.get("target"),
            slippage_ticks=record.get("slippage"),
            index=record.get("index", 0),
            attached=Attached.from_record(record.get("attached")),
        )
    )


def _key(record: Record) -> str:
    """The position that is meant; older logs know one-way mode only."""
    return book_key(record["symbol"], record.get("index", 0))


def _amend(sim: SimAccount, record: Record) -> list[Event]:
    by, attached = record.get("trigger_by"), record.get("attached")
    return sim.amend(
        _key(record),
        number=record["number"],
        lots=record["lots"],
        ticks=record["ticks"],
        trigger_ticks=record.get("trigger"),
        trigger_by=None if by is None else TriggerBy(by),
        attached=None if attached is None else Attached.from_record(attached),
        **record.get("protect", {}),
    )


def _cancel(sim: SimAccount, record: Record) -> list[Event]:
    reason = CancelReason(record.get("reason", CancelReason.BY_USER))
    return sim.cancel(_key(record), number=record["number"], reason=reason)


def _protect(sim: SimAccount, record: Record) -> list[Event]:
    by = record.get("by", {})
    return sim.set_protection(
        _key(record), **record["set"], active=record["active"],
        stop_by=TriggerBy(by.get("stop_by", TriggerBy.LAST)),
        target_by=TriggerBy(by.get("target_by", TriggerBy.LAST)),
    )  # fmt: skip


def _partial(sim: SimAccount, record: Record) -> list[Event]:
    return sim.set_partial(
        _key(record),
        lots=record["lots"],
        stop=record.get("stop"),
        target=record.get("target"),
        attached=Attached.from_record(record["attached"]),
    )


def _stop(sim: SimAccount, record: Record) -> list[Event]:
    """Logs of older versions hold the stop alone."""
    return sim.set_stop(record["symbol"], record["stop"])


def _leverage(sim: SimAccount, record: Record) -> list[Event]:
    if "short_ppm" in record:
        return set_leverages(sim.ledger, record["symbol"], record["ppm"], record["short_ppm"])
    return sim.set_leverage(record["symbol"], record["ppm"])


def _add_margin(sim: SimAccount, record: Record) -> list[Event]:
    return add_margin(sim.ledger, sim.ledger.book(_key(record)), record["units"])


def _auto_margin(sim: SimAccount, record: Record) -> list[Event]:
    return set_auto_margin(sim.ledger, sim.ledger.book(_key(record)), is_on=record["on"])


COMMANDS: dict[str, Callable[[SimAccount, Record], list[Event]]] = {
    "place": _place,
    "amend": _amend,
    "cancel": _cancel,
    "protect": _protect,
    "partial": _partial,
    "stop": _stop,
    "leverage": _leverage,
    "add_margin": _add_margin,
    "auto_margin": _auto_margin,
}
"""By the name of their record. Each raises SimRefused, having changed nothing."""
