"""The driver as machine code, kept warm for as long as its process lives."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from trading_core.backtest.compiled.driver import play
from trading_core.backtest.compiled.run import Driver
from trading_core.plan.jit import compiled, is_kept


@cache
def machine(folder: Path) -> Driver:
    """The compiled driver; its machine code is kept in that folder from one process to the next."""
    return compiled(play, folder)


def is_compiled(folder: Path) -> bool:
    """Whether that folder holds the machine code of the driver as it is now: loading it takes a second."""
    return is_kept(play, folder)
