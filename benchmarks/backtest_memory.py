"""The most memory that a backtest of some symbols on one wallet takes, in a process of its own.

Run as ``python -m benchmarks.backtest_memory SYMBOLS FOLDER``: symbols are recorded years, read when the
run asks for them; the machine code lies in the folder. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.backtest import SYMBOLS, turned, year_of
from benchmarks.backtest_bots import whole
from benchmarks.lockstep import market_data
from trading_core.backtest.inputs import instrument_for
from trading_core.backtest.result import track_of
from trading_core.backtest.run import run
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.streamed import Streamed
from trading_core.performance.report import report_of


def peak_mib() -> int:
    """The most memory this process has held."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.split("VmHWM:")[1].split()[0]) // 1024


def measured(symbols: int, code: Path) -> dict[str, Any]:
    """Play ten legs over that many symbols; the peak before, after the run, and after its report."""
    folder, names = market_data(), [f"S{number}USDT" for number in range(symbols)]
    few = year_of(folder, SYMBOLS[0]).rows(0, 500)
    run(whole(names[:1]), {names[0]: few}, {names[0]: instrument_for(names[0], few)}, machine_code=code)

    def read(name: str) -> tuple[Candles, Instrument]:
        number = names.index(name)
        return turned(year_of(folder, SYMBOLS[number % len(SYMBOLS)]), number, name)

    contracts = {name: read(name)[1] for name in names}
    before = peak_mib()
    candles = Streamed(names, lambda name: read(name)[0])
    played = run(whole(names), candles, contracts, machine_code=code)
    assert played.engine == "compiled", played.engine
    ran = peak_mib()
    report = report_of(track_of(played))
    return {
        "symbols": symbols,
        "candles": played.candles * symbols,
        "trades": len(report.trades),
        "before_mib": before,
        "run_mib": ran,
        "report_mib": peak_mib(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]), Path(sys.argv[2]))) + "\n")
