"""Runs everything: linters, the suite on the embedded stack, and what touches a database on the services.

Nothing is skipped in silence: a skipped test that tests/allowed_skips.txt does not name is a failure.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from scripts.services import Services, ServicesMissing, services

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LEAVE = ROOT / "tests" / "allowed_skips.txt"
EMBEDDED_ONLY_EXIT = 3
STAGE_TIMEOUT_S = 14 * 60
WORKERS = "2"

CHECKS: dict[str, list[str]] = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy", "."],
    "import-linter": [str(BIN / "lint-imports")],
}


@dataclass(slots=True)
class Stage:
    """What a stage came to."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Say it in one line."""
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped with leave"
        return f"{self.name}: {counts}, {self.seconds:.0f} s"


def main() -> int:
    """Run the stages that were asked for and print what they came to."""
    options = _options()
    stages = [] if options.no_lint else [_timed("lint", _lint)]
    stages.append(_timed("embedded (SQLite, memory)", lambda stage: _embedded(stage, options.pytest)))
    if not options.embedded_only:
        stages.append(
            _timed("services (PostgreSQL, Redis)", lambda stage: _on_services(stage, options.pytest))
        )
    return _report(stages, embedded_only=options.embedded_only)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts.test", description=__doc__)
    parser.add_argument(
        "--embedded-only", action="store_true", help="leave PostgreSQL and Redis out; exits 3"
    )
    parser.add_argument("--no-lint", action="store_true", help="leave linters and types out")
    parser.add_argument("pytest", nargs="*", help="paths or options for pytest, after --")
    return parser.parse_args()


def _timed(name: str, run: Callable[[Stage], None]) -> Stage:
    stage = Stage(name)
    print(f"\n== {name}", flush=True)
    started = time.monotonic()
    run(stage)
    stage.seconds = time.monotonic() - started
    return stage


def _lint(stage: Stage) -> None:
    for name, command in CHECKS.items():
        done = _run(command, {"PYTHONPATH": str(ROOT)})
        if done:
            stage.failed += 1
            stage.notes.append(f"{name} exited {done}")
        else:
            stage.passed += 1


def _embedded(stage: Stage, arguments: list[str]) -> None:
    if arguments:
        _pytest(stage, arguments, {})
        return
    _side_by_side(stage, "not browser", "browser", {})


def _side_by_side(stage: Stage, most: str, browser: str, environment: dict[str, str]) -> None:
    """Two at a time; the browser's tests apart: Playwright leaves an event loop running in its process."""
    for marks in (most, browser):
        _pytest(stage, ["-n", WORKERS, "--dist", "loadfile", "-m", marks], environment)


def _on_services(stage: Stage, arguments: list[str]) -> None:
    try:
        with services() as found:
            print(found.origin, flush=True)
            stage.notes.append(found.origin)
            if arguments:
                _pytest(stage, ["-m", "db", *arguments], _addresses(found))
            else:
                _side_by_side(stage, "db and not browser", "db and browser", _addresses(found))
    except ServicesMissing as error:
        stage.failed += 1
        stage.notes.append(str(error))


def _addresses(found: Services) -> dict[str, str]:
    return {"TEST_DATABASE_URL": found.database_url, "TEST_REDIS_URL": found.redis_url}


def _pytest(stage: Stage, arguments: list[str], environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="ailona-junit-") as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        status = _run(command, {"TEST_DATABASE_URL": "", "TEST_REDIS_URL": "", **environment})
        _count(stage, report)
    if status and not stage.failed:
        stage.failed += 1
        stage.notes.append(f"pytest exited {status}")


def _count(stage: Stage, report: Path) -> None:
    leave = _leave()
    try:
        cases = list(ET.parse(report).getroot().iter("testcase"))
    except (OSError, ET.ParseError) as error:
        stage.notes.append(f"pytest left no readable report: {error}")
        cases = []
    for case in cases:
        _count_case(stage, case, leave)
    if not stage.passed:
        stage.failed += 1
        stage.notes.append("not one test passed")


def _count_case(stage: Stage, case: ET.Element, leave: tuple[str, ...]) -> None:
    name = f"{case.get('classname')}::{case.get('name')}"
    skipped = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        stage.failed += 1
    elif skipped is None:
        stage.passed += 1
    elif any(allowed in f"{name} {skipped.get('message')}" for allowed in leave):
        stage.skipped += 1
        stage.notes.append(f"skipped with leave: {name}: {skipped.get('message')}")
    else:
        stage.failed += 1
        stage.notes.append(f"SKIPPED WITHOUT LEAVE: {name}: {skipped.get('message')}")


def _leave() -> tuple[str, ...]:
    """Return what a skipped test's name or message must contain to be allowed: the part before ` # `."""
    lines = (line.partition(" # ")[0].strip() for line in LEAVE.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _run(command: list[str], environment: dict[str, str]) -> int:
    """Run a program in a group of its own, so that one that hangs takes its children along."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True)
    try:
        return process.wait(timeout=STAGE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print(f"stopped after {STAGE_TIMEOUT_S} s: {' '.join(command[:4])}", flush=True)
        return 124
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _report(stages: list[Stage], *, embedded_only: bool) -> int:
    print("\n== result")
    for stage in stages:
        print(stage.line())
        for note in stage.notes:
            print(f"  {note}")
    if embedded_only:
        print("PostgreSQL and Redis were left out: this is not the whole suite.")
    passed = sum(stage.passed for stage in stages)
    failed = sum(stage.failed for stage in stages)
    print(f"{passed} passed, {failed} failed", flush=True)
    if failed:
        return 1
    return EMBEDDED_ONLY_EXIT if embedded_only else 0


if __name__ == "__main__":
    sys.exit(main())
