"""The mark of kernel functions: integers in, integers out, no objects.

The identity in web and workers. A compute process that runs many backtests may compile everything
that carries the mark; this is the one file that would know how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as part of the kernel."""
    return function
