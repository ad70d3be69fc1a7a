"""The equity of a run as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from trading_core.performance.columns import Equity, Integers
from trading_core.performance.ledger import EquityRecord

DAY_MS = 86_400_000


class Curve(NamedTuple):
    """Money over time; the first point is the start."""

    times: Integers
    """Milliseconds, rising."""
    values: Integers
    """Money units."""

    @classmethod
    def of(cls, records: Sequence[EquityRecord], *, start: int, start_ms: int) -> Self:
        """Mark-to-market equity of a run that began at ``start_ms`` with ``start`` money units."""
        equity = Equity.of(records)
        times, values = np.empty((2, len(equity) + 1), dtype=np.int64)
        times[0], times[1:], values[0] = start_ms, equity.close_ms, start
        np.add(equity.wallet, equity.unrealised, out=values[1:])
        return cls(times, values)

    @classmethod
    def realised(cls, records: Sequence[EquityRecord], *, start: int, start_ms: int) -> Self:
        """The balance alone, told where it changes: what is open counts when it is closed."""
        equity = Equity.of(records)
        rows = np.flatnonzero(equity.wallet[1:] != equity.wallet[:-1]) + 1
        rows = np.concatenate((np.arange(min(1, len(equity))), rows))
        times, values = equity.close_ms[rows], equity.wallet[rows]
        return cls(np.concatenate(([start_ms], times)), np.concatenate(([start], values)))
