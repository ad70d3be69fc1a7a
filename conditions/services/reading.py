"""What a draft says: its rules, or every place that is wrong, and what is worth a second look.

A tree of a draft is a node, or its text form as typed. A layer's own nodes may be texts as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.market.timeframe import Timeframe
from trading_core.rules.layers import layered, parse_layer
from trading_core.rules.model import SCHEMA, TREES, Named, Node, RuleSet, children, node_data
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import requirements
from trading_core.rules.son import SON

OWN = "own"
_LONG_WARM_UP_DAYS = 7
_MINUTES_A_DAY = 1_440


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one place of a draft."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft as the platform understands it."""

    rules: RuleSet | None
    """The effective rules; None while there are faults."""
    origins: tuple[str, ...] = ()
    """For each of its conditions: ``base``, ``own`` or ``override``."""
    disabled: tuple[str, ...] = ()
    """Names in SON that the layer switches off."""
    source: dict[str, Any] | None = None
    """The layer with its texts read; None for rules that stand by themselves."""
    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


def read_draft(draft: Mapping[str, Any]) -> Reading:
    """Read a draft; never raises."""
    document, faults = _worded(draft)
    if "extends" in document:
        return _read_layer(document, faults)
    if faults:
        return Reading(None, faults=(*faults, *_tree_faults(document, {fault.path for fault in faults})))
    try:
        rules = parse_rules(document)
    except RulesInvalid as error:
        first = Finding(error.path, error.reason)
        return Reading(None, faults=_distinct([*_tree_faults(document, ()), first]))
    return Reading(rules, (OWN,) * len(rules.conditions), warnings=tuple(_warnings(rules)))


def valid(reading: Reading) -> Reading:
    """Return a reading that has rules; raise RulesInvalid for its first fault."""
    if reading.rules is None:
        first = reading.faults[0]
        raise RulesInvalid(first.path, first.reason)
    return reading


def _read_layer(document: dict[str, Any], faults: list[Finding]) -> Reading:
    if faults:
        return Reading(None, source=document, faults=tuple(faults))
    try:
        layer = parse_layer(document)
        effective = layered(SON, layer)
    except RulesInvalid as error:
        return Reading(None, source=document, faults=(Finding(error.path, error.reason),))
    origins = tuple(origin.value for origin in effective.origins)
    warnings = tuple(_warnings(effective.rules))
    return Reading(effective.rules, origins, layer.disable, layer.canonical(), warnings=warnings)


def _worded(draft: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The draft with every text in place of a node read, and what could not be."""
    document, faults = dict(draft), []

    def node(raw: object, path: str) -> Any:
        if not isinstance(raw, str):
            return raw
        try:
            return node_data(parse_text(raw))
        except RulesInvalid as error:
            faults.append(Finding(f"{path}, {error.path}" if error.path else path, error.reason))
            return raw

    for tree in TREES:
        if isinstance(document.get(tree), str):
            document[tree] = node(document[tree], tree) if document[tree].strip() else None
    override = document.get("override")
    if isinstance(override, dict):
        document["override"] = {name: node(raw, f"override.{name}") for name, raw in override.items()}
    extend = document.get("extend")
    if isinstance(extend, dict):
        document["extend"] = {tree: _extension(raw, f"extend.{tree}", node) for tree, raw in extend.items()}
    return document, faults


def _extension(raw: object, path: str, node: Any) -> object:
    if isinstance(raw, dict) and isinstance(raw.get("node"), str):
        return {**raw, "node": node(raw["node"], f"{path}.node")}
    return raw


def _tree_faults(document: Mapping[str, Any], known: Iterable[str]) -> list[Finding]:
    """The first fault of each tree by itself, so that a person sees them together."""
    found = []
    worded = {path.partition(",")[0] for path in known}
    for tree in TREES:
        if document.get(tree) is None or tree in worded:
            continue
        try:
            parse_rules({"schema": SCHEMA, tree: document[tree]})
        except RulesInvalid as error:
            found.append(Finding(error.path, error.reason))
    return found


def _distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _warnings(rules: RuleSet) -> Iterable[Finding]:
    if rules.long is None and rules.short is None:
        yield Finding("", "no tree enters: a bot could never open a position with these rules")
    for side in ("long", "short"):
        if getattr(rules, side) is not None and getattr(rules, f"exit_{side}") is None:
            yield Finding(f"exit_{side}", "no rule leaves: only stop, target and time stop close a position")
        if getattr(rules, side) is None and getattr(rules, f"exit_{side}") is not None:
            yield Finding(f"exit_{side}", f"never asked: nothing enters {side}")
    for tree, root in rules.trees():
        unnamed = 0 if root is None else _unnamed(root)
        if unnamed:
            some = "a condition has" if unnamed == 1 else f"{unnamed} conditions have"
            yield Finding(tree, f"{some} no name: reports and layers can't refer to them")
    days = _warm_up_days(rules)
    if days > _LONG_WARM_UP_DAYS:
        yield Finding("", f"unknown, so silent, until {days} days of candles are stored")


def _unnamed(node: Node) -> int:
    if isinstance(node, Named) and node.id is not None:
        return 0
    below = children(node)
    return sum(_unnamed(child) for child in below) if below else 1


def _warm_up_days(rules: RuleSet) -> int:
    needed = requirements(rules, symbol="", timeframe=Timeframe.M1)
    minutes = max((count * key[1].ms // 60_000 for key, count in needed.items()), default=0)
    return -(-minutes // _MINUTES_A_DAY)
