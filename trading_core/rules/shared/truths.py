"""The truth of every cell of a layout, close after close."""

from __future__ import annotations

import numpy as np

from trading_core.market.candle import Floats
from trading_core.rules import truth as t
from trading_core.rules.shared.formulas import FALSE, UNKNOWN
from trading_core.rules.shared.layout import Group, Layout
from trading_core.rules.truth import CROSSES, Order, Truth

_NOW = {op: now for op, (_, now) in CROSSES.items()}
_WAS = {op: was for op, (was, _) in CROSSES.items()}


class Truths:
    """Remembers what earlier closes are needed for: a crossing's last order, a count's last n - 1 truths."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is known of earlier closes."""
        self._layout = layout
        tests = layout.tests
        # One table for all comparisons: what an operator says of each order.
        self._now = np.array([t.SAYS[_NOW.get(op, op)] for op in tests.ops]).reshape(-1)
        self._was = np.array([t.SAYS[_WAS.get(op, op)] for op in tests.ops]).reshape(-1)
        self._op = (tests.op * t.ORDERS)[:, np.newaxis]
        self._before = np.full((len(tests.op) - tests.plain, 1), t.NEITHER, dtype=np.uint8)
        self._kept = {
            place: np.full((len(group.parts), group.n - 1), t.UNKNOWN, dtype=np.uint8)
            for place, group in enumerate(layout.groups)
            if group.kind == "count"
        }

    def step(self, numbers: Floats) -> Truth:
        """Go on over closes whose numbers are given, [sources, closes]; return [cells, closes]."""
        truth = np.empty((self._layout.cells, numbers.shape[1]), dtype=np.uint8)
        truth[UNKNOWN] = t.UNKNOWN
        truth[FALSE] = t.FALSE
        tests = self._layout.tests
        if len(tests.op):
            order = t.order(numbers[tests.left], numbers[tests.right])
            first = FALSE + 1
            truth[first : first + len(order)] = self._tested(order)
        for place, group in enumerate(self._layout.groups):
            parts = truth[group.parts]
            truth[group.start : group.stop] = (
                self._counted(place, group, parts) if group.kind == "count" else _gathered(group, parts)
            )
        return truth

    def _tested(self, order: Order) -> Truth:
        said = self._now.take(self._op + order)
        plain = self._layout.tests.plain
        if plain < len(order):
            crossing = np.concatenate((self._before, order[plain:]), axis=1)
            self._before = crossing[:, -1:]
            held = self._was.take(self._op[plain:] + crossing[:, :-1])
            said[plain:] = t.both(said[plain:], held)
        return said

    def _counted(self, place: int, group: Group, parts: Truth) -> Truth:
        seen = np.concatenate((self._kept[place], parts), axis=1)
        self._kept[place] = seen[:, seen.shape[1] - group.n + 1 :]
        return t.counted(seen, group.k, group.n)[:, group.n - 1 :]


def _gathered(group: Group, parts: Truth) -> Truth:
    if group.kind == "not":
        return t.opposite(parts)
    if group.kind == "least":
        trues = np.add.reduceat((parts == t.TRUE).astype(np.int32), group.edges, axis=0)
        unknowns = np.add.reduceat((parts == t.UNKNOWN).astype(np.int32), group.edges, axis=0)
        return t.enough(trues, unknowns, group.k)
    fold = np.minimum if group.kind == "all" else np.maximum
    return np.asarray(fold.reduceat(parts, group.edges, axis=0))
