"""Candles that formulas stumble over."""

from __future__ import annotations

import numpy as np

from trading_core.market.candle import Candles


def still(count: int, price: float, *, volume: float = 0.0) -> Candles:
    """Candles at one price."""
    level, traded = np.full(count, price), np.full(count, volume)
    return Candles(np.arange(count), level, level, level, level, traded, traded * price)


def chained(*parts: Candles) -> Candles:
    """Candles one after another; their times mean nothing."""
    return Candles.of_columns(
        np.concatenate(column) for column in zip(*(part.columns() for part in parts), strict=True)
    )
