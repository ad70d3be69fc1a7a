"""Documents to rule-sets, refusing with the exact place what can't be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.rules.checks import check_condition, check_depth, lasting, named
from trading_core.rules.cost import check_cost
from trading_core.rules.limits import MAX_BYTES, MAX_DEPTH, MAX_EXPIRES, MAX_LOOKBACK, MAX_TREND
from trading_core.rules.migrations import migrate
from trading_core.rules.model import (
    TREES,
    All,
    AnyOf,
    AtLeast,
    Compare,
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


def parse_rules(raw: object) -> RuleSet:
    """Return the rule-set a document (parsed JSON) of any known schema describes.

    Raise RulesInvalid with the path of the first thing that is wrong.
    """
    if not isinstance(raw, dict):
        raise RulesInvalid("", f"expected an object, was {type(raw).__name__}")
    document = migrate(raw)
    check_keys(document, "", required=("schema",), optional=("expires", *TREES))
    expires = whole(document.get("expires", 1), "expires", 1, MAX_EXPIRES)
    budget = Budget()
    trees = {
        name: parse_node(document[name], name, budget) for name in TREES if document.get(name) is not None
    }
    rules = RuleSet(**trees, expires=expires)
    check_rules(rules)
    return rules


def loads_rules(text: str | bytes) -> RuleSet:
    """Return the rule-set of a JSON text of at most 32 KiB; raise RulesInvalid."""
    try:
        raw = loads(text, max_bytes=MAX_BYTES)
    except InvalidInput as e:
        raise RulesInvalid(e.path, e.reason) from e
    return parse_rules(raw)


def check_rules(rules: RuleSet) -> None:
    """Raise RulesInvalid if there is no tree, one is too large, or all together cost too much."""
    if not any(tree for _, tree in rules.trees()):
        raise RulesInvalid("", f"expected at least one of {', '.join(TREES)}")
    for name, tree in rules.trees():
        if tree is not None:
            check_tree(tree, name)
    check_cost(rules)


def check_tree(tree: Node, path: str) -> None:
    """Raise RulesInvalid if a tree is deeper than may be or looks back too far."""
    check_depth(tree, path)
    check_reach(tree, path)


def parse_node(raw: object, path: str, budget: Budget) -> Node:
    """Return the node a document describes; raise RulesInvalid."""
    return _node(raw, path, budget, 1)


def _node(raw: object, path: str, budget: Budget, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise RulesInvalid(path, f"expected at most {MAX_DEPTH} levels")
    if not isinstance(raw, dict):
        raise RulesInvalid(path, f"expected a condition or a node, was {type(raw).__name__}")
    budget.node(path)
    for key in ("id", "tags"):
        if key in raw and raw[key] is None:
            raise RulesInvalid(f"{path}.{key}", "expected a value; leave the key away for none")
    body = {key: value for key, value in raw.items() if key not in ("id", "tags")}
    return named(_bare(body, path, budget, depth), raw.get("id"), raw.get("tags", []), path, budget)


def _bare(raw: dict[str, Any], path: str, budget: Budget, depth: int) -> Node:
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
    return lasting(Count(1, n, _node(body["of"], f"{path}.of", budget, depth), "within"), f"{path}.of")


def _for(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("n", "of"))
    n = whole(body["n"], f"{path}.n", 1, MAX_LOOKBACK)
    return lasting(Count(n, n, _node(body["of"], f"{path}.of", budget, depth), "for"), f"{path}.of")


def _count(raw: object, path: str, budget: Budget, depth: int) -> Node:
    body = _object(raw, path, ("k", "n", "of"))
    n = whole(body["n"], f"{path}.n", 1, MAX_LOOKBACK)
    k = whole(body["k"], f"{path}.k", 1, n)
    return lasting(Count(k, n, _node(body["of"], f"{path}.of", budget, depth)), f"{path}.of")


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
    return check_condition(Trend(left, name, whole(raw["n"], f"{path}.n", 1, MAX_TREND)), path)
