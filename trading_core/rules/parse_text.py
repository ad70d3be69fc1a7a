"""Text to nodes: ``rsi(14)@15m < 30 and ema(9) crosses above ema(21) within 3``.

From loosest to tightest: ``or``, ``and``, ``not``, then what follows a condition: ``within n``,
``for n``, ``at least k in n``. Brackets group; ``at least k of (a, b, c)`` stands for itself.
"""

from __future__ import annotations

from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_DEPTH, MAX_LOOKBACK
from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Count,
    Node,
    Not,
    Range,
    Trend,
)
from trading_core.rules.operators import OPERATORS, Form
from trading_core.rules.parse import check_condition
from trading_core.rules.parse_operand_text import OperandReader
from trading_core.rules.reading import whole
from trading_core.rules.requirements import check_reach
from trading_core.rules.words import cut

_TOO_DEEP = f"expected at most {MAX_DEPTH} levels"


def parse_text(text: str) -> Node:
    """Return the node a text describes; raise RulesInvalid naming the column."""
    reader = _Reader(cut(text))
    node = reader.either(1)
    reader.end()
    check_depth(node)
    check_reach(node, "")
    return node


def check_depth(node: Node) -> None:
    """Raise RulesInvalid if the node is deeper than a document may be."""
    level: list[tuple[Node, int]] = [(node, 1)]
    while level:
        item, depth = level.pop()
        if depth > MAX_DEPTH:
            raise RulesInvalid("", _TOO_DEEP)
        if isinstance(item, (All, AnyOf, AtLeast)):
            level.extend((child, depth + 1) for child in item.nodes)
        elif isinstance(item, (Not, Count)):
            level.append((item.node, depth + 1))


class _Reader(OperandReader):
    """Reads nodes; operands are read by the parent class."""

    def either(self, depth: int) -> Node:
        """``a or b``."""
        nodes = [self._both(depth)]
        while self.take("or"):
            nodes.append(self._both(depth))
        if len(nodes) == 1:
            return nodes[0]
        self.budget.node(self.word.path)
        return AnyOf(tuple(nodes))

    def _both(self, depth: int) -> Node:
        nodes = [self._negated(depth)]
        while self.take("and"):
            nodes.append(self._negated(depth))
        if len(nodes) == 1:
            return nodes[0]
        self.budget.node(self.word.path)
        return All(tuple(nodes))

    def _negated(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RulesInvalid(self.word.path, _TOO_DEEP)
        if self.take("not"):
            self.budget.node(self.word.path)
            return Not(self._negated(depth + 1))
        return self._lasting(depth)

    def _lasting(self, depth: int) -> Node:
        node = self._single(depth)
        while self.word.text in ("within", "for", "at"):
            word = self.next()
            self.budget.node(word.path)
            if word.text == "at":
                self.expect("least")
                k = self.count(MAX_LOOKBACK)
                self.expect("in")
                n = self.count(MAX_LOOKBACK)
                node = Count(whole(k, word.path, 1, n), n, node)
            else:
                n = self.count(MAX_LOOKBACK)
                node = Count(1 if word.text == "within" else n, n, node, word.text)
        return node

    def _single(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RulesInvalid(self.word.path, _TOO_DEEP)
        word = self.word
        if word.text == "at":
            return self._at_least(depth)
        if word.text in ("all", "any"):
            self.next()
            self.budget.node(word.path)
            nodes = self._list(depth + 1)
            return All(nodes) if word.text == "all" else AnyOf(nodes)
        if word.text == "(" and self.at in self.holding:
            self.next()
            node = self.either(depth + 1)
            self.expect(")")
            return node
        return self._condition(depth)

    def _at_least(self, depth: int) -> Node:
        word = self.next()
        self.budget.node(word.path)
        self.expect("least")
        k = self.count(MAX_LOOKBACK)
        self.expect("of")
        nodes = self._list(depth + 1)
        return AtLeast(whole(k, word.path, 1, len(nodes)), nodes)

    def _list(self, depth: int) -> tuple[Node, ...]:
        self.expect("(")
        nodes = [self.either(depth)]
        while self.take(","):
            nodes.append(self.either(depth))
        self.expect(")")
        return tuple(nodes)

    def _condition(self, depth: int) -> Node:
        place = self.word.path
        self.budget.node(place)
        left = self.operand(depth + 1)
        name = self._operator()
        form = OPERATORS[name].form
        if form is Form.TREND:
            n = self.count(MAX_LOOKBACK) if self.word.kind == "number" else 1
            return check_condition(Trend(left, name, n), place)
        first = self.operand(depth + 1)
        if form is Form.COMPARE:
            return check_condition(Compare(left, name, first), place)
        self.expect("and")
        return check_condition(Range(left, name, first, self.operand(depth + 1)), place)

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
