"""Rule-sets as values: six trees of nodes over conditions over operands."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trading_core.rules.operands import (
    CLOCK_FIELDS,
    FACTS,
    PORTFOLIO_FACTS,
    POSITION_FACTS,
    PRICE_FIELDS,
    TICKERS,
    Arithmetic,
    Change,
    Clock,
    Combined,
    Constant,
    Fact,
    Operand,
    Percentile,
    Price,
    Session,
    Slope,
    Ticker,
    Value,
    atoms,
    number,
    operand_data,
)

__all__ = [
    "CLOCK_FIELDS",
    "FACTS",
    "PORTFOLIO_FACTS",
    "POSITION_FACTS",
    "PRICE_FIELDS",
    "SCHEMA",
    "TICKERS",
    "TREES",
    "All",
    "AnyOf",
    "Arithmetic",
    "AtLeast",
    "Change",
    "Clock",
    "Combined",
    "Compare",
    "Condition",
    "Constant",
    "Count",
    "Fact",
    "Named",
    "Node",
    "Not",
    "Operand",
    "Percentile",
    "Price",
    "Range",
    "RuleSet",
    "Session",
    "Slope",
    "Ticker",
    "Trend",
    "Value",
    "asks_facts",
    "children",
    "conditions",
    "node_data",
    "number",
    "operand_data",
    "operands",
    "outer_counts",
]

SCHEMA = 2
"""The version of the rule-set document; older ones are raised to it when they are read."""

TREES = ("long", "short", "exit_long", "exit_short", "average_long", "average_short")


@dataclass(frozen=True, slots=True)
class Compare:
    """Left against right by one of ``< <= > >= == != crosses_above crosses_below``."""

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


@dataclass(frozen=True, slots=True)
class Named:
    """A node with a name, so that layers can refer to it, and with tags that an entry carries away.

    It says what its node says. Names are unique in a rule-set.
    """

    node: Node
    id: str | None = None
    tags: tuple[str, ...] = ()


Condition = Compare | Range | Trend
Node = Compare | Range | Trend | All | AnyOf | Not | AtLeast | Count | Named


@dataclass(frozen=True)
class RuleSet:
    """What a bot looks for. An absent tree is never true."""

    long: Node | None = None
    short: Node | None = None
    exit_long: Node | None = None
    exit_short: Node | None = None
    average_long: Node | None = None
    average_short: Node | None = None
    expires: int = 1
    """Candles of the bot's timeframe after its close for which an entry signal may be acted on."""

    def trees(self) -> tuple[tuple[str, Node | None], ...]:
        """The trees with their names, in the order of ``TREES``."""
        return tuple((name, getattr(self, name)) for name in TREES)

    def canonical(self) -> dict[str, Any]:
        """The one document that says this: every default filled in, nothing superfluous."""
        said = {name: node_data(tree) for name, tree in self.trees() if tree is not None}
        return {"schema": SCHEMA, "expires": self.expires, **said}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition, tree by tree, from left to right: the order of a verdict's leaves."""
        return tuple(c for _, tree in self.trees() if tree is not None for c in conditions(tree))

    @cached_property
    def counts(self) -> tuple[Count, ...]:
        """Every count that is not below another, tree by tree, from left to right.

        What they say depends on earlier closes, so a verdict keeps their truth behind the conditions'.
        """
        return tuple(c for _, tree in self.trees() if tree is not None for c in outer_counts(tree))

    @cached_property
    def needs_facts(self) -> bool:
        """Whether a condition asks about the position or the portfolio."""
        return any(asks_facts(condition) for condition in self.conditions)


def conditions(node: Node) -> tuple[Condition, ...]:
    """The conditions below a node, from left to right."""
    if isinstance(node, (Compare, Range, Trend)):
        return (node,)
    return tuple(c for child in children(node) for c in conditions(child))


def outer_counts(node: Node) -> tuple[Count, ...]:
    """The counts at and below a node that are not below another count, from left to right."""
    if isinstance(node, Count):
        return (node,)
    return tuple(c for child in children(node) for c in outer_counts(child))


def asks_facts(condition: Condition) -> bool:
    """Whether a condition asks about the position or the portfolio."""
    return any(isinstance(atom, Fact) for operand in operands(condition) for atom in atoms(operand))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    if isinstance(node, (All, AnyOf, AtLeast)):
        return node.nodes
    if isinstance(node, (Not, Count, Named)):
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
    if isinstance(node, Named):
        return {**_name_data(node), **node_data(node.node)}
    if isinstance(node, AtLeast):
        return {"at_least": {"k": node.k, "of": [node_data(child) for child in node.nodes]}}
    body: dict[str, Any] = {"n": node.n, "of": node_data(node.node)}
    return {node.kind: {"k": node.k, **body} if node.kind == "count" else body}


def _name_data(named: Named) -> dict[str, Any]:
    data: dict[str, Any] = {} if named.id is None else {"id": named.id}
    return {**data, "tags": list(named.tags)} if named.tags else data


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
