"""The marks of kernel functions, and the one door to Numba.

A marked function takes and returns integers and integer arrays, never objects, and allocates nothing. It
stays plain Python for everybody who calls it; web and workers never import Numba. The compute process
hands a driver to ``compiled``: from there on the driver, and every marked function it calls, is machine
code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_MARKED: dict[Callable[..., Any], bool] = {}
"""Marked functions, and whether their callers get a copy."""
_KNOWN: set[Callable[..., Any]] = set()
"""Those that Numba has been told of."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as part of the kernel."""
    _MARKED[function] = False
    return function


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a kernel function so small, or called so often, that each caller gets a copy of it."""
    _MARKED[function] = True
    return function


def compiled(driver: Callable[P, R], cache: Path) -> Callable[P, R]:
    """Return a driver compiled, together with the marked functions that it calls.

    Call it once everything that the driver calls has been imported. The machine code is kept in the
    folder ``cache`` under a digest of the sources: Numba itself looks at the driver's file only.
    """
    import numba  # noqa: PLC0415 - half a second and 100 MiB that only the compute process pays
    from numba.extending import register_jitable  # noqa: PLC0415

    # Without Numba's reference counts: nothing is allocated, and counting costs ten times the work.
    for function, is_inlined in _MARKED.items():
        if function not in _KNOWN:
            _KNOWN.add(function)
            register_jitable(_nrt=False, forceinline=is_inlined)(function)
    numba.config.CACHE_DIR = str(cache / _digest(driver))  # type: ignore[attr-defined]
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    made: Callable[P, R] = numba.njit(**options)(driver)
    return made


def is_kept(driver: Callable[..., Any], cache: Path) -> bool:
    """Whether the machine code of a driver lies in the folder, for the sources as they are now."""
    return any((cache / _digest(driver)).glob(f"*/*.{driver.__name__}-*.nbi"))


def _digest(driver: Callable[..., Any]) -> str:
    files = sorted({function.__code__.co_filename for function in (*_MARKED, driver, compiled)})
    whole = hashlib.blake2s(digest_size=8)
    for file in files:
        whole.update(Path(file).read_bytes())
    return whole.hexdigest()
