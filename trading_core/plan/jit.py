"""The mark of kernel functions, and the one door to Numba.

A marked function takes and returns integers and integer arrays, never objects. It stays plain Python
for everybody who calls it; web and workers never import Numba. The compute process hands a driver to
``compiled``: from there on the driver, and every marked function that it calls, runs compiled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_MARKED: list[Callable[..., Any]] = []
_KNOWN: set[Callable[..., Any]] = set()
"""Marked functions that Numba has been told of."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as part of the kernel."""
    _MARKED.append(function)
    return function


def compiled(driver: Callable[P, R], cache: Path) -> Callable[P, R]:
    """Return a driver compiled, together with the marked functions that it calls.

    Call it once everything that the driver calls has been imported. The machine code is kept in the
    folder ``cache`` under a digest of the sources: Numba itself looks at the driver's file only.
    """
    import numba  # noqa: PLC0415 - half a second and 100 MiB that only the compute process pays
    from numba.extending import register_jitable  # noqa: PLC0415

    for function in _MARKED:
        if function not in _KNOWN:
            _KNOWN.add(function)
            register_jitable(function)
    numba.config.CACHE_DIR = str(cache / _digest(driver))  # type: ignore[attr-defined]
    made: Callable[P, R] = numba.njit(cache=True, nogil=True)(driver)
    return made


def _digest(driver: Callable[..., Any]) -> str:
    files = sorted({function.__code__.co_filename for function in (*_MARKED, driver)})
    whole = hashlib.blake2s(digest_size=8)
    for file in files:
        whole.update(Path(file).read_bytes())
    return whole.hexdigest()
