"""The equity of a run as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from trading_core.performance.ledger import EquityRecord

Integers = npt.NDArray[np.int64]

DAY_MS = 86_400_000


class Curve(NamedTuple):
    """Mark-to-market equity over time; the first point is the start."""

    times: Integers
    """Milliseconds, rising."""
    values: Integers
    """Money units."""

    @classmethod
    def of(cls, records: Sequence[EquityRecord], *, start: int, start_ms: int) -> Self:
        """The curve of a run that began at ``start_ms`` with ``start`` money units. Nobody pays in or out."""
        rows = len(records) + 1
        return cls(
            np.fromiter((start_ms, *(r.close_ms for r in records)), dtype=np.int64, count=rows),
            np.fromiter((start, *(r.wallet + r.unrealised for r in records)), dtype=np.int64, count=rows),
        )
