"""The golden report: what a seeded run came to when it was last looked at.

``python -m tests.trading_core.backtest.golden`` writes it anew, for a change that is meant to change it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.builders import START_MS
from tests.trading_core.backtest.test_run import INSTRUMENTS, plan, priced
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run
from trading_core.market.recorded import Recorded

FILE = Path(__file__).with_name("golden_report.json")
EIGHT_HOURS = 8 * 3_600_000
PARTS = ("metrics", "drawdowns", "breakdown", "badge", "rejections", "left_open", "funding")


def report() -> dict[str, Any]:
    """Two days of a wild market with averaging both ways, funding paid and received."""
    rates = {START_MS + times * EIGHT_HOURS: rate for times, rate in enumerate((10_000, -3_000, 5_000) * 2)}
    tight = plan(
        **{"plan.take_profit.pct": "0.1", "plan.averaging.deviation_pct": "0.1", "plan.stop.pct": "2"}
    )
    played = run(
        tight, {"ETHUSDT": priced(2_880, seed=11)}, INSTRUMENTS, recorded={"ETHUSDT": Recorded(rates)}
    )
    result = result_document(played)
    return {name: result[name] for name in PARTS}


if __name__ == "__main__":
    FILE.write_text(json.dumps(report(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
