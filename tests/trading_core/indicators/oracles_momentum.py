"""Momentum, written from its formulas."""

from __future__ import annotations

import numpy as np

from tests.trading_core.indicators.oracle_tools import (
    Oracle,
    bottom,
    change,
    ema,
    lag,
    median,
    place,
    ranked,
    roc,
    roll,
    rsi,
    sma,
    top,
    total,
    triangle,
    true_range,
    typical,
    wma,
)
from trading_core.market.candle import Candles, Floats

Out = tuple[Floats, ...]


def stochastic(c: Candles, period: int, smooth: int, signal: int) -> Out:
    k = sma(place(c, period), smooth)
    return k, sma(k, signal)


def stochastic_fast(c: Candles, period: int, signal: int) -> Out:
    k = place(c, period)
    return k, sma(k, signal)


def stoch_rsi(c: Candles, period: int, window: int, smooth: int, signal: int) -> Out:
    strength = rsi(c.close, period)
    low = bottom(strength, window)
    k = sma(100 * (strength - low) / (top(strength, window) - low), smooth)
    return k, sma(k, signal)


def cci(c: Candles, period: int) -> Out:
    price = typical(c)
    spread = roll(price, period, lambda window: float(np.abs(window - window.mean()).mean()))
    return ((price - sma(price, period)) / (0.015 * spread),)


def williams_r(c: Candles, period: int) -> Out:
    return (place(c, period) - 100,)


def cmo(c: Candles, period: int) -> Out:
    moves = change(c.close)
    return (100 * total(moves, period) / total(np.abs(moves), period),)


def ultimate(c: Candles, short: int, middle: int, long: int) -> Out:
    pressure = c.close - np.minimum(c.low, lag(c.close, 1))
    reach = true_range(c)
    shares = [total(pressure, n) / total(reach, n) for n in sorted((short, middle, long))]
    return (100 * (4 * shares[0] + 2 * shares[1] + shares[2]) / 7,)


def fisher(c: Candles, period: int) -> Out:
    price = median(c)
    low = bottom(price, period)
    smooth = np.clip(ema(2 * (price - low) / (top(price, period) - low) - 1, 5), -0.999, 0.999)
    # fish = ½ ln((1 + v) / (1 - v)) + ½ fish before: an average of weight ½ of the whole logarithm.
    made = ema(np.log((1 + smooth) / (1 - smooth)), 3)
    return made, lag(made, 1)


def connors_rsi(c: Candles, period: int, streak: int, rank: int) -> Out:
    streaks = np.zeros(len(c.close))
    for row in range(1, len(streaks)):
        sign = np.sign(c.close[row] - c.close[row - 1])
        same = sign != 0 and np.sign(streaks[row - 1]) == sign
        streaks[row] = streaks[row - 1] + sign if same else sign
    return ((rsi(c.close, period) + rsi(streaks, streak) + ranked(roc(c.close, 1), rank)) / 3,)


def smi(c: Candles, period: int, first: int, second: int, signal: int) -> Out:
    high, low = top(c.high, period), bottom(c.low, period)
    away = ema(ema(c.close - (high + low) / 2, first), second)
    made = 100 * away / (ema(ema(high - low, first), second) / 2)
    return made, ema(made, signal)


def ppo(c: Candles, fast: int, slow: int, signal: int) -> Out:
    made = (ema(c.close, fast) / ema(c.close, slow) - 1) * 100
    return made, ema(made, signal), made - ema(made, signal)


def tsi(c: Candles, fast: int, slow: int, signal: int) -> Out:
    moves = change(c.close)
    made = 100 * ema(ema(moves, slow), fast) / ema(ema(np.abs(moves), slow), fast)
    return made, ema(made, signal)


def awesome(c: Candles, fast: int, slow: int) -> Out:
    return (sma(median(c), fast) - sma(median(c), slow),)


def accelerator(c: Candles, fast: int, slow: int, signal: int) -> Out:
    (made,) = awesome(c, fast, slow)
    return (made - sma(made, signal),)


def kst(c: Candles, signal: int) -> Out:
    x = c.close
    made = sma(roc(x, 10), 10) + 2 * sma(roc(x, 15), 10) + 3 * sma(roc(x, 20), 10) + 4 * sma(roc(x, 30), 15)
    return made, sma(made, signal)


def elder_ray(c: Candles, period: int) -> Out:
    average = ema(c.close, period)
    return c.high - average, c.low - average


def rvgi(c: Candles, period: int) -> Out:
    body, reach = triangle(c.close - c.open, 4), triangle(c.high - c.low, 4)
    made = total(body, period) / total(reach, period)
    return made, triangle(made, 4)


ORACLES: dict[str, Oracle] = {
    "rsi": lambda c, period: (rsi(c.close, period),),
    "stochastic": stochastic,
    "stochastic_fast": stochastic_fast,
    "stoch_rsi": stoch_rsi,
    "cci": cci,
    "williams_r": williams_r,
    "cmo": cmo,
    "ultimate": ultimate,
    "fisher": fisher,
    "connors_rsi": connors_rsi,
    "smi": smi,
    "roc": lambda c, period: (roc(c.close, period),),
    "momentum": lambda c, period: (change(c.close, period),),
    "ppo": ppo,
    "apo": lambda c, fast, slow: (ema(c.close, fast) - ema(c.close, slow),),
    "tsi": tsi,
    "awesome": awesome,
    "accelerator": accelerator,
    "kst": kst,
    "coppock": lambda c, period, fast, slow: (wma(roc(c.close, fast) + roc(c.close, slow), period),),
    "bop": lambda c: ((c.close - c.open) / (c.high - c.low),),
    "elder_ray": elder_ray,
    "qstick": lambda c, period: (sma(c.close - c.open, period),),
    "rvgi": rvgi,
}
