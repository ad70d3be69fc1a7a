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
        return cls._from(equity, equity.wallet + equity.unrealised, start, start_ms)

    @classmethod
    def realised(cls, records: Sequence[EquityRecord], *, start: int, start_ms: int) -> Self:
        """The balance alone: what is open counts when it is closed."""
        equity = Equity.of(records)
        return cls._from(equity, equity.wallet, start, start_ms)

    @classmethod
    def _from(cls, equity: Equity, values: Integers, start: int, start_ms: int) -> Self:
        times = np.empty(len(values) + 1, dtype=np.int64)
        money = np.empty_like(times)
        times[0], money[0] = start_ms, start
        times[1:], money[1:] = equity.close_ms, values
        return cls(times, money)
