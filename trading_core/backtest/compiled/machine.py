"""The driver as machine code, kept warm for as long as its process lives."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

from trading_core.backtest.compiled.driver import play
from trading_core.backtest.compiled.run import Driver
from trading_core.plan.jit import compiled, is_kept

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT = 1 << 30
"""Bytes."""


@cache
def machine(folder: Path) -> Driver:
    """The compiled driver; its machine code is kept in that folder from one process to the next."""
    _keep_memory()
    return compiled(play, folder)


def _keep_memory() -> None:
    """Have the process keep what it frees, where its C library can (glibc, mallopt(3)).

    A run makes a dozen columns of some megabytes and frees them again. Given back each time, they cost a
    page fault for every 4 KiB of the next run: a third of its time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            mallopt(parameter, _KEPT)


def is_compiled(folder: Path) -> bool:
    """Whether that folder holds the machine code of the driver as it is now: loading it takes a second."""
    return is_kept(play, folder)
