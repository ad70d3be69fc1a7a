"""A named peer: one bot's rules the plain way, on a DataFrame with TA-Lib, as strategy classes are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import talib as untyped

from trading_core.market.candle import Candles
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import Compare, RuleSet
from trading_core.rules.operands import Change, Constant, Operand, Percentile, Price, Value

ROWS = 1_000
"""Candles of each timeframe that such a strategy is given."""

Frame = pd.DataFrame
Series = Any
talib: Any = untyped
"""Its functions take and give a Series as well, which their types don't say."""

Frames = Mapping[Timeframe, Frame]


def frame_of(candles: Candles) -> Frame:
    """The last candles of a timeframe as such a strategy gets them, ready made."""
    names = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({name: getattr(candles, name)[-ROWS:] for name in names})


def signals(rules: RuleSet, frames: Frames) -> list[bool]:
    """Every condition of the rules at the last candle."""
    return [bool(_holds(c, frames)) for c in rules.conditions if isinstance(c, Compare)]


def _holds(condition: Compare, frames: Frames) -> bool:
    left, right = (_last(each, frames) for each in (condition.left, condition.right))
    if condition.op == "crosses_above":
        return left[0] <= right[0] and left[1] > right[1]
    if condition.op == "crosses_below":
        return left[0] >= right[0] and left[1] < right[1]
    return {"<": left[1] < right[1], ">": left[1] > right[1], ">=": left[1] >= right[1]}[condition.op]


def _last(operand: Operand, frames: Frames) -> tuple[float, float]:
    if isinstance(operand, Constant):
        return operand.value, operand.value
    series = _series(operand, frames)
    return float(series.iloc[-2]), float(series.iloc[-1])


def _series(operand: Operand, frames: Frames) -> Series:
    if isinstance(operand, Change):
        return _series(operand.of, frames).pct_change(operand.n) * 100.0
    if isinstance(operand, Percentile):
        return _series(operand.of, frames).rolling(operand.n).rank("max", pct=True) * 100.0
    if isinstance(operand, Price):
        return frames[operand.timeframe or Timeframe.M1][operand.field]
    assert isinstance(operand, Value)
    frame = frames[operand.timeframe or Timeframe.M1]
    return _INDICATORS[operand.indicator](frame, int(operand.params[0][1]))


_INDICATORS: dict[str, Callable[[Frame, int], Series]] = {
    "rsi": lambda f, n: talib.RSI(f.close, n),
    "mfi": lambda f, n: talib.MFI(f.high, f.low, f.close, f.volume, n),
    "williams_r": lambda f, n: talib.WILLR(f.high, f.low, f.close, n),
    "adx": lambda f, n: talib.ADX(f.high, f.low, f.close, n),
    "cci": lambda f, n: talib.CCI(f.high, f.low, f.close, n),
    "atr_pct": lambda f, n: talib.ATR(f.high, f.low, f.close, n) / f.close * 100.0,
    "roc": lambda f, n: talib.ROC(f.close, n),
    "ema": lambda f, n: talib.EMA(f.close, n),
    "sma": lambda f, n: talib.SMA(f.close, n),
    "wma": lambda f, n: talib.WMA(f.close, n),
    "bollinger": lambda f, n: talib.BBANDS(f.close, n)[0],
    "donchian": lambda f, n: talib.MIN(f.low, n),
    "vwap": lambda f, n: talib.SUM(f.close * f.volume, n) / talib.SUM(f.volume, n),
}
