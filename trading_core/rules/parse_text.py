"""Text to nodes: ``rsi(14)@15m < 30 and ema(9) crosses above ema(21) within 3``.

From loosest to tightest: ``or``, ``and``, a name in front (``dip: rsi(14) < 30``) and tags behind
(``#cheap``), ``not``, then what follows a condition: ``within n``, ``for n``, ``at least k in n``.
Brackets group; ``at least k of (a, b, c)`` stands for itself. A whole rule-set is written tree by tree
under headers such as ``[long]``, with a line ``expires = 3`` if a signal lives longer than a candle.
"""

from __future__ import annotations

import re

from trading_core.errors import RulesInvalid
from trading_core.rules.checks import check_condition, lasting, named
from trading_core.rules.limits import MAX_BYTES, MAX_EXPIRES, MAX_LOOKBACK
from trading_core.rules.model import (
    TREES,
    All,
    AnyOf,
    AtLeast,
    Compare,
    Count,
    Node,
    Not,
    Range,
    RuleSet,
    Trend,
)
from trading_core.rules.operators import OPERATORS, Form
from trading_core.rules.parse import check_rules, check_tree
from trading_core.rules.parse_operand_text import OperandReader
from trading_core.rules.reading import Budget, whole
from trading_core.rules.words import cut

_HEADER = re.compile(r"\s*\[([a-z_]{1,40})\]\s*")
_EXPIRES = re.compile(r"\s*expires\s*=\s*([0-9]{1,9})\s*")


def parse_text(text: str) -> Node:
    """Return the node a text describes; raise RulesInvalid naming the column."""
    node = _tree(text, Budget(), line=None)
    check_tree(node, "")
    return node


def parse_rules_text(text: str) -> RuleSet:
    """Return the rule-set a text describes; raise RulesInvalid naming line and column."""
    if len(text) > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} characters, were {len(text)}")
    budget = Budget()
    expires: int | None = None
    sections: dict[str, tuple[int, list[str]]] = {}
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.fullmatch(line)
        setting = _EXPIRES.fullmatch(line)
        if header is not None:
            lines = []
            sections[_header(header[1], number, sections)] = (number + 1, lines)
            continue
        if setting is not None:
            if expires is not None:
                raise RulesInvalid(f"line {number}", "expires is said twice")
            expires, line = whole(int(setting[1]), f"line {number}", 1, MAX_EXPIRES), ""
        elif line.strip() and not sections:
            raise RulesInvalid(f"line {number}", "expected a header such as [long]")
        lines.append(line)
    trees = {name: _tree("\n".join(part), budget, line=first) for name, (first, part) in sections.items()}
    rules = RuleSet(**trees, expires=expires or 1)
    check_rules(rules)
    return rules


def _header(name: str, line: int, seen: dict[str, tuple[int, list[str]]]) -> str:
    if name not in TREES:
        raise RulesInvalid(f"line {line}", f"expected one of {', '.join(TREES)}, was {name!r}")
    if name in seen:
        raise RulesInvalid(f"line {line}", f"[{name}] appears twice")
    return name


def _tree(text: str, budget: Budget, *, line: int | None) -> Node:
    reader = _Reader(cut(text, line=line), budget)
    node = reader.either()
    reader.end()
    return node


class _Reader(OperandReader):
    """Reads nodes; operands are read by the parent class."""

    def either(self) -> Node:
        """``a or b``."""
        nodes = [self._both()]
        while self.take("or"):
            nodes.append(self._both())
        if len(nodes) == 1:
            return nodes[0]
        self.budget.node(self.word.path)
        return AnyOf(tuple(nodes))

    def _both(self) -> Node:
        nodes = [self._named()]
        while self.take("and"):
            nodes.append(self._named())
        if len(nodes) == 1:
            return nodes[0]
        self.budget.node(self.word.path)
        return All(tuple(nodes))

    def _named(self) -> Node:
        place = self.word.path
        name = self.next().text[:-1] if self.word.kind == "label" else None
        node = self._negated()
        tags: list[str] = []
        while self.word.kind == "tag":
            tags.append(self.next().text[1:])
        return named(node, name, tags, place, self.budget)

    def _negated(self) -> Node:
        if self.take("not"):
            self.budget.node(self.word.path)
            with self.nested():
                return Not(self._negated())
        return self._lasting()

    def _lasting(self) -> Node:
        place = self.word.path
        node = self._single()
        while self.word.text in ("within", "for", "at"):
            word = self.next()
            self.budget.node(word.path)
            if word.text == "at":
                self.expect("least")
                k = self.count(MAX_LOOKBACK)
                self.expect("in")
                n = self.count(MAX_LOOKBACK)
                node = lasting(Count(whole(k, word.path, 1, n), n, node), place)
            else:
                n = self.count(MAX_LOOKBACK)
                node = lasting(Count(1 if word.text == "within" else n, n, node, word.text), place)
        return node

    def _single(self) -> Node:
        word = self.word
        if word.text == "at":
            return self._at_least()
        if word.text in ("all", "any"):
            self.next()
            self.budget.node(word.path)
            nodes = self._list()
            return All(nodes) if word.text == "all" else AnyOf(nodes)
        if word.text == "(" and self.at in self.holding:
            self.next()
            with self.nested():
                node = self.either()
            self.expect(")")
            return node
        return self._condition()

    def _at_least(self) -> Node:
        word = self.next()
        self.budget.node(word.path)
        self.expect("least")
        k = self.count(MAX_LOOKBACK)
        self.expect("of")
        nodes = self._list()
        return AtLeast(whole(k, word.path, 1, len(nodes)), nodes)

    def _list(self) -> tuple[Node, ...]:
        self.expect("(")
        with self.nested():
            nodes = [self.either()]
            while self.take(","):
                nodes.append(self.either())
        self.expect(")")
        return tuple(nodes)

    def _condition(self) -> Node:
        place = self.word.path
        self.budget.node(place)
        left = self.operand()
        name = self._operator()
        form = OPERATORS[name].form
        if form is Form.TREND:
            n = self.count(MAX_LOOKBACK) if self.word.kind == "number" else 1
            return check_condition(Trend(left, name, n), place)
        first = self.operand()
        if form is Form.COMPARE:
            return check_condition(Compare(left, name, first), place)
        self.expect("and")
        return check_condition(Range(left, name, first, self.operand()), place)

    def _operator(self) -> str:
        word = self.next()
        name = word.text
        if name == "crosses":
            way = self.next().text
            name = f"crosses_{way}"
        if name not in OPERATORS:
            raise RulesInvalid(
                word.path, f"expected an operator ({', '.join(o.text for o in OPERATORS.values())})"
            )
        return name
