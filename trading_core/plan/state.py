"""The plan's record: what must be remembered of a trade beside its orders and its position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

RECORD_VERSION = 1


class Phase(StrEnum):
    """How far a trade is."""

    FLAT = "flat"
    """No trade: nothing held, nothing wanted."""
    ENTERING = "entering"
    """An entry is wanted, standing or partly filled."""
    OPEN = "open"
    """The entry has ended with something held; its average price and the legs are frozen."""
    CLOSING = "closing"
    """Everything is being closed; also after the position is gone, until no order stands."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One frozen averaging leg."""

    ticks: int
    lots: int


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person has asked of a trade; its order is named by its place among them, and made once."""

    key: str
    """Given by whoever asked: the same key is the same wish."""
    lots: int
    """To be added; negative: to be closed."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """The plan of one bot for one symbol. ``PlanState()`` is flat and has never traded.

    Prices are ticks, quantities lots, times milliseconds of the market clock.
    """

    phase: Phase = Phase.FLAT
    trade: int = 0
    """Number of the current or last trade; the first is 1."""
    direction: int = 0
    """+1 long, -1 short, 0 before the first trade."""
    reference_ticks: int = 0
    """Close at which the entry was decided."""
    entry_ticks: int | None = None
    """Limit price of the entry; None for a market entry."""
    entry_lots: int = 0
    entry_close_ms: int = 0
    """The close at which the entry was decided."""
    completing: bool = False
    """The time of the entry is over, and what is missing is being bought at the market."""
    entry_over: bool = False
    """The entry is not wanted any more: timed out, or its position is already gone."""
    base_cost: int = 0
    """Σ ticks·lots of the entry once it has ended; 0 before."""
    base_lots: int = 0
    legs: tuple[Leg, ...] = ()
    """Frozen when the entry has ended; empty before."""
    legs_gate: bool = True
    """Whether the rules allowed averaging at the last close."""
    opened_ms: int = 0
    """When something was first held; 0 before."""
    exit_reason: str = ""
    """``ExitReason`` of a closing decided by us; empty when the market closed it. Kept when flat."""
    exit_ticks: int | None = None
    """Limit price of a closing that has time; None: closed at the market."""
    exit_until_ms: int = 0
    """When its time is over."""
    closed_ms: int = 0
    """When the position was gone; cooldown counts from here. 0 = not yet, or nothing was held."""
    equity: int = 0
    """Money units the account was worth when the entry was decided."""
    entry_quote: int = 0
    """Money units the entry is worth."""
    stop_ppm: int = 0
    """Stop distance drawn from the market at the entry; 0: that of the parameters."""
    range_ppm: int = 0
    """Average true range at the entry, in millionths of its close; 0 if nothing asks for it."""
    requotes: int = 0
    """How often the entry has followed the market."""
    best_ticks: int = 0
    """The best price seen since the position was opened; 0 before."""
    tightened_ticks: int = 0
    """Where trailing or break-even have moved the stop to; 0: nowhere."""
    tightened_by: str = ""
    """``ExitReason`` of a stop there."""
    target_ppm: int | None = None
    """The target by the position's age; None: that of the parameters."""
    leg_lots: int = 0
    """Lots of legs seen filled."""
    leg_ms: int = 0
    """When the last of them was."""
    legs_wait: bool = False
    """Whether the last leg is too recent for another one."""
    extreme_ticks: int = 0
    """The worst price since it reached the next leg; 0: it has not."""
    confirmed: int = 0
    """The leg whose retracement was seen: bought at the market; 0: none."""
    by_hand: tuple[ByHand, ...] = ()
    """What a person has asked of this trade, in order."""
    asked: tuple[str, ...] = ()
    """Requests made since the last close: the same one is not made twice, so a refusal can't loop."""

    @property
    def is_flat(self) -> bool:
        """Whether no trade is under way: the symbol's claim may be freed."""
        return self.phase is Phase.FLAT

    def as_record(self) -> dict[str, object]:
        """JSON-able record of integers, booleans and strings."""
        record = asdict(self)
        record["phase"] = self.phase.value
        record["legs"] = [[leg.ticks, leg.lots] for leg in self.legs]
        record["by_hand"] = [[one.key, one.lots] for one in self.by_hand]
        record["asked"] = list(self.asked)
        return {"version": RECORD_VERSION, **record}

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> PlanState:
        """The plan written by ``as_record``; an empty record is a fresh plan."""
        values = {str(k): v for k, v in record.items() if k != "version"}
        if not values:
            return cls()
        if record.get("version") != RECORD_VERSION:
            raise ValueError(f"expected plan record version {RECORD_VERSION}, was {record.get('version')!r}")
        values["phase"] = Phase(str(values["phase"]))
        values["legs"] = tuple(Leg(int(ticks), int(lots)) for ticks, lots in _list(values["legs"]))
        values["by_hand"] = tuple(
            ByHand(str(key), int(lots)) for key, lots in _list(values.get("by_hand", []))
        )
        values["asked"] = tuple(str(request) for request in _list(values["asked"]))
        return cls(**values)  # type: ignore[arg-type]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, was {value!r}")
    return value
