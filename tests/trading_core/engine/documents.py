"""Bot documents to test with."""

from __future__ import annotations

import copy
from typing import Any

from trading_core.engine.document import BotDocument, parse_document

RISING = {"left": {"price": "close"}, "op": ">", "right": {"price": "open"}}
FALLING = {"left": {"price": "close"}, "op": "<", "right": {"price": "open"}}

PLAIN: dict[str, Any] = {
    "schema": 1,
    "name": "Dip buyer",
    "market": {"source": "synthetic", "category": "linear"},
    "universe": {"symbols": ["ETHUSDT"]},
    "timeframe": "1m",
    "rules": {"inline": {"schema": 1, "long": RISING}},
    "plan": {
        "entry": {"type": "market"},
        "size": {"mode": "quote", "quote": "200"},
        "averaging": {
            "legs": 3,
            "deviation_pct": "0.8",
            "step_scale": "1.2",
            "quote": "200",
            "volume_scale": "1.5",
            "resting": 2,
        },
        "take_profit": {"pct": "1", "base": "average"},
        "stop": {"pct": "4", "base": "entry"},
        "exits": {"time_stop_minutes": 240, "on_rule": True},
    },
    "risk": {
        "leverage": "2",
        "max_open_positions": 3,
        "max_position_quote": "5000",
        "cooldown_candles": 1,
    },
    "fees": {"maker_pct": "0.02", "taker_pct": "0.055"},
    "wallet": {"balance": "10000"},
}

GONE = object()


def raw(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The plain document with values replaced by dotted path; ``GONE`` removes a key."""
    document = copy.deepcopy(PLAIN)
    for path, value in (changes or {}).items():
        *way, last = path.split(".")
        place = document
        for key in way:
            place = place[key]
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return document


def document(changes: dict[str, Any] | None = None) -> BotDocument:
    """The plain document, changed and parsed."""
    return parse_document(raw(changes))
