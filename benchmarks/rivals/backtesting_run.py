"""backtesting.py over candles in memory: one strategy, indicators and statistics included. Prints one JSON line.

Run by its own interpreter: ``python backtesting_run.py CANDLES.npz``.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

WEAK = 70
"""RSI below which the market is not overbought."""


def ema(close: np.ndarray, period: int) -> np.ndarray:
    """Exponential average."""
    return pd.Series(close).ewm(span=period, adjust=False).mean().to_numpy()


def rsi(close: np.ndarray, period: int) -> np.ndarray:
    """Relative strength, Wilder's smoothing."""
    moved = pd.Series(close).diff()
    up = moved.clip(lower=0).ewm(alpha=1 / period, adjust=False).mean()
    down = (-moved.clip(upper=0)).ewm(alpha=1 / period, adjust=False).mean()
    return (100 - 100 / (1 + up / down)).to_numpy()


class Crossing(Strategy):  # type: ignore[misc]
    """EMA 9 crosses above EMA 21 while RSI 14 is below 70; target 1.5 %, stop 1 %."""

    def init(self) -> None:
        """Compute the series once."""
        self.fast = self.I(ema, self.data.Close, 9)
        self.slow = self.I(ema, self.data.Close, 21)
        self.strength = self.I(rsi, self.data.Close, 14)

    def next(self) -> None:
        """Decide a candle."""
        if self.position or self.fast[-1] <= self.slow[-1] or self.fast[-2] > self.slow[-2]:
            return
        if self.strength[-1] < WEAK:
            price = self.data.Close[-1]
            self.buy(size=0.1, sl=price * 0.99, tp=price * 1.015)


def peak_mib() -> int:
    """The most memory this program has held."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    """Time the run; ``run`` computes the statistics, too."""
    warnings.simplefilter("ignore")
    told = np.load(sys.argv[1])
    names = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
    frame = pd.DataFrame(
        {name: told[column] for name, column in names.items()},
        index=pd.to_datetime(told["open_time"], unit="ms"),
    )
    began = time.process_time()
    backtest = Backtest(frame, Crossing, cash=10_000_000, commission=0.00055, finalize_trades=True)
    stats = backtest.run()
    seconds = time.process_time() - began
    peak = peak_mib()
    print(json.dumps({"seconds": seconds, "trades": int(stats["# Trades"]), "peak_mib": peak}))


if __name__ == "__main__":
    main()
