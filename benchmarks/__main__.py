"""Run benchmarks by name; each prints one JSON line: ``python -m benchmarks [NAME...]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import (
    backtest,
    faults,
    hostile,
    indicators,
    kills,
    lockstep,
    parity,
    rules,
    sweep,
    venue,
    whatif,
)

BENCHMARKS: dict[str, Callable[[int], dict[str, Any]]] = {
    "indicators": lambda _: indicators.run_benchmark(),
    "lockstep": lockstep.run_embedded,
    "processes": lockstep.run_processes,
    "kills": kills.run_benchmark,
    "rules": lambda _: rules.run_benchmark(),
    "hostile": lambda _: hostile.run_benchmark(),
    "whatif": lambda _: whatif.run_benchmark(),
    "backtest": lambda _: backtest.run_benchmark(),
    "sweep": lambda _: sweep.run_benchmark(),
    "parity": lambda _: parity.run_benchmark(),
    "faults": lambda _: faults.run_benchmark(),
    "venue": lambda _: venue.run_benchmark(),
}


def main(argv: list[str] | None = None) -> int:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(BENCHMARKS)}")
    parser.add_argument(
        "--candles",
        type=int,
        default=20_000,
        help="candles that lockstep, processes and kills play (default 20000)",
    )
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in options.names or list(BENCHMARKS):
        print(json.dumps({"benchmark": name, **BENCHMARKS[name](options.candles)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
