"""What several indicators need: memories of smoothings, and care for what TA-Lib gets wrong."""

from __future__ import annotations

import math

import numpy as np

from trading_core.market.candle import Floats


def ema_memory(period: float) -> int:
    """Candles after which an EMA's start weighs less than 10⁻⁶."""
    return 8 * int(period)


def wilder_memory(period: float) -> int:
    """Candles after which a Wilder average's start weighs less than 10⁻⁶."""
    return 15 * int(period)


def unit(values: Floats) -> float:
    """A power of two that brings prices near one.

    TA-Lib takes what is below 10⁻¹⁴ for zero, which tiny prices are; scaling by a power of two
    changes nothing else, not even the last bit.
    """
    return 2.0 ** -math.frexp(float(values[0]))[1] if values[0] else 1.0


def blank(values: Floats, where: np.ndarray) -> Floats:
    """The values with NaN where asked."""
    if where.any():
        values[where] = np.nan
    return values
