"""Rule documents that mean harm, and how long the worst of them keeps the parsers busy."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.rules.layers import layered, parse_layer
from trading_core.rules.model import TREES
from trading_core.rules.parse import loads_rules, parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.son import SON

DOCUMENTS = 5_000
LIMIT_MS = 50.0
"""What refusing one may take."""

VALID = """
expires = 3

[long]
dip: rsi(14)@15m[2] < 30 #cheap #x-1
and (ema(9) crosses above ema(21, hl2) within 3 or not macd(12, 26, 9).histogram rising 2)
and percentile(bollinger(20, 2).width, 200) between 5 and 95
and at least 2 of (session(london) == 1, hour(Europe/Berlin) >= 8, BTCUSDT:close@1h > BTCUSDT:open@1h)

[short]
funding_rate > 0.01 and change_pct(close, 5) < -1 for 2 and slope(ema(9), 4) < 0 at least 2 in 5

[exit_long]
position.pnl_pct > 1.5 or portfolio.day_pnl < -20 or (close - vwap(20)) / atr(14) outside -3 and 3
"""
LAYER: Mapping[str, Any] = {
    "schema": 2,
    "extends": "son",
    "override": {"long_strength": {"left": {"price": "close"}, "op": ">", "right": 5}},
    "disable": ["short_pause", "long_spent"],
    "extend": {"long": {"with": "all", "node": {"left": {"clock": "hour"}, "op": "<", "right": 8}}},
    "expires": 2,
}

RUBBISH: list[Any] = [
    None, True, -1, 0, 1e300, float("nan"), float("inf"), 10**40, -(10**400), "", "x" * 300, "close", "__class__",
    "\ud800", "\u0663", "\x00", [], {}, [[]], {"all": {}}, {"not": None}, {"op": []}, {"price": {}}, {"": 1},
    {"indicator": []}, {"n": "3"}, 2**63, -0.0, {"clock": "hour", "zone": "../../etc/passwd"}, {"position": []},
    {"id": {}}, {"tags": [[]]}, {"percentile": {"of": 1, "n": 1e9}}, {"ticker": "mark", "symbol": "\u0391"},
    {"indicator": "cci", "params": {"period": 250}}, {"session": None},
]  # fmt: skip
PIECES = [
    "close", "rsi(", ")", "(", "and", "or", "not", "<", "14", "@1h", "[", "]", "crosses above", "within", "at least",
    "of", ",", "BTCUSDT:", ".", "-", "*", "1e308", "between", "for 3", "in", "\u0660", "$", "all(", "dip:", "#tag", "#",
    "hour(", "Europe/Berlin", "position", "session(", "percentile(", "==", "!=", "[long]\n", "expires = 3\n", ":",
    "cci(250) > 1 and", "\ud800", "\u00a0",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hostile:
    """Something handed to one of the parsers."""

    kind: str
    given: Any

    def refusal(self) -> str:
        """What it is refused with; empty if it is accepted. Any other error escapes."""
        try:
            _PARSERS[self.kind](self.given)
        except RulesInvalid as error:
            return str(error) or "refused"
        return ""


_PARSERS: Mapping[str, Callable[[Any], object]] = {
    "document": lambda raw: json.dumps(parse_rules(raw).canonical(), allow_nan=False).encode(),
    "layer": lambda raw: layered(SON, parse_layer(raw)),
    "json": loads_rules,
    "text": parse_text,
    "rules text": parse_rules_text,
}


def hostile_documents(seed: int, count: int) -> Iterator[Hostile]:
    """Yield documents, layers, JSON texts and text forms that are wrong in many ways, or nearly right."""
    rnd = Random(seed)  # noqa: S311  chooses what to try, guards nothing
    valid = parse_rules_text(VALID).canonical()
    make: list[Callable[[], Hostile]] = [
        lambda: Hostile("document", _bad(valid, rnd)),
        lambda: Hostile("layer", _bad(LAYER, rnd)),
        lambda: Hostile("json", _garbled(json.dumps(_bad(valid, rnd)), rnd)),
        lambda: Hostile("text", " ".join(rnd.choices(PIECES, k=rnd.choice([1, 5, 20, 2_000])))),
        lambda: Hostile("rules text", _garbled(VALID, rnd)),
    ]
    for number in range(count):
        yield make[number % len(make)]()


def _bad(valid: Mapping[str, Any], rnd: Random) -> Any:
    raw: Any = copy.deepcopy(dict(valid))
    for _ in range(rnd.randint(1, 3)):
        if raw:
            _spoil(raw, rnd)
    return raw


def _spoil(raw: Any, rnd: Random) -> None:
    """Replace, drop, double, stretch or bury one thing."""
    holder, key = rnd.choice(_places(raw))
    way = rnd.choice(["drop", "add", "bury", "double", "stretch", "replace"])
    if way == "drop" and isinstance(holder, dict):
        del holder[key]
    elif way == "add" and isinstance(holder, dict):
        name = rnd.choice(["x", "op", "all", "n", "price", "id", "tags", "\x00", "\ud800", *TREES])
        holder[name] = copy.deepcopy(rnd.choice(RUBBISH))
    elif way == "bury":
        for _ in range(rnd.choice([3, 40, 200])):
            holder[key] = {rnd.choice(["not", "all", "add"]): holder[key]}
    elif way == "double" and isinstance(holder, list):
        holder.extend([holder[key]] * rnd.choice([2, 100]))
    elif way == "stretch" and isinstance(holder[key], (int, float)):
        holder[key] = rnd.choice([holder[key] * 1_000, -holder[key], 1e9, 1e-320, 500, 501])
    else:
        holder[key] = copy.deepcopy(rnd.choice(RUBBISH))


def _places(raw: Any) -> list[tuple[Any, Any]]:
    places: list[tuple[Any, Any]] = []
    waiting = [raw]
    while waiting:
        item = waiting.pop()
        places += [(item, key) for key in (item if isinstance(item, dict) else range(len(item)))]
        below = item.values() if isinstance(item, dict) else item
        waiting += [child for child in below if isinstance(child, (dict, list)) and child]
    return places


def _garbled(text: str, rnd: Random) -> str:
    """The text with pieces cut out, doubled, blown up or strewn in."""
    for _ in range(rnd.randint(0, 3)):
        at = rnd.randrange(len(text) + 1)
        end = min(len(text), at + rnd.choice([1, 5, 60]))
        text = rnd.choice(
            [
                text[:at] + text[end:],
                text[:end] + text[at:],
                text[:at]
                + rnd.choice(['"', "{", "[" * 3_000, "1e999", "9" * 4_300, "\x00", "NaN", "\u0664", "not "])
                + text[at:],
                text[:at] + rnd.choice(PIECES) * rnd.choice([1, 300]) + text[at:],
                text[:at] + '{"schema": 2, "schema": 1,' + text[at:],
            ]
        )
    return text


def run_benchmark(documents: int = DOCUMENTS) -> dict[str, Any]:
    """Refuse them all, and tell how long that took at worst."""
    next(hostile_documents(0, 1)).refusal()  # the list of time zones is read once
    took: list[float] = []
    refused = 0
    for hostile in hostile_documents(2026, documents):
        said, spent = _timed(hostile)
        refused += bool(said)
        # What seems slow is timed again: the process may have collected garbage just then.
        took.append(spent if spent < LIMIT_MS / 10 else min(spent, *(_timed(hostile)[1] for _ in range(2))))
    took.sort()
    return {
        "documents": documents,
        "refused": refused,
        "median_ms": round(took[len(took) // 2], 3),
        "worst_ms": round(took[-1], 2),
        "over_50_ms": sum(one > LIMIT_MS for one in took),
    }


def _timed(hostile: Hostile) -> tuple[str, float]:
    began = time.process_time()
    said = hostile.refusal()
    return said, (time.process_time() - began) * 1_000
