"""States, outcomes and roles as pages write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bots.models import BotState
from trading_core.engine.outcome import OutcomeCode, sentence


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a tone."""

    label: str
    tone: str = ""
    title: str = ""


_STATE_TONES: Mapping[str, str] = {
    BotState.STARTING: "accent", BotState.RUNNING: "up", BotState.ENTRIES_PAUSED: "warn",
    BotState.CLOSE_ONLY: "warn", BotState.STOPPING: "warn", BotState.PARKED: "down",
}  # fmt: skip

_OUTCOME_TONES: Mapping[str, str] = {
    OutcomeCode.ENTERED: "up", OutcomeCode.IN_POSITION: "accent", OutcomeCode.EXIT_RULE: "accent",
    OutcomeCode.EXIT_TIME: "accent", OutcomeCode.EXIT_RISK: "down",
    OutcomeCode.ENTRY_WORKING: "accent", OutcomeCode.CLOSING: "accent",
    OutcomeCode.NO_SIGNAL: "", OutcomeCode.NOT_READY: "",
}  # fmt: skip

_ORDER_TONES: Mapping[str, str] = {
    "accepted": "accent", "partially_filled": "up", "filled": "up", "rejected": "down", "denied": "down",
    "unknown": "warn",
}  # fmt: skip

DULL = (OutcomeCode.NO_SIGNAL, OutcomeCode.NOT_READY)
"""Outcomes in which nothing happened; any other is worth more of a reader's time."""


def words(code: str) -> str:
    """A code as words: ``no_signal`` becomes ``No signal``."""
    return code.replace("_", " ").capitalize()


def state_badge(state: str, reason: str = "") -> Badge:
    """A bot's state."""
    return Badge(BotState(state).label, _STATE_TONES.get(state, ""), reason)


def outcome_badge(code: str) -> Badge:
    """An outcome; a gate that refused a signal is a warning."""
    return Badge(words(code), _OUTCOME_TONES.get(code, "warn"))


def order_badge(state: str, reason: str = "") -> Badge:
    """An order's state."""
    return Badge(words(state), _ORDER_TONES.get(state, ""), reason)


def why(code: str, details: Mapping[str, object]) -> str:
    """An outcome in one sentence."""
    if code == OutcomeCode.IN_POSITION:  # a page shows the position itself, in coins rather than lots
        return f"Already {details.get('side', 'in a position')}; nothing to change."
    return sentence(code, details)
