"""Volatility, volume and prices, written from their formulas."""

from __future__ import annotations

import math

import numpy as np

from tests.trading_core.indicators.oracle_tools import (
    Oracle,
    atr,
    bottom,
    change,
    ema,
    flow,
    lag,
    median,
    ranked,
    rma,
    roc,
    roll,
    sma,
    top,
    total,
    true_range,
    typical,
)
from trading_core.market.candle import Candles, Floats

Out = tuple[Floats, ...]


def std(x: Floats, n: int) -> Floats:
    return roll(x, n, np.std)


def bollinger(c: Candles, period: int, deviations: float) -> Out:
    middle, wide = sma(c.close, period), deviations * std(c.close, period)
    upper, lower = middle + wide, middle - wide
    return upper, middle, lower, (c.close - lower) / (upper - lower), (upper - lower) / middle


def donchian(c: Candles, period: int) -> Out:
    upper, lower = top(c.high, period), bottom(c.low, period)
    return upper, (upper + lower) / 2, lower


def keltner(c: Candles, period: int, atr_period: int, multiplier: float) -> Out:
    middle, reach = ema(c.close, period), multiplier * atr(c, atr_period)
    return middle + reach, middle, middle - reach


def acceleration_bands(c: Candles, period: int) -> Out:
    wide = 4 * (c.high - c.low) / (c.high + c.low)
    return sma(c.high * (1 + wide), period), sma(c.close, period), sma(c.low * (1 - wide), period)


def chandelier(c: Candles, period: int, multiplier: float) -> Out:
    reach = multiplier * atr(c, period)
    return top(c.high, period) - reach, bottom(c.low, period) + reach


def bandwidth_percentile(c: Candles, period: int, window: int) -> Out:
    return (ranked(std(c.close, period) / sma(c.close, period), window),)


def choppiness(c: Candles, period: int) -> Out:
    span = top(c.high, period) - bottom(c.low, period)
    return (100 * np.log10(total(true_range(c), period) / span) / math.log10(period),)


def ulcer_index(c: Candles, period: int) -> Out:
    below = 100 * (c.close / top(c.close, period) - 1)
    return (np.sqrt(sma(below**2, period)),)


def historical_volatility(c: Candles, period: int, per_year: int) -> Out:
    returns = change(np.log(c.close))
    return (roll(returns, period, lambda x: 100 * float(np.std(x, ddof=1)) * math.sqrt(per_year)),)


def relative_volatility(c: Candles, period: int, deviation: int) -> Out:
    spread, moves = std(c.close, deviation), change(c.close)
    up, down = (np.where(way, spread, 0 * spread) for way in (moves > 0, moves < 0))
    return (100 * rma(up, period) / (rma(up, period) + rma(down, period)),)


def mfi(c: Candles, period: int) -> Out:
    price = typical(c)
    money, moves = price * c.volume, change(price)
    up, down = (total(np.where(way, money, 0.0), period) for way in (moves > 0, moves < 0))
    up[:period] = np.nan
    return (100 * up / (up + down),)


def obv(c: Candles, period: int) -> Out:
    return (total(np.sign(change(c.close)) * c.volume, period),)


def adosc(c: Candles, fast: int, slow: int) -> Out:
    running = np.cumsum(flow(c))
    made = [np.empty(0)] * 2
    for i, n in enumerate((fast, slow)):
        value = running[0]
        values = [value := value + 2 / (n + 1) * (each - value) for each in running]
        made[i] = np.array(values)
    difference = made[0] - made[1]
    difference[: slow - 1] = np.nan
    return (difference,)


def ease_of_movement(c: Candles, period: int) -> Out:
    return (sma(change(median(c)) * (c.high - c.low) / c.volume * 1e8, period),)


def pvo(c: Candles, fast: int, slow: int, signal: int) -> Out:
    made = (ema(c.volume, fast) / ema(c.volume, slow) - 1) * 100
    return made, ema(made, signal), made - ema(made, signal)


def heikin_ashi(c: Candles) -> Out:
    close = (c.open + c.high + c.low + c.close) / 4
    open_ = np.empty(len(close))
    open_[0] = (c.open[0] + c.close[0]) / 2
    for row in range(1, len(close)):
        open_[row] = (open_[row - 1] + close[row - 1]) / 2
    return (
        open_,
        np.maximum(c.high, np.maximum(open_, close)),
        np.minimum(c.low, np.minimum(open_, close)),
        close,
    )


def candle(c: Candles) -> Out:
    span = c.high - c.low
    upper, lower = c.high - np.maximum(c.open, c.close), np.minimum(c.open, c.close) - c.low
    return np.abs(c.close - c.open) / span, upper / span, lower / span


def pivots(c: Candles, period: int) -> Out:
    high, low = lag(top(c.high, period), 1), lag(bottom(c.low, period), 1)
    middle = (high + low + lag(c.close, 1)) / 3
    return middle, 2 * middle - low, 2 * middle - high, middle + high - low, middle - high + low


ORACLES: dict[str, Oracle] = {
    "bollinger": bollinger,
    "bandwidth_percentile": bandwidth_percentile,
    "donchian": donchian,
    "keltner": keltner,
    "acceleration_bands": acceleration_bands,
    "chandelier": chandelier,
    "atr": lambda c, period: (atr(c, period),),
    "atr_pct": lambda c, period: (100 * atr(c, period) / c.close,),
    "true_range": lambda c: (true_range(c),),
    "average_range": lambda c, period: (sma(c.high - c.low, period),),
    "stddev": lambda c, period: (std(c.close, period),),
    "variance": lambda c, period: (roll(c.close, period, np.var),),
    "choppiness": choppiness,
    "ulcer_index": ulcer_index,
    "historical_volatility": historical_volatility,
    "chaikin_volatility": lambda c, period, change: (roc(ema(c.high - c.low, period), change),),
    "relative_volatility": relative_volatility,
    "volume_sma": lambda c, period: (sma(c.volume, period),),
    "relative_volume": lambda c, period: (c.volume / lag(sma(c.volume, period), 1),),
    "vwap": lambda c, period: (total(typical(c) * c.volume, period) / total(c.volume, period),),
    "mfi": mfi,
    "obv": obv,
    "ad": lambda c, period: (total(flow(c), period),),
    "adosc": adosc,
    "cmf": lambda c, period: (total(flow(c), period) / total(c.volume, period),),
    "force_index": lambda c, period: (ema(change(c.close) * c.volume, period),),
    "ease_of_movement": ease_of_movement,
    "pvo": pvo,
    "typical_price": lambda c: (typical(c),),
    "median_price": lambda c: (median(c),),
    "weighted_close": lambda c: ((c.high + c.low + 2 * c.close) / 4,),
    "average_price": lambda c: ((c.open + c.high + c.low + c.close) / 4,),
    "highest": lambda c, period: (top(c.close, period),),
    "lowest": lambda c, period: (bottom(c.close, period),),
    "heikin_ashi": heikin_ashi,
    "candle": candle,
    "pivots": pivots,
    "zscore": lambda c, period: ((c.close - sma(c.close, period)) / std(c.close, period),),
    "log_return": lambda c, period: (100 * np.log(c.close / lag(c.close, period)),),
}
