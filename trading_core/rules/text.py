"""The text form of rules: what a person reads and may write."""

from __future__ import annotations

from decimal import Decimal

from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Condition,
    Named,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
)
from trading_core.rules.operands import (
    MOVING,
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
    number,
)
from trading_core.rules.operators import OPERATORS

_SIGNS = {Arithmetic.ADD: "+", Arithmetic.SUB: "-", Arithmetic.MUL: "*", Arithmetic.DIV: "/"}
_PLAIN_FROM = 1e-12
"""Numbers larger than this are written without an exponent."""
_LOOSE = (Arithmetic.ADD, Arithmetic.SUB)

_OR, _AND, _NAME, _NOT, _TIGHT = 0, 1, 2, 3, 4
"""How strongly a node's text holds together: needed to know where brackets go."""


def to_text(node: Node) -> str:
    """Return the text that ``parse_text`` turns back into the same node."""
    return _text(node)[0]


def rules_text(rules: RuleSet) -> str:
    """Return the text that ``parse_rules_text`` turns back into the same rule-set."""
    head = [f"expires = {rules.expires}\n"] if rules.expires != 1 else []
    trees = [f"[{name}]\n{_lines(tree)}\n" for name, tree in rules.trees() if tree is not None]
    return "\n".join([*head, *trees])


def _lines(tree: Node) -> str:
    """A tree's text, what its root joins on a line each."""
    if not isinstance(tree, (All, AnyOf)) or len(tree.nodes) == 1:
        return to_text(tree)
    word, level = ("and", _AND) if isinstance(tree, All) else ("or", _OR)
    return f"\n{word} ".join(_bracketed(child, level + 1) for child in tree.nodes)


def _text(node: Node) -> tuple[str, int]:
    if isinstance(node, (Compare, Range, Trend)):
        return condition_text(node), _TIGHT
    if isinstance(node, All):
        return _joined(node.nodes, "and", "all", _AND)
    if isinstance(node, AnyOf):
        return _joined(node.nodes, "or", "any", _OR)
    if isinstance(node, Named):
        return _named(node)
    if isinstance(node, Not):
        return f"not {_bracketed(node.node, _NOT)}", _NOT
    if isinstance(node, AtLeast):
        return f"at least {node.k} of ({_listed(node.nodes)})", _TIGHT
    held = _bracketed(node.node, _TIGHT)
    if node.kind == "count":
        return f"{held} at least {node.k} in {node.n}", _TIGHT
    return f"{held} {node.kind} {node.n}", _TIGHT


def _named(node: Named) -> tuple[str, int]:
    name = [] if node.id is None else [f"{node.id}:"]
    tags = [f"#{tag}" for tag in node.tags]
    return " ".join([*name, _bracketed(node.node, _NOT), *tags]), _NAME


def _joined(nodes: tuple[Node, ...], word: str, name: str, level: int) -> tuple[str, int]:
    if len(nodes) == 1:
        return f"{name}({_text(nodes[0])[0]})", _TIGHT
    # One step tighter, so that a conjunction inside a conjunction keeps its brackets.
    return f" {word} ".join(_bracketed(child, level + 1) for child in nodes), level


def _bracketed(node: Node, level: int) -> str:
    text, holds = _text(node)
    return text if holds >= level else f"({text})"


def _listed(nodes: tuple[Node, ...]) -> str:
    return ", ".join(_text(child)[0] for child in nodes)


def condition_text(condition: Condition) -> str:
    """The text of one condition."""
    left = operand_text(condition.left)
    word = OPERATORS[condition.op].text
    if isinstance(condition, Compare):
        return f"{left} {word} {operand_text(condition.right)}"
    if isinstance(condition, Range):
        return f"{left} {word} {operand_text(condition.low)} and {operand_text(condition.high)}"
    return f"{left} {word} {condition.n}"


def operand_text(operand: Operand) -> str:
    """The text of an operand."""
    if isinstance(operand, Constant):
        return number_text(operand.value)
    if isinstance(operand, Combined):
        return _combined_text(operand)
    if isinstance(operand, (Change, Slope, Percentile)):
        return f"{MOVING[type(operand)]}({operand_text(operand.of)}, {operand.n})"
    if isinstance(operand, (Price, Value)):
        return _placed(operand)
    return _plain_text(operand)


def _plain_text(operand: Ticker | Clock | Session | Fact) -> str:
    if isinstance(operand, Ticker):
        return f"{operand.symbol}:{operand.field}" if operand.symbol else operand.field
    if isinstance(operand, Clock):
        return operand.field if operand.zone == "UTC" else f"{operand.field}({operand.zone})"
    if isinstance(operand, Session):
        return f"session({operand.name})"
    return f"{operand.scope}.{operand.field}"


def number_text(value: float) -> str:
    """The digits of a number, as short as they can be."""
    text = repr(number(value))
    if "e" in text and abs(value) > _PLAIN_FROM:
        return format(Decimal(text), "f")
    return text


def _placed(operand: Price | Value) -> str:
    before = f"{operand.symbol}:" if operand.symbol else ""
    timeframe = f"@{operand.timeframe}" if operand.timeframe else ""
    offset = f"[{operand.offset}]" if operand.offset else ""
    if isinstance(operand, Price):
        return f"{before}{operand.field}{timeframe}{offset}"
    parts = [number_text(value) for _, value in operand.params]
    if operand.source is not None:
        parts.append(operand_text(operand.source))
    output = "" if operand.output == "value" else f".{operand.output}"
    return f"{before}{operand.indicator}({', '.join(parts)}){output}{timeframe}{offset}"


def _combined_text(operand: Combined) -> str:
    loose = operand.operation in _LOOSE
    left, right = (operand_text(part) for part in (operand.left, operand.right))
    if not loose and isinstance(operand.left, Combined) and operand.left.operation in _LOOSE:
        left = f"({left})"
    if isinstance(operand.right, Combined) and (not loose or operand.right.operation in _LOOSE):
        right = f"({right})"
    return f"{left} {_SIGNS[operand.operation]} {right}"
