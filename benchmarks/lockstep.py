"""The whole live path in lock-step against the backtest of the same bot documents."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.embedded import embedded
from benchmarks.processes import ROOT, manage, run
from benchmarks.production import Platform, platform
from trading_core.backtest.compare import first_difference

BOTS = [ROOT / "docs" / "examples" / name for name in ("averaging-scalper.json", "trend-follower.json")]
CANDLES = "candles/binance-linear/ETHUSDT_1m_20250504_20250624.parquet"
TIMEOUT_S = 3600.0

LATENCY = """
    SELECT count(*),
           coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), 0),
           coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY ms), 0)
      FROM (SELECT extract(epoch FROM settled_at - rung_at) * 1000 AS ms
              FROM bots_intentrow
             WHERE kind = 'place' AND state = 'confirmed' AND rung_at IS NOT NULL) AS accepted
"""


def market_data() -> Path:
    """Return the folder of real candles: MARKET_DATA, else beside the project."""
    folder = Path(os.environ.get("MARKET_DATA", ROOT.parent / "shared" / "market-data"))
    if not (folder / CANDLES).exists():
        raise SystemExit(f"expected real candles at {folder / CANDLES}; set MARKET_DATA to their folder")
    return folder


def run_embedded(candles: int) -> dict[str, Any]:
    """Play the candles through the embedded stack twice, then through ``manage.py backtest``; compare."""
    path = market_data() / CANDLES
    first, again = _played(path, candles), _played(path, candles)
    same = [first_difference(a, b) for a, b in zip(first["results"], again["results"], strict=True)]
    tested = [backtest(bot, path, candles) for bot in BOTS]
    return {
        **{
            name: first[name]
            for name in ("candles", "seconds", "candles_per_s", "close_to_accepted_ms", "memory_mib")
        },
        "second_run": ["equal" if difference is None else str(difference) for difference in same],
        "bots": [figures(live, test) for live, test in zip(first["results"], tested, strict=True)],
    }


def _played(path: Path, candles: int) -> dict[str, Any]:
    with embedded(candles=path, limit=candles, bots=BOTS) as live:
        seconds = live.play(timeout_s=TIMEOUT_S)
        return {
            "candles": candles,
            "seconds": round(seconds, 1),
            "candles_per_s": round(candles / seconds, 1),
            "close_to_accepted_ms": live.latency(),
            "memory_mib": live.processes.memory_mib(),
            "results": [live.result(code) for code in live.bots()],
        }


def run_processes(candles: int) -> dict[str, Any]:
    """Play the candles through every process, then through ``manage.py backtest``; compare."""
    path = market_data() / CANDLES
    with platform(candles=path, limit=candles, bots=BOTS, web=True) as live:
        seconds = live.play(timeout_s=TIMEOUT_S)
        memory = live.processes.memory_mib()
        return {
            "candles": candles,
            "seconds": round(seconds, 1),
            "candles_per_s": round(candles / seconds, 1),
            "bots": compared(live, BOTS, path, candles),
            "close_to_accepted_ms": latency(live),
            "memory_mib": memory,
        }


def compared(live: Platform, bots: list[Path], path: Path, candles: int) -> list[dict[str, Any]]:
    """Return each bot's figures with the first difference to its backtest, or "none"."""
    return [
        figures(live.result(code), backtest(bot, path, candles))
        for code, bot in zip(live.bots, bots, strict=True)
    ]


def backtest(bot: Path, candles: Path, limit: int) -> dict[str, Any]:
    """Return the result document of the headless backtest."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        words = (
            "backtest",
            "--bot",
            str(bot),
            "--candles",
            str(candles),
            "--limit",
            str(limit),
            "--json",
            str(out),
        )
        run(manage(*words), env={"DATA_DIR": folder, "DEBUG": "1"})
        return dict(json.loads(out.read_text()))


def figures(live: Mapping[str, Any], tested: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one bot did, live, and where its backtest first differs."""
    difference = first_difference(live, tested)
    return {
        "name": live["meta"]["bot"]["name"],
        "outcomes": len(live["decisions"]),
        "by_code": dict(Counter(row["code"] for row in live["decisions"]).most_common()),
        "orders": len(live["orders"]),
        "executions": len(live["executions"]),
        "trades": len(live["trades"]),
        "wallet_end": live["meta"]["wallet_end"],
        "backtest_wallet_end": tested["meta"]["wallet_end"],
        "first_difference": "none" if difference is None else str(difference),
    }


def latency(live: Platform) -> dict[str, float]:
    """Return median and p99 milliseconds from a close heard to an order accepted."""
    [(count, median, p99)] = live.query(LATENCY)
    return {"orders": int(count), "median": round(float(median), 1), "p99": round(float(p99), 1)}
