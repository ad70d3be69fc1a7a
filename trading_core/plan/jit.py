"""The marks of kernel functions, and the one door to Numba.

A marked function takes and returns integers and integer arrays, never objects, and allocates nothing. It
stays plain Python for everybody who calls it; web and workers never import Numba. The compute process
hands a driver to ``compiled``: from there on the driver, and every marked function it calls, is machine
code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

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


def lent(tables: T) -> T:
    """Return the tables as they are; in machine code, a reference to them.

    A named tuple of arrays is some hundred numbers that every call would copy. Lend it once, in the function
    that the tables were given to: the reference is good as long as that one runs.
    """
    return tables


def compiled(driver: Callable[P, R], folder: Path) -> Callable[P, R]:
    """Return a driver compiled, together with the marked functions that it calls.

    Call it once everything that the driver calls has been imported. The machine code is kept in the
    ``folder`` under a digest of the sources: Numba itself looks at the driver's file only.
    """
    import numba  # noqa: PLC0415 - half a second and 100 MiB that only the compute process pays
    from numba.extending import register_jitable  # noqa: PLC0415

    _tell_of_lending()
    # Without Numba's reference counts: nothing is allocated, and counting costs ten times the work.
    for function, is_inlined in _MARKED.items():
        if function not in _KNOWN:
            _KNOWN.add(function)
            register_jitable(_nrt=False, forceinline=is_inlined)(function)
    numba.config.CACHE_DIR = str(folder / _digest(driver))  # type: ignore[attr-defined]
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    made: Callable[P, R] = numba.njit(**options)(driver)
    return made


def is_kept(driver: Callable[..., Any], folder: Path) -> bool:
    """Whether the machine code of a driver lies in the folder, for the sources as they are now."""
    return any((folder / _digest(driver)).glob(f"*/*.{driver.__name__}-*.nbi"))


@cache
def _tell_of_lending() -> None:
    """Tell Numba what ``lent`` makes: a pointer to a named tuple, whose fields are loaded where they are used."""
    core: Any = import_module("numba.core")
    templates: Any = import_module("numba.core.typing.templates")
    extending: Any = import_module("numba.extending")
    cgutils = core.cgutils

    class Loan(core.types.Type):  # type: ignore[misc]
        """A reference to a named tuple."""

        def __init__(self, whole: Any) -> None:
            self.whole = whole
            super().__init__(f"Loan({whole})")

    class LoanModel(extending.models.PrimitiveModel):  # type: ignore[misc]
        """Its address."""

        def __init__(self, dmm: Any, loan: Any) -> None:
            super().__init__(dmm, loan, dmm.lookup(loan.whole).get_value_type().as_pointer())

    class LoanFields(templates.AttributeTemplate):  # type: ignore[misc]
        """The fields of the named tuple."""

        key = Loan

        def generic_resolve(self, loan: Any, field: str) -> Any:
            """Return the type of a field."""
            return loan.whole.types[loan.whole.fields.index(field)]

    def typed(_: Any) -> Any:
        def loan(tables: Any) -> Any:
            return Loan(tables)

        return loan

    def address(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return cgutils.alloca_once_value(builder, arguments[0])

    def loaded(_: Any, builder: Any, loan: Any, place: Any, field: str) -> Any:
        return builder.load(cgutils.gep_inbounds(builder, place, 0, loan.whole.fields.index(field)))

    extending.register_model(Loan)(LoanModel)
    extending.infer_getattr(LoanFields)
    extending.type_callable(lent)(typed)
    extending.lower_builtin(lent, core.types.Any)(address)
    extending.lower_getattr_generic(Loan)(loaded)


def _digest(driver: Callable[..., Any]) -> str:
    files = sorted({function.__code__.co_filename for function in (*_MARKED, driver, compiled)})
    whole = hashlib.blake2s(digest_size=8)
    for file in files:
        whole.update(Path(file).read_bytes())
    return whole.hexdigest()
