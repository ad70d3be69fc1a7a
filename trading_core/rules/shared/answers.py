"""What a plan says at a close, packed as verdicts are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trading_core.rules import truth as t
from trading_core.rules.model import TREES
from trading_core.rules.shared.board import Places
from trading_core.rules.shared.formulas import FALSE, Program
from trading_core.rules.shared.layout import Layout
from trading_core.rules.truth import Truth
from trading_core.rules.verdict import Verdict, unpack_verdict

_BITS = np.zeros(3, dtype=np.uint8)
_BITS[[t.FALSE, t.TRUE, t.UNKNOWN]] = (0, 1, 2)
_WEIGHTS = np.array([1, 4, 16, 64], dtype=np.uint8)
_PER_BYTE = 4
_HEAD = 2
"""Bytes of the trees."""


class Pair(NamedTuple):
    """A rule-set, by its hash, asked about a symbol."""

    rules_hash: str
    symbol: str


class Printer:
    """Packs the truths of a layout's cells, all pairs at once."""

    def __init__(self, layout: Layout, asked: Sequence[tuple[Program, Sequence[str]]]) -> None:
        cells: list[Places] = []
        self.places: dict[Pair, tuple[int, int]] = {}
        at = 0
        for program, symbols in asked:
            found = _padded(layout, program, symbols)
            size = found.shape[1] // _PER_BYTE
            cells.append(found.ravel())
            for symbol in symbols:
                self.places[Pair(program.rules.hash, symbol)] = (at, at + size)
                at += size
        self._cells = np.concatenate(cells) if cells else np.zeros(0, dtype=np.int64)

    def packed(self, truth: Truth) -> bytes:
        """The verdicts of all pairs, one after the other, given the truth of each cell at a close."""
        bits = _BITS.take(truth[self._cells]).reshape(-1, _PER_BYTE)
        return bytes((bits @ _WEIGHTS).astype(np.uint8))


def _padded(layout: Layout, program: Program, symbols: Sequence[str]) -> Places:
    """The cells of trees and slots, each filled up to whole bytes with what is false: [symbols, cells]."""
    trees = (*program.trees, *(FALSE,) * (_HEAD * _PER_BYTE - len(TREES)))
    slots = (*program.slots, *(FALSE,) * (-len(program.slots) % _PER_BYTE))
    return layout.cells_of((*trees, *slots), symbols)


@dataclass(frozen=True, slots=True)
class Answers(Mapping[Pair, bytes]):
    """The verdicts of a close in packed form, by pair."""

    places: Mapping[Pair, tuple[int, int]]
    data: bytes
    programs: Mapping[str, Program]

    def __getitem__(self, pair: Pair) -> bytes:
        start, stop = self.places[pair]
        return self.data[start:stop]

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def verdict(self, pair: Pair) -> Verdict:
        """One verdict, unpacked."""
        return unpack_verdict(self.programs[pair.rules_hash].rules, self[pair])
