"""A rule-set under another: a layer switches off, replaces and adds, by the names of the base's nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_EXPIRES, MAX_NODES
from trading_core.rules.model import (
    SCHEMA,
    TREES,
    All,
    AnyOf,
    AtLeast,
    Count,
    Named,
    Node,
    Not,
    RuleSet,
    children,
    conditions,
    node_data,
)
from trading_core.rules.parse import parse_node, parse_rules
from trading_core.rules.places import places
from trading_core.rules.reading import Budget, check_keys, one_of, printable, shown, whole

BASES = ("son",)
"""Rule-sets that a layer may extend."""

WAYS = ("all", "any")
"""How an extension is joined to a tree."""


class Origin(StrEnum):
    """Where a condition of the effective rules comes from."""

    BASE = "base"
    OWN = "own"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Extension:
    """A node to be joined to a tree: ``all`` asks for both, ``any`` for one of them."""

    way: str
    node: Node


@dataclass(frozen=True, slots=True)
class Layer:
    """What a rule-set says beside another. Names are those of the base's nodes."""

    extends: str
    override: tuple[tuple[str, Node], ...] = ()
    """What stands in place of a node; it keeps the node's name."""
    disable: tuple[str, ...] = ()
    extend: tuple[tuple[str, Extension], ...] = ()
    """By tree."""
    expires: int | None = None
    """None leaves what the base says."""

    def canonical(self) -> dict[str, Any]:
        """The one document that says this."""
        data: dict[str, Any] = {"schema": SCHEMA, "extends": self.extends}
        if self.override:
            data["override"] = {name: node_data(node) for name, node in self.override}
        if self.disable:
            data["disable"] = list(self.disable)
        if self.extend:
            data["extend"] = {
                tree: {"with": extension.way, "node": node_data(extension.node)}
                for tree, extension in self.extend
            }
        return data if self.expires is None else {**data, "expires": self.expires}


@dataclass(frozen=True, slots=True)
class Effective:
    """What a base and a layer say together."""

    rules: RuleSet
    origins: tuple[Origin, ...]
    """One per condition, in the order of ``RuleSet.conditions``."""


def parse_layer(raw: object) -> Layer:
    """Return the layer a document describes; raise RulesInvalid with the path of the first fault.

    Whether the base has the names is asked when the two are put together.
    """
    if not isinstance(raw, dict):
        raise RulesInvalid("", f"expected an object, was {type(raw).__name__}")
    check_keys(raw, "", required=("schema", "extends"), optional=("override", "disable", "extend", "expires"))
    if isinstance(raw["schema"], bool) or raw["schema"] != SCHEMA:
        raise RulesInvalid("schema", f"expected {SCHEMA}, was {shown(raw['schema'])}")
    budget = Budget()
    return Layer(
        extends=one_of(raw["extends"], "extends", BASES),
        override=tuple(_overrides(_object(raw.get("override", {}), "override"), budget)),
        disable=tuple(_disabled(raw.get("disable", []))),
        extend=tuple(_extensions(_object(raw.get("extend", {}), "extend"), budget)),
        expires=whole(raw["expires"], "expires", 1, MAX_EXPIRES) if "expires" in raw else None,
    )


def _object(raw: object, path: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise RulesInvalid(path, f"expected an object, was {type(raw).__name__}")
    return raw


def _overrides(raw: dict[str, Any], budget: Budget) -> Iterator[tuple[str, Node]]:
    for name, body in raw.items():
        path = f"override.{printable(str(name))}"
        node = parse_node(body, path, budget)
        if isinstance(node, Named) and node.id is not None:
            if node.id != name:
                raise RulesInvalid(f"{path}.id", "a replacement keeps the name; leave the id away")
            node = Named(node.node, None, node.tags) if node.tags else node.node
        yield str(name), node


def _disabled(raw: object) -> Iterator[str]:
    if not isinstance(raw, list) or len(raw) > MAX_NODES:
        raise RulesInvalid("disable", f"expected a list of at most {MAX_NODES} names")
    for i, name in enumerate(raw):
        if not isinstance(name, str):
            raise RulesInvalid(f"disable[{i}]", f"expected a name, was {shown(name)}")
        if name in raw[:i]:
            raise RulesInvalid(f"disable[{i}]", f"{shown(name)} appears twice")
        yield name


def _extensions(raw: dict[str, Any], budget: Budget) -> Iterator[tuple[str, Extension]]:
    check_keys(raw, "extend", required=(), optional=TREES)
    for tree in TREES:
        if tree in raw:
            path = f"extend.{tree}"
            body = _object(raw[tree], path)
            check_keys(body, path, required=("with", "node"))
            way = one_of(body["with"], f"{path}.with", WAYS)
            yield tree, Extension(way, parse_node(body["node"], f"{path}.node", budget))


def layered(base: RuleSet, layer: Layer) -> Effective:
    """Return the effective rules; raise RulesInvalid if a name is not the base's or a bound is broken.

    What is switched off goes with the groups that it leaves empty; ``at_least`` then asks for as many as
    are left, and never for none. A tree without nodes is absent.
    """
    _check_names(base, layer)
    extensions = dict(layer.extend)
    made: dict[str, Node] = {}
    origins: list[Origin] = []
    for name, tree in base.trees():
        origin: list[Origin] = []
        root = None if tree is None else _Weaver(layer, origin).node(tree)
        if name in extensions:
            root = _joined(root, extensions[name])
            origin += [Origin.OWN] * len(conditions(extensions[name].node))
        if root is not None:
            made[name] = root
        origins += origin
    rules = RuleSet(**made, expires=layer.expires or base.expires)
    # Read again: the whole must keep the bounds that its parts keep.
    return Effective(parse_rules(rules.canonical()), tuple(origins))


class _Weaver:
    """Rewrites a tree of the base, noting the origin of each condition that stays."""

    def __init__(self, layer: Layer, origins: list[Origin]) -> None:
        self._override = dict(layer.override)
        self._disable = frozenset(layer.disable)
        self._origins = origins

    def node(self, node: Node) -> Node | None:
        """The node as the layer leaves it; None if nothing is left."""
        if isinstance(node, Named):
            return self._named(node)
        if not children(node):
            self._origins.append(Origin.BASE)
            return node
        kept = tuple(child for child in map(self.node, children(node)) if child is not None)
        return _with(node, kept) if kept else None

    def _named(self, node: Named) -> Node | None:
        if node.id in self._disable:
            return None
        if node.id is not None and node.id in self._override:
            new = self._override[node.id]
            self._origins += [Origin.OVERRIDE] * len(conditions(new))
            return Named(new.node, node.id, new.tags) if isinstance(new, Named) else Named(new, node.id)
        inner = self.node(node.node)
        return None if inner is None else Named(inner, node.id, node.tags)


def _with(node: Node, kept: tuple[Node, ...]) -> Node:
    """A group with what is left of its nodes."""
    if isinstance(node, AtLeast):
        return AtLeast(min(node.k, len(kept)), kept)
    if isinstance(node, (All, AnyOf)):
        return type(node)(kept)
    if isinstance(node, Not):
        return Not(kept[0])
    assert isinstance(node, Count)
    return Count(node.k, node.n, kept[0], node.kind)


def _joined(root: Node | None, extension: Extension) -> Node:
    if root is None:
        return extension.node
    group = All if extension.way == "all" else AnyOf
    return group((*(root.nodes if isinstance(root, group) else (root,)), extension.node))


def _check_names(base: RuleSet, layer: Layer) -> None:
    inside = _enclosing(base)
    changed = {*layer.disable, *(name for name, _ in layer.override)}
    asked = [(f"disable[{i}]", name) for i, name in enumerate(layer.disable)]
    asked += [(f"override.{printable(name)}", name) for name, _ in layer.override]
    for path, name in asked:
        if name not in inside:
            known = ", ".join(inside) or "none"
            raise RulesInvalid(path, f"expected a name of {layer.extends} ({known}), was {shown(name)}")
        if path.startswith("override") and name in layer.disable:
            raise RulesInvalid(path, "is switched off as well; say one of the two")
        for outer in inside[name]:
            if outer in changed:
                raise RulesInvalid(path, f"stands inside {outer}, which the layer changes as a whole")


def _enclosing(base: RuleSet) -> dict[str, tuple[str, ...]]:
    """Every name of the base, with the names around it."""
    found: dict[str, tuple[str, ...]] = {}
    for tree, root in base.trees():
        for _, node in places(root, tree) if root is not None else ():
            if isinstance(node, Named) and node.id is not None:
                found.setdefault(node.id, ())
                for _, below in places(node.node, ""):
                    if isinstance(below, Named) and below.id is not None:
                        found[below.id] = (*found.get(below.id, ()), node.id)
    return found
