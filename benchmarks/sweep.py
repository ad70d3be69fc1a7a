"""A thousand parameter sets of one bot over 100,000 candles: the rules are computed once, plan and risk vary."""

from __future__ import annotations

import itertools
import os
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.backtest import contracts_of, year_of
from benchmarks.backtest_bots import simple
from benchmarks.lockstep import market_data
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.machine import machine
from trading_core.backtest.compiled.reel import reel_of
from trading_core.backtest.compiled.run import CompiledRun, Driver
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles
from trading_core.market.recorded import NOTHING_RECORDED
from trading_core.plan.params import Base, Stop, TakeProfit
from trading_core.simulator.params import MatchingParams

CANDLES = 100_000
CORES = 2
TARGETS = range(2_000, 42_000, 4_000)
STOPS = range(2_000, 22_000, 2_000)
COOLDOWNS = range(0, 50, 5)


class Ending(NamedTuple):
    """What a set came to."""

    wallet: int
    executions: int


def variants(bot: BotDocument) -> list[BotDocument]:
    """A thousand of them: ten targets, ten stops, ten cooldowns."""
    made = []
    for target, stop, cooldown in itertools.product(TARGETS, STOPS, COOLDOWNS):
        plan = replace(bot.plan, take_profit=TakeProfit(target, Base.ENTRY), stop=Stop(stop, Base.ENTRY))
        made.append(replace(bot, plan=plan, risk=replace(bot.risk, cooldown_candles=cooldown)))
    return made


def swept(
    bots: Sequence[BotDocument], candles: Mapping[str, Candles], driver: Driver, cores: int = CORES
) -> list[Ending]:
    """Play bots of the same rules; their series and signals are computed once."""
    contracts, first = contracts_of(candles), bots[0]
    times = candles[first.symbols[0]].open_time
    recorded = dict.fromkeys(first.symbols, NOTHING_RECORDED)
    params = MatchingParams(maker_ppm=first.fees.maker_ppm, taker_ppm=first.fees.taker_ppm)
    reel = reel_of(first, candles, contracts, times=times, recorded=recorded)

    def play(bot: BotDocument) -> Ending:
        made = CompiledRun(bot, contracts, params, reel)
        made.play(driver)
        return Ending(int(made.world.account[at.WALLET]), int(made.world.account[at.EXECUTIONS]))

    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(play, bots))


def run_benchmark() -> dict[str, Any]:
    """Time the sweep on two cores, and check some of its sets against runs of their own."""
    candles = {"BTCUSDT": year_of(market_data(), "BTCUSDT").rows(0, CANDLES)}
    bots = variants(simple(["BTCUSDT"]))
    with tempfile.TemporaryDirectory() as folder:
        driver = machine(Path(folder))
        swept(bots[:2], candles, driver)
        began = time.perf_counter()
        endings = swept(bots, candles, driver)
        seconds = time.perf_counter() - began
        sample = range(0, len(bots), 97)
        alone = [run(bots[k], candles, contracts_of(candles), machine_code=Path(folder)) for k in sample]
    right = all(
        (endings[k].wallet, endings[k].executions) == (one.wallet, len(one.executions))
        for k, one in zip(sample, alone, strict=True)
    )
    return {
        "sets": len(bots),
        "candles": CANDLES,
        "cores": min(CORES, os.cpu_count() or 1),
        "seconds": round(seconds, 2),
        "sets_per_s": round(len(bots) / seconds),
        "floor_s": 10,
        "goal_s": 5,
        "executions": sum(one.executions for one in endings),
        "sample_equals_single_runs": right,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
