"""The answers of the conditions minute by minute, packed; text where somebody reads one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

Packed = npt.NDArray[np.uint8]


class Leaves(Sequence[str]):
    """The slots of each minute's verdict, packed, in hex; empty where the rules were not asked."""

    def __init__(self, packed: Packed, asked: npt.NDArray[np.bool_]) -> None:
        self._packed = packed
        """[minute, byte]."""
        self._asked = asked

    def __len__(self) -> int:
        """How many minutes."""
        return len(self._asked)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """The text of a minute, or of a slice of them."""
        if isinstance(index, slice):
            return self._texts(self._packed[index], self._asked[index])
        return self._packed[index].tobytes().hex() if self._asked[index] else ""

    def at(self, minutes: npt.NDArray[np.int64]) -> list[str]:
        """The texts of some minutes."""
        return self._texts(self._packed[minutes], self._asked[minutes])

    def counts(self, minutes: npt.NDArray[np.int64]) -> Counter[str]:
        """How often each text stands at some minutes; those that were not asked are left out."""
        rows = self._packed[minutes[self._asked[minutes]]]
        if not rows.shape[1]:
            return Counter({"": len(rows)} if len(rows) else {})
        kinds, counts = np.unique(rows, axis=0, return_counts=True)
        texts = (kind.tobytes().hex() for kind in kinds)
        return Counter(dict(zip(texts, counts.tolist(), strict=True)))

    @staticmethod
    def _texts(packed: Packed, asked: npt.NDArray[np.bool_]) -> list[str]:
        digits, text = 2 * packed.shape[1], packed.tobytes().hex()
        return [
            text[digits * i : digits * (i + 1)] if there else "" for i, there in enumerate(asked.tolist())
        ]
