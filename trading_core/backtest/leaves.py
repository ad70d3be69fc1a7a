"""The answers of the conditions minute by minute; packed and put into words where somebody reads one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from trading_core.rules.packed import Rows, pack_rows
from trading_core.rules.verdict import Truths

Ints = npt.NDArray[np.int64]


class Leaves(Sequence[str]):
    """The slots of each minute's verdict, packed, in hex; empty where the rules were not asked."""

    def __init__(self, truths: Truths, places: Ints | slice, minutes: int) -> None:
        """Keep ``int8[slots, closes]`` and the place of each minute among the closes, -1: not asked.

        A slice says that the minutes follow each other there.
        """
        self._truths = truths
        self._first = places.start if isinstance(places, slice) else 0
        self._places = None if isinstance(places, slice) else places
        self._minutes = minutes

    def __len__(self) -> int:
        """How many minutes."""
        return self._minutes

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """The text of a minute, or of a slice of them."""
        if isinstance(index, slice):
            return self.at(np.arange(*index.indices(self._minutes)))
        place = self._first + index if self._places is None else int(self._places[index])
        return pack_rows(self._truths[:, place : place + 1]).tobytes().hex() if place >= 0 else ""

    def at(self, minutes: Ints) -> list[str]:
        """The texts of some minutes."""
        places = self._placed(minutes)
        packed = pack_rows(self._truths[:, places])
        digits, text = 2 * packed.shape[1], packed.tobytes().hex()
        there = (places >= 0).tolist()
        return [text[digits * i : digits * (i + 1)] if known else "" for i, known in enumerate(there)]

    def counts(self, minutes: Ints) -> Counter[str]:
        """How often each text stands at some minutes; those that were not asked are left out."""
        places = self._placed(minutes)
        packed = pack_rows(self._truths[:, places[places >= 0]])
        kinds, counts = _kinds(packed)
        return Counter(dict(zip((kind.tobytes().hex() for kind in kinds), counts.tolist(), strict=True)))

    def _placed(self, minutes: Ints) -> Ints:
        return self._first + minutes if self._places is None else self._places[minutes]


def _kinds(packed: Rows) -> tuple[Rows, Ints]:
    """The distinct rows, and how often each stands there."""
    if packed.shape[1] == 1:
        counts = np.bincount(packed[:, 0], minlength=256)
        found = np.flatnonzero(counts)
        return found.astype(np.uint8)[:, np.newaxis], counts[found]
    return np.unique(packed, axis=0, return_counts=True)
