"""``/control/faults``: set faults, look at them, take them away."""

from __future__ import annotations

import re
from typing import Any

from trading_core.simulator.refusals import SimRefused
from trading_core.venue.exchange import Outcome
from trading_core.venue.faults import (
    candles,
    clocks,
    events,
    messages,
    outages,
    requests,
    sockets,
    visibility,
)
from trading_core.venue.faults.active import Fault, Where
from trading_core.venue.hub import Venue

FAMILIES = (requests, messages, sockets, candles, visibility, clocks, outages, events)
KINDS: dict[str, dict[str, object]] = {kind: params for f in FAMILIES for kind, params in f.KINDS.items()}
"""Every kind with its parameters and their defaults."""

FAULTS_MAX = 1_000
_NUMBER_MAX = 1 << 53
_CHOICES: dict[str, tuple[object, ...]] = {
    "state": ("active", "revoked", "expired"),
    "status": ("Trading", "Delivering", "Closed"),
    "side": ("Buy", "Sell"),
}
_RANGES: dict[str, tuple[int, int]] = {
    "clock_jump.ms": (-86_400_000, 86_400_000), "ms": (0, 600_000), "reset_ms": (-60_000, 600_000),
    "http.status": (400, 599), "code": (1, 10_000_000), "ppm": (-500_000, 500_000), "lots": (0, 10**12),
    "leverage": (1, 100), "rate_e8": (-10_000_000, 10_000_000),
}  # fmt: skip


class FaultInvalid(Exception):
    """A fault that can't be set; ``field`` names the place."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def listed(venue: Venue) -> list[dict[str, Any]]:
    """Every fault in force with how often it met and struck."""
    return [fault.told() for fault in venue.faults]


def set_faults(venue: Venue, specs: Any, outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Put faults in force, all or none; raise FaultInvalid, or SimRefused for an event that can't happen."""
    if not isinstance(specs, list) or not specs or len(specs) + len(listed(venue)) > FAULTS_MAX:
        raise FaultInvalid("faults", f"expected a list of 1 to {FAULTS_MAX} faults")
    parsed = [_parse(venue, spec, f"faults[{index}]") for index, spec in enumerate(specs)]
    told = []
    for spec in parsed:
        fault = venue.faults.add(**spec)
        try:
            _begin(venue, fault, outcomes)
        except SimRefused:
            venue.faults.remove(fault.number)
            raise
        told.append(fault.told())
    return told


def _begin(venue: Venue, fault: Fault, outcomes: list[Outcome]) -> None:
    if fault.kind in events.KINDS:
        outcomes.append(events.happen(venue, fault))
    elif fault.kind in sockets.KINDS:
        sockets.begin(venue, fault)
    elif fault.kind in outages.KINDS:
        outages.begin(venue, fault)
    elif fault.kind in candles.KINDS:
        candles.begin(fault, venue.exchange.clock_ms)
    elif fault.kind in clocks.KINDS:
        clocks.apply(venue.faults)


def remove(venue: Venue, number: int | None) -> int:
    """Take a fault out of force (None: all); how many there were."""
    chosen = [fault for fault in venue.faults if number in (None, fault.number)]
    for fault in chosen:
        venue.faults.remove(fault.number)
        if fault.kind in sockets.KINDS:
            sockets.end(fault)
        elif fault.kind in outages.KINDS:
            outages.end(venue)
    clocks.apply(venue.faults)
    return len(chosen)


def _parse(venue: Venue, spec: Any, at: str) -> dict[str, Any]:
    if not isinstance(spec, dict):
        raise FaultInvalid(at, "expected an object")
    unknown = spec.keys() - {"kind", "where", "params", "probability", "nth", "count", "seed"}
    if unknown:
        raise FaultInvalid(f"{at}.{min(map(str, unknown))}", "not a field of a fault")
    kind = spec.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise FaultInvalid(f"{at}.kind", f"expected one of {', '.join(sorted(KINDS))}")
    where = _where(venue, kind, spec.get("where", {}), f"{at}.where")
    probability = spec.get("probability", 1.0)
    if not isinstance(probability, int | float) or isinstance(probability, bool) or not 0 < probability <= 1:
        raise FaultInvalid(f"{at}.probability", "expected a number above 0 and up to 1")
    nth, count = spec.get("nth"), spec.get("count")
    if count is None and nth is not None:
        count = 1
    for name, value in (("nth", nth), ("count", count), ("seed", spec.get("seed"))):
        if value is not None and (type(value) is not int or not 0 < value <= _NUMBER_MAX):
            raise FaultInvalid(f"{at}.{name}", "expected a positive whole number")
    return {
        "kind": kind, "where": where, "params": _params(kind, spec.get("params", {}), f"{at}.params"),
        "seed": spec.get("seed"), "probability": float(probability), "nth": nth or 1, "count": count,
    }  # fmt: skip


def _where(venue: Venue, kind: str, where: Any, at: str) -> Where:
    if not isinstance(where, dict) or where.keys() - {"uid", "path", "topic", "symbol"}:
        raise FaultInvalid(at, "expected an object with any of uid, path, topic, symbol")
    uid = where.get("uid")
    number = int(uid) if isinstance(uid, str) and re.fullmatch("[0-9]{1,9}", uid) else None
    if uid is not None and number not in venue.exchange.accounts:
        raise FaultInvalid(f"{at}.uid", "expected the uid of an account, as text")
    if uid is None and kind in events.ON_ACCOUNT:
        raise FaultInvalid(f"{at}.uid", f"{kind} happens to an account")
    for name in ("path", "topic", "symbol"):
        if where.get(name) is not None and not isinstance(where[name], str):
            raise FaultInvalid(f"{at}.{name}", "expected text")
    symbol = where.get("symbol")
    if symbol is None and kind in events.ON_SYMBOL:
        raise FaultInvalid(f"{at}.symbol", f"{kind} happens on a symbol")
    if symbol is not None and symbol not in venue.exchange.source.instruments:
        raise FaultInvalid(f"{at}.symbol", "expected a symbol of this market")
    return Where(number, where.get("path"), where.get("topic"), symbol)


def _params(kind: str, given: Any, at: str) -> dict[str, Any]:
    defaults = KINDS[kind]
    if not isinstance(given, dict) or given.keys() - defaults.keys():
        raise FaultInvalid(at, f"expected an object with any of {', '.join(defaults) or 'nothing'}")
    for name, value in given.items():
        choices = _CHOICES.get(name, ()) if kind != "http" else ()
        if choices and value not in choices:
            raise FaultInvalid(f"{at}.{name}", f"expected one of {', '.join(map(str, choices))}")
        if type(value) is not type(defaults[name]):
            raise FaultInvalid(f"{at}.{name}", f"expected {type(defaults[name]).__name__}")
        low, high = _RANGES.get(f"{kind}.{name}") or _RANGES.get(name) or (-_NUMBER_MAX, _NUMBER_MAX)
        if type(value) is int and not low <= value <= high:
            raise FaultInvalid(f"{at}.{name}", f"expected {low} to {high}")
    return {**defaults, **given}
