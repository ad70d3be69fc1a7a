"""Orders as the simulated exchange sees them: what is asked, and what stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from trading_core.execution.order import Side, TimeInForce


class Status(StrEnum):
    """Order status; spelled as Bybit spells it."""

    UNTRIGGERED = "Untriggered"
    TRIGGERED = "Triggered"
    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    DEACTIVATED = "Deactivated"
    """Cancelled before it was triggered."""


class TriggerBy(StrEnum):
    """The price a trigger looks at; where the market has no mark and index of its own, they are the last price."""

    LAST = "LastPrice"
    MARK = "MarkPrice"
    INDEX = "IndexPrice"


class CancelReason(StrEnum):
    """Why an order left without being filled: Bybit's cancelType, or its rejectReason (``EC_...``)."""

    NONE = ""
    BY_USER = "CancelByUser"
    BY_REDUCE_ONLY = "CancelByReduceOnly"
    BY_DISCONNECT = "CancelByDCP"
    NO_MARGIN = "CancelByCannotAffordOrderCost"
    BY_LIQUIDATION = "CancelAllBeforeLiq"
    TARGET_BY_STOP = "CancelByOCOTpCanceledBySlTriggered"
    STOP_BY_TARGET = "CancelByOCOSlCanceledByTpTriggered"
    TPSL_CLEARED = "CancelByTpSlTsClear"
    """The position it protected is gone."""
    POST_ONLY = "EC_PostOnlyWillTakeLiquidity"
    NO_MATCH = "EC_NoImmediateQtyToFill"
    """Nobody was there for a market or IOC order, or not for all of it."""
    NOT_WHOLE = "EC_CancelForNoFullFill"
    """A FOK order could not be filled whole."""


PARTIAL_STOP, PARTIAL_TARGET = "PartialStopLoss", "PartialTakeProfit"
_PARTIAL = (PARTIAL_STOP, PARTIAL_TARGET)


@dataclass(frozen=True, slots=True)
class Attached:
    """What becomes of the stop and the target that an order carries when it executes."""

    partial: bool = False
    """Orders of their own for the lots that it opened; else prices of the whole position."""
    stop_limit: int | None = None
    """Price, in ticks, of the limit order that a partial stop sends; None: a market order."""
    target_limit: int | None = None
    stop_by: TriggerBy = TriggerBy.LAST
    target_by: TriggerBy = TriggerBy.LAST

    @classmethod
    def from_record(cls, record: dict[str, Any] | None) -> Self:
        """What ``asdict`` wrote; that of a whole position for None."""
        values = dict(record or {})
        return cls(
            **values | {name: TriggerBy(values[name]) for name in ("stop_by", "target_by") if name in values}
        )


WHOLE = Attached()
"""Stop and target of the whole position, at market."""


@dataclass(frozen=True, slots=True)
class SimOrder:
    """An order to be placed."""

    symbol: str
    side: Side
    lots: int
    ticks: int | None
    """Limit price; None for a market order."""
    link: str = ""
    """Client order id, unique for ever on the account; may be empty."""
    reduce_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    stop_ticks: int | None = None
    """Protective stop that the position takes over when this order executes."""
    close_on_trigger: bool = False
    trigger_ticks: int | None = None
    """Price that sends a conditional order to the market; None for an order that goes at once."""
    trigger_direction: int = 0
    """1: triggered when the price rises to it, 2: when it falls to it."""
    trigger_by: TriggerBy = TriggerBy.LAST
    target_ticks: int | None = None
    """Take-profit that the position takes over when this order executes."""
    slippage_ticks: int | None = None
    """The most a market order may lose against the last price; beyond it nothing is filled."""
    index: int = 0
    """Bybit's positionIdx: 1 or 2 in hedge mode."""
    attached: Attached = WHOLE


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """An order the exchange accepted, as it stands after the latest event."""

    number: int
    """Identity on the account, rising; never reused."""
    symbol: str
    link: str
    side: Side
    lots: int
    ticks: int | None
    reduce_only: bool
    time_in_force: TimeInForce
    stop_ticks: int | None
    close_on_trigger: bool
    arrival: int
    """Rank among orders of equal price; renewed by an amendment."""
    created_ms: int
    updated_ms: int
    price_on_created: int
    """Last price, in ticks, when the order arrived."""
    status: Status = Status.NEW
    filled: int = 0
    tick_lots: int = 0
    """Σ ticks·lots of the executed part."""
    fee: int = 0
    """Money units paid so far."""
    stop_order_type: str = ""
    """``StopLoss`` for the exchange's own order of a triggered stop."""
    create_type: str = "CreateByUser"
    reason: CancelReason = CancelReason.NONE
    trigger_ticks: int | None = None
    trigger_direction: int = 0
    trigger_by: TriggerBy = TriggerBy.LAST
    target_ticks: int | None = None
    slippage_ticks: int | None = None
    index: int = 0
    oco: int = 0
    """Number of the order that goes when this one does: its stop or target; 0 for none."""
    attached: Attached = WHOLE
    parent: int = 0
    """Number of the order whose fills a partial stop or target protects; 0 for none."""

    def changed(self, **values: Any) -> Self:
        """The order with other values: ``dataclasses.replace`` at half the price, for the path of every fill."""
        made = object.__new__(type(self))
        for name, put, get in _SLOTS:
            put(made, values[name] if name in values else get(self))
        return made

    @property
    def key(self) -> str:
        """Where its account keeps it; see ``book.book_key``."""
        return f"{self.symbol}#{self.index}" if self.index else self.symbol

    @property
    def leaves(self) -> int:
        """Lots not executed yet."""
        return self.lots - self.filled

    @property
    def is_open(self) -> bool:
        """Whether it may still execute."""
        return self.rests or self.status is Status.UNTRIGGERED

    @property
    def is_partial(self) -> bool:
        """Whether it is the stop or the target of a part of a position."""
        return self.stop_order_type in _PARTIAL

    @property
    def rests(self) -> bool:
        """Whether it is in the market: it ties up margin and may be met."""
        return self.status in (Status.NEW, Status.PARTIALLY_FILLED)

    def as_record(self) -> dict[str, Any]:
        """Plain values for a log or snapshot."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The order written by ``as_record``; keys it doesn't know are ignored."""
        known = {f.name for f in fields(cls)}
        values = {k: v for k, v in record.items() if k in known}
        values["side"] = Side(values["side"])
        values["time_in_force"] = TimeInForce(values["time_in_force"])
        values["status"] = Status(values["status"])
        values["reason"] = CancelReason(values["reason"])
        values["trigger_by"] = TriggerBy(values.get("trigger_by", TriggerBy.LAST))
        values["attached"] = Attached.from_record(values.get("attached"))
        return cls(**values)


_SLOTS = [
    (field.name, getattr(StandingOrder, field.name).__set__, getattr(StandingOrder, field.name).__get__)
    for field in fields(StandingOrder)
]
"""Name, setter and getter of each field."""
