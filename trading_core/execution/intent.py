"""Intents: what should be asked of the venue, written down before it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trading_core.execution.order import Role, Side, TimeInForce


class IntentKind(StrEnum):
    """What is asked."""

    LEVERAGE = "leverage"
    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    SET_STOP = "set_stop"


class ExitReason(StrEnum):
    """Why a trade was closed; a closed list."""

    TAKE_PROFIT = "take_profit"
    STOP = "stop"
    TRAILING = "trailing"
    """A stop, or an exit, where the trailing stop had come to."""
    BREAK_EVEN = "break_even"
    """A stop, or an exit, where nothing is lost."""
    RULE = "rule"
    OPPOSITE = "opposite"
    """A signal for the other side."""
    TIME = "time"
    UNFILLED = "unfilled"
    """The entry was filled in part only, and its plan wants all or nothing."""
    MANUAL = "manual"
    """Closed by the person: panic, or stop with close."""
    RISK = "risk"
    """A lock of the risk ladder that flattens."""
    LIQUIDATION = "liquidation"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Intent:
    """One action on one symbol.

    ``trade``, ``role``, ``leg`` and ``revision`` name the order it concerns; with account and bot
    they are the whole of its link (see ``link``). For LEVERAGE and SET_STOP they name the trade.
    """

    kind: IntentKind
    symbol: str
    trade: int
    role: Role
    leg: int
    revision: int
    side: Side
    lots: int
    """PLACE, AMEND: whole quantity of the order. Otherwise 0."""
    ticks: int | None
    """PLACE, AMEND: limit price, None for market."""
    reduce_only: bool = False
    stop_ticks: int | None = None
    """PLACE of an opening order, SET_STOP: the protective stop of the position."""
    force: TimeInForce = TimeInForce.GTC
    """PLACE of a limit order: how long it may stand."""
    leverage_ppm: int = 0
    """LEVERAGE: leverage in parts per million."""
    reason: str = ""
    """Why, for people: an ``ExitReason`` or a short code."""
