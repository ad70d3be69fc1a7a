"""Documents to rule-sets, refusing with the exact place what can't be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.rules.limits import MAX_BYTES, MAX_DEPTH, MAX_LOOKBACK
from trading_core.rules.model import (
    SCHEMA,
    TREES,
    All,
    AnyOf,
    AtLeast,
    Compare,
    Constant,
    Count,
    Node,
    Not,
    Operand,
    Range,
    RuleSet,
    Trend,
)
from trading_core.rules.operators import OPERATORS, Form
from trading_core.rules.parse_operand import parse_operand
from trading_core.rules.reading import Budget, check_keys, one_of, shown, whole
from trading_core.rules.requirements import check_reach
from trading_core.strict_json import loads

_MAX_TREND = 50


def parse_rules(raw: object) -> RuleSet:
    """Return the rule-set a document (parsed JSON) describes.

    Raise RulesInvalid with the path of the first thing that is wrong.
    """
    if not isinstance(raw, dict):
        raise RulesInvalid("", f"expected an object, was {type(raw).__name__}")
    check_keys(raw, "", required=("schema",), optional=TREES)
    if isinstance(raw["schema"], bool) or raw["schema"] != SCHEMA:
        raise RulesInvalid("schema", f"expected {SCHEMA}, was {shown(raw['schema'])}")
    budget = Budget()
    trees = {name: _node(raw[name], name, budget, 1) for name in TREES if raw.get(name) is not None}
    if not trees:
        raise RulesInvalid("", f"expected at least one of {', '.join(TREES)}")
    rules = RuleSet(**trees)
    check_size(rules)
    return rules


def loads_rules(text: str | bytes) -> RuleSet:
    """Return the rule-set of a JSON text of at most 32 KiB; raise RulesInvalid."""
    try:
        raw = loads(text, max_bytes=MAX_BYTES)
    except InvalidInput as e:
        raise RulesInvalid(e.path, e.reason) from e
    return parse_rules(raw)


def check_size(rules: RuleSet) -> None:
    """Raise RulesInvalid if a tree looks back too far; text and JSON pass through here."""
    for name, tree in rules.trees():
        if tree is not None:
            check_reach(tree, name)


def _node(raw: object, path: str, budget: Budget, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise RulesInvalid(path, f"expected at most {MAX_DEPTH} levels")
    if not isinstance(raw, dict):
        raise RulesInvalid(path, f"expected a condition or a node, was {type(raw).__name__}")
    budget.node(path)
    if "op" in raw or "left" in raw:
        return _condition(raw, path, budget, depth)
    if len(raw) != 1:
        raise RulesInvalid(path, f"expected a condition (left, op, ...) or one of {', '.join(_NODES)}")
    ((kind, body),) = raw.items()
    read = _NODES.get(kind)
    if read is None:
        raise RulesInvalid(path, f"expected one of {', '.join(_NODES)}, was {shown(kind)}")
    return read(body, f"{path}.{kind}", budget, depth + 1)


def _list(raw: object, path: str, budget: Budget, depth: int) -> tuple[Node, ...]:
    if not isinstance(raw, list) or not raw:
        raise RulesInvalid(path, "expected a list of at least one node")
    return tuple(_node(child, f"{path}[{i}]", budget, depth) for i, child in enumerate(raw))


def _all(raw: object, path: str, budget: Budget, depth: int) -> Node:
    return All(_list(raw, path, budget, depth))


def _any(raw: object, path: str, budget: Budget, depth: int) -> Node:
    return AnyOf(_list(raw, path, budget, depth))


def _not(raw: object, path: str, budget: Budget, depth: int) -> Node:
    return Not(_node(raw, path, budget, depth))


def _at_least(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("k", "of"))
    nodes = _list(body["of"], f"{path}.of", budget, depth)
    return AtLeast(whole(body["k"], f"{path}.k", 1, len(nodes)), nodes)


def _within(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("n", "of"))
    n = whole(body["n"], f"{path}.n", 1, MAX_LOOKBACK)
    return Count(1, n, _node(body["of"], f"{path}.of", budget, depth), "within")


def _for(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("n", "of"))
    n = whole(body["n"], f"{path}.n", 1, MAX_LOOKBACK)
    return Count(n, n, _node(body["of"], f"{path}.of", budget, depth), "for")


def _count(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("k", "n", "of"))
    n = whole(body["n"], f"{path}.n", 1, MAX_LOOKBACK)
    return Count(whole(body["k"], f"{path}.k", 1, n), n, _node(body["of"], f"{path}.of", budget, depth))


_NODES: Mapping[str, Callable[[object, str, Budget, int], Node]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "at_least": _at_least,
    "within": _within,
    "for": _for,
    "count": _count,
}


def _object(raw: object, path: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise RulesInvalid(path, f"expected an object, was {type(raw).__name__}")
    check_keys(raw, path, required=keys)
    return raw


def _condition(raw: dict[str, Any], path: str, budget: Budget, depth: int) -> Node:
    name = one_of(raw.get("op"), f"{path}.op", tuple(OPERATORS))
    form = OPERATORS[name].form
    more = {Form.COMPARE: ("right",), Form.RANGE: ("low", "high"), Form.TREND: ("n",)}[form]
    check_keys(raw, path, required=("left", "op", *more))

    def operand(key: str) -> Operand:
        return parse_operand(raw[key], f"{path}.{key}", budget, depth + 1)

    left = operand("left")
    if form is Form.COMPARE:
        return check_condition(Compare(left, name, operand("right")), path)
    if form is Form.RANGE:
        return check_condition(Range(left, name, operand("low"), operand("high")), path)
    return check_condition(Trend(left, name, whole(raw["n"], f"{path}.n", 1, _MAX_TREND)), path)


def check_condition(condition: Compare | Range | Trend, path: str) -> Node:
    """Return the condition; raise RulesInvalid if it compares nothing that can change."""
    if isinstance(condition, Trend):
        if condition.n > _MAX_TREND:
            raise RulesInvalid(f"{path}.n", f"expected at most {_MAX_TREND}, was {condition.n}")
        if isinstance(condition.left, Constant):
            raise RulesInvalid(f"{path}.left", "expected something that can change, was a number")
    elif isinstance(condition, Compare):
        if isinstance(condition.left, Constant) and isinstance(condition.right, Constant):
            raise RulesInvalid(path, "expected something that can change, compares two numbers")
    else:
        _check_range(condition, path)
    return condition


def _check_range(condition: Range, path: str) -> None:
    low, high = condition.low, condition.high
    if isinstance(condition.left, Constant):
        raise RulesInvalid(f"{path}.left", "expected something that can change, was a number")
    if isinstance(low, Constant) and isinstance(high, Constant) and low.value >= high.value:
        raise RulesInvalid(f"{path}.low", "expected a low bound below the high bound")
