"""Where everything stands: a cell for each formula of each symbol it is asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trading_core.rules.operands import Clock, Session
from trading_core.rules.shared.board import Places
from trading_core.rules.shared.formulas import (
    FALSE,
    UNKNOWN,
    Counted,
    Formula,
    Formulas,
    Gathered,
    Program,
    Test,
    parts_of,
)
from trading_core.rules.shared.recipes import Key, Ref, Source, Told
from trading_core.rules.shared.rows import Row
from trading_core.rules.truth import CROSSES

Asked = Sequence[tuple[Program, Sequence[str]]]
"""Rule-sets, each with the symbols it is asked about."""

KnownRows = dict[tuple[Key, str], list[Row]]
"""Rows with all those below them, as bots of a symbol read them."""

_FIRST = 2
"""Cells that always stand: what is unknown, what is false."""


@dataclass(frozen=True, slots=True)
class Tests:
    """Comparisons, the plain ones first; their cells are the first after the constant ones."""

    ops: tuple[str, ...]
    op: Places
    """Of each cell, a place in ``ops``."""
    left: Places
    right: Places
    plain: int
    """Cells before the crossings."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one kind, side by side, made of cells before them."""

    kind: str
    """``all any least not count``"""
    k: int
    n: int
    start: int
    stop: int
    parts: Places
    """The cells they are made of, one after the other."""
    edges: Places
    """Where the parts of each begin."""


class Layout:
    """The cells of a plan; made anew whenever what is asked changes."""

    def __init__(self, formulas: Formulas, asked: Asked) -> None:
        self._formulas = formulas
        self.symbols = sorted({symbol for _, symbols in asked for symbol in symbols})
        self._order = {symbol: place for place, symbol in enumerate(self.symbols)}
        count = len(formulas.formulas)
        self._needed: npt.NDArray[np.bool_] = np.zeros((count, len(self.symbols)), dtype=np.bool_)
        for program, symbols in asked:
            self._needed[np.ix_(program.used, self._places(symbols))] = True
        self._cell = np.zeros((count, len(self.symbols)), dtype=np.int64)
        self._cell[FALSE] = FALSE
        self._needed[[UNKNOWN, FALSE]] = False
        self.cells = _FIRST
        self.reads: list[tuple[Source, str]] = []
        """The sources, for a bot of that symbol, in the order of ``Tests.left`` and ``right``."""
        self.tests = self._lay_tests()
        self.groups = list(self._lay_groups())

    def _places(self, symbols: Iterable[str]) -> Places:
        return np.array([self._order[symbol] for symbol in symbols], dtype=np.int64)

    def cells_of(self, formulas: Sequence[int], symbols: Sequence[str]) -> Places:
        """The cells of formulas, for each symbol: [symbols, formulas]."""
        numbers = np.array(formulas, dtype=np.int64)
        return self._cell[numbers[np.newaxis, :], self._places(symbols)[:, np.newaxis]]

    def rows(self, known: KnownRows) -> dict[Key, Row]:
        """The rows that the sources are read from, and those they are made of; ``known`` is added to."""
        found: dict[Key, Row] = {}
        for source, symbol in self.reads:
            if isinstance(source, Ref):
                at = (source.key, symbol)
                if at not in known:
                    known[at] = [
                        Row.of(recipe, symbol) for recipe in self._formulas.recipes.under(source.key)
                    ]
                for row in known[at]:
                    found.setdefault(row.key, row)
        return found

    def _asked(self) -> Iterable[tuple[int, Formula | None]]:
        """The formulas that somebody asks for."""
        numbers = np.flatnonzero(self._needed.any(axis=1)).tolist()
        return ((number, self._formulas.formulas[number]) for number in numbers)

    def _lay(self, numbers: list[int]) -> tuple[Places, Places]:
        """Give cells to formulas; return, cell by cell, the place in ``numbers`` and the symbol."""
        which, symbols = np.nonzero(self._needed[numbers])
        chosen = np.array(numbers, dtype=np.int64)[which]
        self._cell[chosen, symbols] = self.cells + np.arange(len(which))
        self.cells += len(which)
        return which, symbols

    def _lay_tests(self) -> Tests:
        known = [(n, f) for n, f in self._asked() if isinstance(f, Test)]
        known.sort(key=lambda item: item[1].op in CROSSES)
        which, symbols = self._lay([number for number, _ in known])
        ops = sorted({formula.op for _, formula in known})
        op = np.array([ops.index(formula.op) for _, formula in known], dtype=np.int64)[which]
        left = np.array([formula.left for _, formula in known], dtype=np.int64)[which]
        right = np.array([formula.right for _, formula in known], dtype=np.int64)[which]
        places = self._read(np.concatenate((left, right)), np.concatenate((symbols, symbols)))
        crossing = [ops.index(each) for each in CROSSES if each in ops]
        plain = int(np.count_nonzero(~np.isin(op, crossing)))
        return Tests(tuple(ops), op, places[: len(left)], places[len(left) :], plain)

    def _read(self, sources: Places, symbols: Places) -> Places:
        """The places of sources among those that are read; what is the same for all symbols is read once."""
        fixed = np.array([_same_for_all(source) for source in self._formulas.sources], dtype=np.bool_)
        symbols = np.where(fixed[sources], 0, symbols) if len(sources) else symbols
        width = max(1, len(self.symbols))
        distinct, places = np.unique(sources * width + symbols, return_inverse=True)
        for each in distinct.tolist():
            self.reads.append((self._formulas.sources[each // width], self.symbols[each % width]))
        return np.asarray(places)

    def _lay_groups(self) -> Iterable[Group]:
        alike: dict[tuple[int, str, int, int], list[int]] = defaultdict(list)
        for number, formula in self._asked():
            if isinstance(formula, (Gathered, Counted)):
                kind = formula.kind if isinstance(formula, Gathered) else "count"
                n = formula.n if isinstance(formula, Counted) else 0
                alike[self._formulas.levels[number], kind, formula.k, n].append(number)
        for (_, kind, k, n), numbers in sorted(alike.items()):
            yield self._lay_group(kind, k, n, numbers)

    def _lay_group(self, kind: str, k: int, n: int, numbers: list[int]) -> Group:
        start = self.cells
        which, symbols = self._lay(numbers)
        parts: list[Places] = []
        sizes: list[Places] = []
        bounds = np.searchsorted(which, np.arange(len(numbers) + 1)).tolist()
        for number, (first, last) in zip(numbers, pairwise(bounds), strict=True):
            formula = self._formulas.formulas[number]
            below = np.array(() if formula is None else parts_of(formula), dtype=np.int64)
            parts.append(self._cell[below[np.newaxis, :], symbols[first:last, np.newaxis]].ravel())
            sizes.append(np.full(last - first, len(below)))
        edges = np.concatenate(([0], np.cumsum(np.concatenate(sizes))[:-1]))
        return Group(kind, k, n, start, self.cells, np.concatenate(parts), edges)


def _same_for_all(source: Source) -> bool:
    """Whether bots of every symbol read the same."""
    if isinstance(source, Ref):
        return source.key.symbol is not None
    if isinstance(source, Told):
        return source.symbol is not None or isinstance(source.moment, (Clock, Session))
    return True
