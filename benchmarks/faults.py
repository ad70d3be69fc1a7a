"""Seeded runs of the whole platform under every fault: what was injected, and what broke.

``--seeds`` runs, two at a time; each is written down as it ends, so that a benchmark that was interrupted
goes on where it stopped. A run can be looked at again: ``benchmarks.simulation.play.play(seed)``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ailona.secrets_file import new_secrets

SEEDS = 1_000
PROCESSES = 2
SAY_EVERY = 100
JOURNAL = Path("var/benchmarks/faults.jsonl")


def run_benchmark(seeds: int = SEEDS, *, journal: Path = JOURNAL) -> dict[str, Any]:
    """Play seeds 0 to ``seeds`` that the journal of this version doesn't hold yet; return the table of all."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    known = {report["seed"]: report for report in _read(journal)}
    missing = [seed for seed in range(seeds) if seed not in known]
    began = time.monotonic()
    with journal.open("a") as file:
        for report in _played(missing):
            known[report["seed"]] = report
            file.write(json.dumps(report) + "\n")
            file.flush()
            if len(known) % SAY_EVERY == 0:
                _say(f"{len(known)} of {seeds} runs, {_bad(known.values())} with violations")
    reports = [known[seed] for seed in range(seeds)]
    return {**table(reports), "played_now": len(missing), "seconds": round(time.monotonic() - began, 1)}


def _played(seeds: list[int]) -> Iterator[dict[str, Any]]:
    """Play the seeds in processes of their own; yield each report as it comes."""
    with (
        ThreadPoolExecutor(PROCESSES) as pool,
        tempfile.TemporaryDirectory(prefix="ailona-faults-") as folder,
    ):
        reports: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        shares = [seeds[part::PROCESSES] for part in range(PROCESSES)]
        ended = [pool.submit(_run, share, Path(folder) / str(n), reports) for n, share in enumerate(shares)]
        for _ in ended:
            while (report := reports.get()) is not None:
                yield report
        for future in ended:
            future.result()


def _run(seeds: list[int], folder: Path, reports: SimpleQueue[dict[str, Any] | None]) -> None:
    try:
        if seeds:
            _run_process(seeds, folder, reports)
    finally:
        reports.put(None)


def _run_process(seeds: list[int], folder: Path, reports: SimpleQueue[dict[str, Any] | None]) -> None:
    env = os.environ | new_secrets() | {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "ailona.settings"}
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.simulation"]
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{seed}\n" for seed in seeds))
        process.stdin.close()
        for line in process.stdout:
            reports.put(json.loads(line))
    if process.returncode:
        raise RuntimeError(f"the process that played {len(seeds)} runs ended with {process.returncode}")


def table(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum up: faults by kind, violations by kind, what the runs did."""
    struck: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    for report in reports:
        struck.update(report["faults"])
        broken.update({violation.partition(":")[0] for violation in report["violations"]})
    return {
        "runs": len(reports),
        "runs_with_violations": _bad(reports),
        "violations": dict(broken),
        "first_bad_seeds": [report["seed"] for report in reports if report["violations"]][:10],
        "orders": sum(report["orders"] for report in reports),
        "executions": sum(report["executions"] for report in reports),
        "trader_processes": sum(report["traders"] for report in reports),
        "longest_unprotected_s": max(report["bare_s"] for report in reports),
        "longest_to_rest_s": round(max(report["rested_s"] for report in reports), 1),
        "faults_struck": dict(sorted(struck.items())),
    }


def _bad(reports: Any) -> int:
    return sum(bool(report["violations"]) for report in reports)


def _read(journal: Path) -> Iterator[dict[str, Any]]:
    if journal.exists():
        for line in journal.read_text().splitlines():
            yield json.loads(line)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
