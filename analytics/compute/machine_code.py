"""The engine's machine code in the compute process: compiled once beside the runs, loaded when it is there.

Compiling takes 40 to 120 seconds of one core, so it is done by a child, whose product lies on disk. From
then on the compute process loads it in a second, and the processes that play runs inherit it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from enum import Enum
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path

from django.db import connections

from ailona.kit.orphans import die_with
from analytics.compute.warm import warm

logger = logging.getLogger(__name__)

FOLDER = "machine-code"
"""Where it lies, in DATA_DIR."""
USUALLY_S = 60.0
"""What compiling takes on a core of its own; only for deciding whether a run should wait for it."""
NICE = 5
"""Runs go before compiling."""
_context = get_context("fork")


class CodeState(Enum):
    """How far the machine code is."""

    COLD = "cold"
    COMPILING = "compiling"
    READY = "ready"
    FAILED = "failed"


class MachineCode:
    """The machine code of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = CodeState.COLD
        self._compiler: ForkProcess | None = None
        self._began = 0.0

    @property
    def path(self) -> Path | None:
        """The folder to run compiled with; None while there is no machine code."""
        return self.folder if self.state is CodeState.READY else None

    def begin(self) -> None:
        """Start to compile, unless that was done; returns at once."""
        if self.state is not CodeState.COLD:
            return
        connections.close_all()  # a connection must not be in two processes
        self._compiler = _context.Process(target=_compile, args=(self.folder, os.getpid()), daemon=True)
        self._compiler.start()
        self._began, self.state = time.monotonic(), CodeState.COMPILING

    def look(self) -> None:
        """Load the machine code if it has been compiled meanwhile."""
        if self._compiler is None or self._compiler.is_alive():
            return
        code, self._compiler = self._compiler.exitcode, None
        if code != 0:
            self.state = CodeState.FAILED
            logger.error("the engine could not be compiled (exit %s): backtests are interpreted", code)
            return
        warm(self.folder)
        self.state = CodeState.READY
        logger.info("the engine is compiled, %.1f s", time.monotonic() - self._began)

    def remaining_s(self) -> float:
        """About how long until it is ready; 0 if it is, or never will be."""
        if self.state is not CodeState.COMPILING:
            return 0.0
        elapsed = time.monotonic() - self._began
        # Past the usual time the longer it has taken the longer it may take: nobody waits for it for ever.
        return max(USUALLY_S - elapsed, elapsed / 2)

    def stop(self) -> None:
        """End the compiler if it works."""
        if self._compiler is not None:
            self._compiler.kill()
            self._compiler.join()


def _compile(folder: Path, parent: int) -> None:
    die_with(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    folder.mkdir(parents=True, exist_ok=True)
    warm(folder)
