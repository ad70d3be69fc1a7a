"""The gates an entry signal passes after the rules, in the order of the engine, and how far one got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ailona.kit.templatetags.kit import utc
from bots.pages.words import words
from bots.services.journal import Decision
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode

PASSED, BLOCKED, NOT_ASKED = "passed", "blocked", "not asked"
_MARKS = {PASSED: "\N{CHECK MARK}", BLOCKED: "\N{MULTIPLICATION X}", NOT_ASKED: "\N{EN DASH}"}
_HIDDEN = ("side", "coin", "ticks", "facts", "tags")
_CLAIM = "claim"

_GATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("rules", "The rules ask for one side", (OutcomeCode.NO_SIGNAL, OutcomeCode.NOT_READY, OutcomeCode.CONFLICT)),
    ("fresh", "The candle came in time", (OutcomeCode.STALE_CANDLE,)),
    ("state", "The bot takes entries", (OutcomeCode.ENTRIES_PAUSED,)),
    ("locks", "Nothing is locked", (OutcomeCode.LOCKED,)),
    ("blocks", "The account takes entries", (OutcomeCode.ENTRIES_BLOCKED,)),
    ("contract", "The contract is traded", (OutcomeCode.NOT_TRADING,)),
    (_CLAIM, "The symbol is free on the account", (OutcomeCode.SYMBOL_CLAIMED,)),
    ("cooldown", "The cooldown is over", (OutcomeCode.COOLDOWN,)),
    ("stale", "The candles are fresh", (OutcomeCode.STALE_DATA,)),
    ("results", "The pause after the last trade is over", (OutcomeCode.RESULT_COOLDOWN, OutcomeCode.LOSING_STREAK)),
    ("rate", "Few orders were made lately", (OutcomeCode.ORDER_RATE,)),
    ("positions", "There is room for a position", (OutcomeCode.MAX_POSITIONS,)),
    ("rungs", "Account, workspace and platform have room", (OutcomeCode.LEVEL_POSITIONS,)),
    ("leverage", "The contract allows the leverage", (OutcomeCode.LEVERAGE_LIMIT,)),
    ("funding", "No funding is about to be paid", (OutcomeCode.FUNDING,)),
    ("band", "The price is near the market", (OutcomeCode.PRICE_BAND,)),
    ("size", "The size fits", (OutcomeCode.TOO_SMALL, OutcomeCode.TOO_LARGE, OutcomeCode.MAX_EXPOSURE)),
    (
        "exposure",
        "The exposure is within the ladder's limits",
        (OutcomeCode.SYMBOL_EXPOSURE, OutcomeCode.NET_EXPOSURE, OutcomeCode.GROSS_EXPOSURE),
    ),
    ("liquidation", "Liquidation is far", (OutcomeCode.LIQUIDATION,)),
    ("reserve", "The reserve stays free", (OutcomeCode.RESERVE,)),
    ("margin", "The margin is free", (OutcomeCode.NO_MARGIN,)),
)  # fmt: skip
_ASKED = (OutcomeCode.ENTERED, *(code for _, _, codes in _GATES for code in codes))


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate at one close."""

    label: str
    state: str
    mark: str
    limit: str
    """What it lets through."""
    numbers: list[tuple[str, str]] = field(default_factory=list)
    """What it saw, where it refused."""


def gates(decision: Decision, document: BotDocument) -> list[Gate]:
    """The gates of an entry; none where a trade was under way or nobody decided."""
    if decision.code not in _ASKED:
        return []
    limits = _limits(document)
    found: list[Gate] = []
    state = PASSED
    for key, label, codes in _order(decision):
        blocked = decision.code in codes
        shown = BLOCKED if blocked else state
        found.append(
            Gate(
                label,
                shown,
                _MARKS[shown],
                limits.get(key, ""),
                numbers_of(decision.details) if blocked else [],
            )
        )
        if blocked:
            state = NOT_ASKED
    return found


def _order(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    """A claim lost at the last moment, when all else had passed, names no side."""
    late = decision.code == OutcomeCode.SYMBOL_CLAIMED and "side" not in decision.details
    return sorted(_GATES, key=lambda gate: gate[0] == _CLAIM) if late else list(_GATES)


def _limits(document: BotDocument) -> dict[str, str]:
    risk = document.canonical()["risk"]
    guards = risk["guards"]
    rate, band = guards["orders_per_minute"], guards["price_band_pct"]
    return {
        "stale": f"at most {guards['stale_intervals']} intervals old",
        "rate": f"at most {rate} orders a minute" if rate else "",
        "band": f"at most {band} % away" if band else "",
        "funding": f"at most {guards['funding_pct']} % to be paid" if guards["funding_pct"] else "",
        "liquidation": f"at least {guards['liquidation_pct']} % away" if guards["liquidation_pct"] else "",
        "fresh": f"at most {_candles(document.rules.expires)} late",
        "cooldown": f"{_candles(document.risk.cooldown_candles)} after a trade",
        "positions": f"at most {risk['max_open_positions']} at once",
        "leverage": f"{risk['leverage']}\N{MULTIPLICATION SIGN}",
        "size": f"at most {risk['max_position_quote']} USDT with all legs",
    }


def _candles(number: int) -> str:
    return f"{number} candle{'' if number == 1 else 's'}"


def numbers_of(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers of an outcome as label and text."""
    return [(_label(name), _text(name, value)) for name, value in details.items() if name not in _HIDDEN]


def _label(name: str) -> str:
    return words(name.removesuffix("_ms").removesuffix("_ppm"))


def _text(name: str, value: Any) -> str:
    if name.endswith("_ms") and isinstance(value, int):
        return f"{utc(value)} UTC"
    if name.endswith("_ppm") and isinstance(value, int):
        return f"{value / 1e6:g}"
    return str(value)
