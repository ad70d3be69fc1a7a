"""Rule-sets as values: six trees of nodes over conditions over operands."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from trading_core.market.timeframe import Timeframe

SCHEMA = 1
"""The version of the rule-set document."""

TREES = ("long", "short", "exit_long", "exit_short", "average_long", "average_short")

PRICE_FIELDS = ("open", "high", "low", "close", "volume", "hl2", "hlc3")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Price:
    """A field of a closed candle; None means the bot's own timeframe or symbol."""

    field: str
    timeframe: Timeframe | None = None
    offset: int = 0
    """Candles of its own timeframe back."""
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An output of an indicator; ``source`` replaces the close where the indicator has one input."""

    indicator: str
    params: tuple[tuple[str, float], ...]
    output: str
    source: Operand | None = None
    timeframe: Timeframe | None = None
    offset: int = 0
    symbol: str | None = None


class Arithmetic(StrEnum):
    """What can be done with two operands; a division by zero is not ready."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"


@dataclass(frozen=True, slots=True)
class Combined:
    """Two operands combined. Of different series it lives on the bot's candles, else on theirs."""

    operation: Arithmetic
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Change:
    """Percent an operand changed over n candles of its own series."""

    of: Operand
    n: int


@dataclass(frozen=True, slots=True)
class Slope:
    """Slope of the least-squares line through an operand's last n candles, in its unit per candle."""

    of: Operand
    n: int


Operand = Constant | Price | Value | Combined | Change | Slope


@dataclass(frozen=True, slots=True)
class Compare:
    """Left against right by one of ``< <= > >= crosses_above crosses_below``."""

    left: Operand
    op: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Range:
    """``between`` (bounds included) or ``outside`` two operands."""

    left: Operand
    op: str
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class Trend:
    """``rising`` or ``falling`` over each of the last n candles of the operand's own series."""

    left: Operand
    op: str
    n: int


@dataclass(frozen=True, slots=True)
class All:
    """True when all are."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one is."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    node: Node


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True when k of the nodes are."""

    k: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """True when the node was true at k of the last n closes, this one included.

    ``within`` is one of n, ``for`` is n of n.
    """

    k: int
    n: int
    node: Node
    kind: str = "count"
    """``within``, ``for`` or ``count``: how the document said it."""


Condition = Compare | Range | Trend
Node = Compare | Range | Trend | All | AnyOf | Not | AtLeast | Count


@dataclass(frozen=True)
class RuleSet:
    """What a bot looks for. An absent tree is never true."""

    long: Node | None = None
    short: Node | None = None
    exit_long: Node | None = None
    exit_short: Node | None = None
    average_long: Node | None = None
    average_short: Node | None = None

    def trees(self) -> tuple[tuple[str, Node | None], ...]:
        """The trees with their names, in the order of ``TREES``."""
        return tuple((name, getattr(self, name)) for name in TREES)

    def canonical(self) -> dict[str, Any]:
        """The one document that says this: every default filled in, nothing superfluous."""
        said = {name: node_data(tree) for name, tree in self.trees() if tree is not None}
        return {"schema": SCHEMA, **said}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition, tree by tree, from left to right: the order of a verdict's leaves."""
        return tuple(c for _, tree in self.trees() if tree is not None for c in conditions(tree))


def conditions(node: Node) -> tuple[Condition, ...]:
    """The conditions below a node, from left to right."""
    if isinstance(node, (Compare, Range, Trend)):
        return (node,)
    return tuple(c for child in children(node) for c in conditions(child))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    if isinstance(node, (All, AnyOf, AtLeast)):
        return node.nodes
    if isinstance(node, (Not, Count)):
        return (node.node,)
    return ()


def operands(condition: Condition) -> tuple[Operand, ...]:
    """The operands of a condition."""
    if isinstance(condition, Compare):
        return condition.left, condition.right
    if isinstance(condition, Range):
        return condition.left, condition.low, condition.high
    return (condition.left,)


def node_data(node: Node) -> dict[str, Any]:
    """A node as its document."""
    if isinstance(node, (Compare, Range, Trend)):
        return _condition_data(node)
    if isinstance(node, All):
        return {"all": [node_data(child) for child in node.nodes]}
    if isinstance(node, AnyOf):
        return {"any": [node_data(child) for child in node.nodes]}
    if isinstance(node, Not):
        return {"not": node_data(node.node)}
    if isinstance(node, AtLeast):
        return {"at_least": {"k": node.k, "of": [node_data(child) for child in node.nodes]}}
    body: dict[str, Any] = {"n": node.n, "of": node_data(node.node)}
    return {node.kind: {"k": node.k, **body} if node.kind == "count" else body}


def _condition_data(condition: Condition) -> dict[str, Any]:
    data: dict[str, Any] = {"left": operand_data(condition.left), "op": condition.op}
    if isinstance(condition, Compare):
        data["right"] = operand_data(condition.right)
    elif isinstance(condition, Range):
        data["low"] = operand_data(condition.low)
        data["high"] = operand_data(condition.high)
    else:
        data["n"] = condition.n
    return data


def operand_data(operand: Operand) -> Any:
    """An operand as its document: a number or an object."""
    if isinstance(operand, Constant):
        return number(operand.value)
    if isinstance(operand, Combined):
        return {operand.operation.value: [operand_data(operand.left), operand_data(operand.right)]}
    if isinstance(operand, (Change, Slope)):
        name = "change_pct" if isinstance(operand, Change) else "slope"
        return {name: {"of": operand_data(operand.of), "n": operand.n}}
    if isinstance(operand, Price):
        return {"price": operand.field, **_place_data(operand)}
    data: dict[str, Any] = {
        "indicator": operand.indicator,
        "params": {name: number(value) for name, value in operand.params},
        "output": operand.output,
    }
    if operand.source is not None:
        data["source"] = operand_data(operand.source)
    return {**data, **_place_data(operand)}


def _place_data(operand: Price | Value) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if operand.timeframe is not None:
        data["timeframe"] = operand.timeframe.value
    if operand.offset:
        data["offset"] = operand.offset
    if operand.symbol is not None:
        data["symbol"] = operand.symbol
    return data


def number(value: float) -> float:
    """A number without a needless fraction: 30 rather than 30.0."""
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)  # noqa: PLR2004
