"""What a counterfactual costs: thirty days of 1m candles as a bot was, and with one threshold moved."""

from __future__ import annotations

import json
import os
import time
from typing import Any
from unittest.mock import patch

from benchmarks.lockstep import market_data
from benchmarks.processes import ROOT
from trading_core.backtest.inputs import market_from_files
from trading_core.backtest.whatif import WhatIf, changed_document, what_if
from trading_core.engine.document import parse_document

CANDLES = "candles/binance-linear/ETHUSDT_1m_20250504_20250624.parquet"
BOT = "docs/examples/averaging-scalper.json"
START_MS, END_MS = 1_746_835_200_000, 1_749_427_200_000
"""2025-05-10 to 2025-06-09, 00:00 UTC."""
CHANGE = [{"path": "long.all[0].right", "value": 33}]
REPEATS = 3


def run_benchmark() -> dict[str, Any]:
    """Time the comparison of both runs, and the same with every minute played, and check they agree."""
    document = parse_document(json.loads((ROOT / BOT).read_text()))
    market = market_from_files(document, [market_data() / CANDLES])

    def compared() -> WhatIf:
        changed = changed_document(document, CHANGE)
        return what_if(
            document, changed, market.candles, market.instruments, start_ms=START_MS, end_ms=END_MS
        )

    quick = [_timed(compared) for _ in range(REPEATS)]
    with patch("trading_core.backtest.run.is_calm", return_value=False):
        plain_s, _, plain = _timed(compared)
    seconds, wall, found = min(quick, key=lambda each: each[0])
    if found.changed.decisions != plain.changed.decisions:
        raise AssertionError("skipping calm minutes changed a decision")
    return {
        "candles": found.original.candles,
        "change": "long: rsi(14) < 28 becomes < 33",
        "cpu_s": round(seconds, 3),
        "wall_s": round(wall, 3),
        "every_minute_played_cpu_s": round(plain_s, 3),
        "ratio_every_minute_played": round(plain_s / seconds, 1),
        "decisions": len(found.original.decisions),
        "decisions_that_differ": len(found.differing),
        "trades": [_entered(found.original), _entered(found.changed)],
        "load_average": [round(each, 2) for each in os.getloadavg()],
    }


def _entered(played: Any) -> int:
    return sum(decision.code == "entered" for decision in played.decisions)


def _timed(work: Any) -> tuple[float, float, WhatIf]:
    cpu, wall = time.process_time(), time.perf_counter()
    made = work()
    return time.process_time() - cpu, time.perf_counter() - wall, made
