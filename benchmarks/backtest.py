"""From candles in memory to the finished report, beside freqtrade, backtesting.py, vectorbt and a bare loop.

All play a year of BTCUSDT minutes in one run of this benchmark, ours and the bare loop warm, best of
several turns, in seconds of processor time. Loading, importing and compiling are told apart.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import bare_loop
from benchmarks.backtest_bots import simple, whole
from benchmarks.lockstep import market_data
from benchmarks.processes import ROOT
from trading_core.backtest.compiled.machine import machine
from trading_core.backtest.inputs import instrument_for
from trading_core.backtest.result import track_of
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles
from trading_core.market.files import read_candles
from trading_core.market.instrument import Instrument
from trading_core.performance.report import Report, report_of

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "SUIUSDT")
COPIES = 10
TURNS = 7
RIVALS = ("freqtrade", "backtesting", "vectorbt")
NOTES = {
    "freqtrade": "one pair; fills at the next open; what is met first in a candle is its own rule",
    "backtesting": "target and stop from the close of the signal, not from the fill; fills at the next open",
    "vectorbt": "fills at the open; target and stop from the fill; with its statistics",
    "ours": "integers; order protocol, spread, slippage, a tenth of the volume, margin, tiers, liquidation, "
    "price limits, the risk ladder, an outcome for every close, and the whole report",
}


def run_benchmark() -> dict[str, Any]:
    """Measure ours, the bare loop and the rivals."""
    folder = market_data()
    began = time.perf_counter()
    [btc] = [year_of(folder, symbol) for symbol in SYMBOLS[:1]]
    loaded = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as made:
        code, file = Path(made) / "code", Path(made) / "candles.npz"
        compiling = _compile(code, btc)
        np.savez(
            file,
            **{name: getattr(btc, name) for name in ("open_time", "open", "high", "low", "close", "volume")},
        )
        bare = _best(lambda: bare_loop.play(btc))
        one, (ten, listed) = {"BTCUSDT": btc}, _ten(folder)
        ours = {
            "simple": _ours(simple(["BTCUSDT"]), one, code),
            "ten legs": _ours(whole(["BTCUSDT"]), one, code),
            "simple, ten symbols": _ours(simple(sorted(ten)), ten, code, listed=listed, turns=2),
            "ten legs, ten symbols": _ours(whole(sorted(ten)), ten, code, listed=listed, turns=2),
        }
        rivals = {name: _rival(name, file) for name in RIVALS}
        memory = _memory(code)
    return {
        "candles": len(btc),
        "load_s": round(loaded, 3),
        "compile_s": round(compiling, 1),
        "ours": ours,
        "bare_loop": {"candles_per_s": _speed(len(btc), bare), "trades": bare_loop.play(btc)},
        "rivals": {
            name: told | {"candles_per_s": _speed(len(btc), told["seconds"])} for name, told in rivals.items()
        },
        "memory": memory,
        "ratios": _ratios(ours, rivals, bare),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "notes": NOTES,
    }


def year_of(folder: Path, symbol: str) -> Candles:
    """The recorded year of a symbol, in minutes."""
    [file] = (folder / "candles" / "binance-spot").glob(f"{symbol}_1m_20230701_*.parquet")
    return read_candles(file)[1]


def turned(year: Candles, number: int, name: str) -> tuple[Candles, Instrument]:
    """A recorded year as another symbol: from the fifth on, begun later, its end put before."""
    shift = number // len(SYMBOLS) * 100_000
    time_column, *columns = year.columns()
    contract = replace(instrument_for(SYMBOLS[number % len(SYMBOLS)], year), symbol=name)
    return Candles(
        time_column, *(np.roll(column, shift) if shift else column for column in columns)
    ), contract


def _ten(folder: Path) -> tuple[dict[str, Candles], dict[str, Instrument]]:
    """Ten symbols: the recorded ones, and again with their year begun later."""
    years = [year_of(folder, symbol) for symbol in SYMBOLS]
    found = {f"S{k}USDT": turned(years[k % len(years)], k, f"S{k}USDT") for k in range(COPIES)}
    candles = {name: those for name, (those, _) in found.items()}
    return candles, {name: contract for name, (_, contract) in found.items()}


def _memory(code: Path) -> list[dict[str, Any]]:
    """The peak of runs over one, three and ten symbols, each in a process of its own."""
    found = []
    for symbols in (1, 3, COPIES):
        command = [sys.executable, "-m", "benchmarks.backtest_memory", str(symbols), str(code)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return found


def _compile(code: Path, candles: Candles) -> float:
    began = time.perf_counter()
    few = {"BTCUSDT": candles.rows(0, 500)}
    run(simple(["BTCUSDT"]), few, contracts_of(few), machine_code=code)
    machine(code)
    bare_loop.play(candles.rows(0, 500))
    return time.perf_counter() - began


def contracts_of(candles: Mapping[str, Candles]) -> dict[str, Instrument]:
    """The contracts of some candles."""
    return {symbol: instrument_for(symbol, those) for symbol, those in candles.items()}


def _ours(
    bot: BotDocument,
    candles: Mapping[str, Candles],
    code: Path,
    *,
    listed: Mapping[str, Instrument] | None = None,
    turns: int = TURNS,
) -> dict[str, Any]:
    contracts = listed or contracts_of(candles)
    parts: dict[str, float] = {}

    def play() -> Report:
        began = time.process_time()
        played = run(bot, candles, contracts, machine_code=code)
        parts["run_s"] = time.process_time() - began
        assert played.engine == "compiled", played.engine
        return report_of(track_of(played))

    report = play()
    best = _best(play, turns)
    count = sum(map(len, candles.values()))
    return {
        "seconds": round(best, 4),
        "run_s": round(parts["run_s"], 4),
        "candles_per_s": _speed(count, best),
        "trades": len(report.trades),
        "net_profit": report.metrics["net_profit"].as_data(),
    }


def _best(play: Callable[[], object], turns: int = TURNS) -> float:
    """Seconds of processor time of the fastest turn: on a busy machine the clock tells of the others."""
    seconds = []
    for _ in range(turns):
        began = time.process_time()
        play()
        seconds.append(time.process_time() - began)
    return min(seconds)


def _rival(name: str, file: Path) -> dict[str, Any]:
    """Play a rival in its own environment; a missing one fails the benchmark."""
    python = ROOT / "var" / "peers" / name / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"no environment for {name}: run `make peers` first")
    script = Path(__file__).parent / "rivals" / f"{name}_run.py"
    done = subprocess.run(
        [python, script, file],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ""},
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _speed(candles: int, seconds: float) -> int:
    return round(candles / seconds)


def _ratios(ours: Mapping[str, Any], rivals: Mapping[str, Any], bare: float) -> dict[str, Any]:
    """How many times faster than each rival ours is; and how many times slower than the bare loop."""
    found: dict[str, Any] = {}
    for name in ("simple", "ten legs"):
        seconds = ours[name]["seconds"]
        found[name] = {rival: round(told["seconds"] / seconds, 1) for rival, told in rivals.items()}
        found[name]["times the bare loop's time"] = round(seconds / bare, 1)
    found["floors"] = {"freqtrade": 500, "backtesting": 100, "vectorbt": 1}
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run_benchmark(), indent=1))
