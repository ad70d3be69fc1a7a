"""A TA-Lib function that writes where it is told.

TA-Lib's Python functions make new arrays at every call, which a series of blocks would have to copy.
The C functions beneath them write in place. Blocks computed from the last to the first leave the right
values where a block's warm-up reaches into the block before. The functions are the same, so the bits are.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from talib import _ta_lib

from trading_core.indicators.spec import Params, Write
from trading_core.market.candle import Floats

_LIBRARY = ctypes.PyDLL(_ta_lib.__file__)  # keeps the interpreter: a block is done sooner than handed over
"""TA-Lib's Python module; names are looked up in the C library that it is linked with, too."""

_TYPES: dict[str, Any] = {"int": ctypes.c_int, "double": ctypes.c_double}

_DEFAULTS: dict[str, Callable[[str], float]] = {"int": partial(int, base=0), "double": float}

_POINTER = ctypes.c_void_p

_WIDTH = 8
"""Bytes of a number."""

_TOLD = (ctypes.c_int * 2)()
TOLD = (ctypes.byref(_TOLD), ctypes.byref(_TOLD, ctypes.sizeof(ctypes.c_int)))
"""Where TA-Lib says which rows it wrote, which is known: nobody reads it."""


class Function:
    """One TA-Lib function; its outputs are floats, or whole numbers for a direction."""

    def __init__(self, name: str, outputs: tuple[np.dtype[Any], ...]) -> None:
        """Look the function up; its signature is the one that its Python function documents."""
        documented = getattr(_ta_lib, name).__doc__.split("\n")[0]
        signature = re.findall(r"(int|double) (\w+)=([^,)]+)", documented)
        self._options = [
            (option, _TYPES[kind], _TYPES[kind](_DEFAULTS[kind](text))) for kind, option, text in signature
        ]
        self._lookback = _LIBRARY[f"TA_{name}_Lookback"]
        self.call = _LIBRARY[f"TA_{name}"]
        """First row, last row, inputs, options, two places to tell, outputs; C types but for the rows."""
        self.name = name
        self.outputs = outputs
        self.options = lru_cache(maxsize=256)(self._given)
        """C values of options, and how many rows before the first ready one."""

    def _given(self, *given: tuple[str, float]) -> tuple[tuple[Any, ...], int]:
        known = dict(given)
        options = tuple(kind(known[name]) if name in known else unset for name, kind, unset in self._options)
        return options, self._lookback(*options)

    def refused(self, code: int) -> ValueError:
        """The error of a call that returned this code."""
        return ValueError(f"TA-Lib refused {self.name} with code {code}")


@lru_cache(maxsize=256)
def function(name: str) -> Function:
    """The function of that name."""
    called = getattr(_ta_lib, name)
    inputs = re.findall(r"ndarray \w+", called.__doc__.split("\n")[0])
    made = called(*[np.ones(2)] * len(inputs))
    outputs = made if isinstance(made, tuple) else (made,)
    return Function(name, tuple(each.dtype for each in outputs))


def place_of(array: Floats) -> Any:
    """Where an array's numbers begin, as C takes it; good as long as the array is."""
    return _POINTER.from_address(id(array) + _HEADER)


def _checked() -> int:
    """The bytes before an array's pointer to its numbers: it stands first in NumPy's stable binary form."""
    probe = np.empty(1)
    header = object.__basicsize__
    if _POINTER.from_address(id(probe) + header).value != probe.ctypes.data:
        raise ImportError("NumPy's arrays are not laid out as this module knows them")
    return header


_HEADER = _checked()
"""Asking the array for its address costs several times what a short call does."""


class Direct:
    """A function of floats with options; each names a parameter, or is a number."""

    def __init__(self, called: Function, options: Mapping[str, str | float]) -> None:
        self._function = called
        self._options = options
        self.outputs = len(called.outputs)

    def __call__(self, params: Params) -> Write:
        """The call with these parameters."""
        given = {
            name: params[each] if isinstance(each, str) else each for name, each in self._options.items()
        }
        return _Bound(self._function, *self._function.options(*given.items()))


class _Bound:
    """A call with all its options."""

    def __init__(self, called: Function, options: tuple[Any, ...], back: int) -> None:
        self._function = called
        self._options = options
        self._back = back

    def __call__(
        self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Sequence[tuple[int, int]]
    ) -> None:
        """Run over each span [begin, end) of rows in turn, and write its rows from the first ready one on."""
        back, call = self._back, self._function.call
        columns = [np.ascontiguousarray(column, dtype=np.float64) for column in inputs]
        starts = [place_of(column).value for column in columns]
        starts += [place_of(output).value + back * _WIDTH for output in outputs]
        places = [_POINTER(start) for start in starts]
        arguments = (*places[: len(columns)], *self._options, *TOLD, *places[len(columns) :])
        for begin, end in spans:
            if begin + back < end:
                for place, start in zip(places, starts, strict=True):
                    place.value = start + begin * _WIDTH
                code = call(0, end - begin - 1, *arguments)
                if code:
                    raise self._function.refused(code)
