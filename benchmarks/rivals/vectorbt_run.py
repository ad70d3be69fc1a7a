"""vectorbt over candles in memory: one strategy, with and without its statistics. Prints one JSON line.

Run by its own interpreter: ``python vectorbt_run.py CANDLES.npz``. Played once to compile, then timed.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt

WEAK = 70
"""RSI below which the market is not overbought."""


def play(frame: pd.DataFrame, *, statistics: bool) -> int:
    """One run from candles to its statistics; the number of trades."""
    fast = vbt.MA.run(frame["close"], 9, ewm=True).ma
    slow = vbt.MA.run(frame["close"], 21, ewm=True).ma
    strength = vbt.RSI.run(frame["close"], 14, ewm=True).rsi
    entries = fast.vbt.crossed_above(slow) & (strength < WEAK)
    made = vbt.Portfolio.from_signals(
        frame["close"], entries.vbt.fshift(1), exits=False,
        open=frame["open"], high=frame["high"], low=frame["low"], price=frame["open"],
        size=1000, size_type="value", sl_stop=0.01, tp_stop=0.015, fees=0.00055,
        init_cash=10_000_000, freq="1min",
    )  # fmt: skip
    if statistics:
        made.stats()
    return int(made.trades.count())


def peak_mib() -> int:
    """The most memory this program has held."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    """Compile, then time."""
    warnings.simplefilter("ignore")
    told = np.load(sys.argv[1])
    columns = {name: told[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.to_datetime(told["open_time"], unit="ms"))
    trades = play(frame, statistics=True)
    seconds = {}
    for name, statistics in (("seconds", True), ("seconds_without_statistics", False)):
        turns = []
        for _ in range(3):
            began = time.process_time()
            play(frame, statistics=statistics)
            turns.append(time.process_time() - began)
        seconds[name] = min(turns)
    peak = peak_mib()
    print(json.dumps({**seconds, "trades": trades, "peak_mib": peak}))


if __name__ == "__main__":
    main()
