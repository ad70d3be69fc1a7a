"""How long smoothings remember."""

from __future__ import annotations


def ema_memory(period: float) -> int:
    """Candles after which an EMA's start weighs less than 10⁻⁶."""
    return 8 * int(period)


def wilder_memory(period: float) -> int:
    """Candles after which a Wilder average's start weighs less than 10⁻⁶."""
    return 15 * int(period)
