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
from inspect import unwrap
from typing import Any

import numpy as np
from talib import _ta_lib

from trading_core.indicators.spec import Bound, Params, Spans
from trading_core.market.candle import Floats

_LIBRARY = ctypes.PyDLL(_ta_lib.__file__)  # keeps the interpreter: a block is done sooner than handed over
"""TA-Lib's Python module; names are looked up in the C library that it is linked with, too."""

_ARGUMENTS: dict[str, Callable[[float], Any]] = {
    "int": ctypes.c_int.from_param,
    "double": ctypes.c_double.from_param,
}
"""What a C call takes as it is: anything else is made such an argument anew by every call."""

_DEFAULTS: dict[str, Callable[[str], float]] = {"int": partial(int, base=0), "double": float}

_POINTER = ctypes.c_void_p

pointer: Callable[[int], Any] = _POINTER.from_param
"""A call's argument that points to an address."""

WIDTH = 8
"""Bytes of a number."""

_TOLD = (ctypes.c_int * 2)()
TOLD = (ctypes.byref(_TOLD), ctypes.byref(_TOLD, ctypes.sizeof(ctypes.c_int)))
"""Where TA-Lib says which rows it wrote, which is known: nobody reads it."""


def batch(name: str) -> Callable[..., Any]:
    """TA-Lib's Python function as it was compiled, without the layer that looks for pandas' series."""
    compiled: Callable[..., Any] = unwrap(getattr(_ta_lib, name))
    return compiled


class Function:
    """One TA-Lib function; its outputs are floats, or whole numbers for a direction."""

    def __init__(self, name: str, outputs: tuple[np.dtype[Any], ...]) -> None:
        """Look the function up; its signature is the one that its Python function documents."""
        documented = getattr(_ta_lib, name).__doc__.split("\n")[0]
        signature = re.findall(r"(int|double) (\w+)=([^,)]+)", documented)
        self._options = [
            (option, _ARGUMENTS[kind], _ARGUMENTS[kind](_DEFAULTS[kind](text)))
            for kind, option, text in signature
        ]
        self._lookback = _LIBRARY[f"TA_{name}_Lookback"]
        self.call = _LIBRARY[f"TA_{name}"]
        """First row, last row, inputs, options, two places to tell, outputs; C types but for the rows."""
        self.name = name
        self.outputs = outputs
        self.floats = all(kind == np.float64 for kind in outputs)
        self.options = lru_cache(maxsize=256)(self._given)
        """The call's arguments for options, and how many rows before the first ready one."""

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
    called = batch(name)
    inputs = re.findall(r"ndarray \w+", getattr(_ta_lib, name).__doc__.split("\n")[0])
    made = called(*[np.ones(2)] * len(inputs))
    outputs = made if isinstance(made, tuple) else (made,)
    return Function(name, tuple(each.dtype for each in outputs))


def address(array: Floats) -> int:
    """Where an array's numbers begin; good as long as the array is."""
    return _POINTER.from_address(id(array) + _HEADER).value or 0


def _checked() -> int:
    """The bytes before an array's pointer to its numbers: it stands first in NumPy's stable binary form."""
    probe = np.empty(1)
    header = object.__basicsize__
    if _POINTER.from_address(id(probe) + header).value != probe.ctypes.data:
        raise ImportError("NumPy's arrays are not laid out as this module knows them")
    return header


_HEADER = _checked()
"""Asking the array for its address costs several times what a short call does."""


Aimed = tuple[
    Function, Callable[..., int], int, tuple[Any, ...], list[tuple[ctypes.c_void_p, int]], list[Floats]
]
"""A call with all that it takes but the rows.

The function, its C call, the rows before the first ready one, the arguments; those of them that point to
outputs, with where these begin; the columns that others point to.
"""


class Direct:
    """A function of floats with options; each names a parameter, or is a number."""

    def __init__(self, called: Function, options: Mapping[str, str | float], of: int | None = None) -> None:
        self._function = called
        self._options = options
        self.of = of
        """Which output of calls before it takes; None for the inputs."""

    def __call__(self, params: Params, before: int = 0) -> BoundCall:
        """The call with these parameters on what has ``before`` rows without a number."""
        given = {
            name: params[each] if isinstance(each, str) else each for name, each in self._options.items()
        }
        return BoundCall(self._function, given, self.of, before)


class BoundCall(Bound):
    """A call with all its options."""

    def __init__(self, called: Function, given: Mapping[str, float], of: int | None, before: int) -> None:
        self._function = called
        self._options, lookback = called.options(*given.items())
        self.back = before + lookback
        self.of = of
        self.outputs = len(called.outputs)
        self.call = partial(batch(called.name), **given)
        """The call over whole columns: one array, or a tuple of them."""

    def run(self, inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """Return new arrays."""
        made = self.call(*inputs)
        return made if type(made) is tuple else (made,)

    def write(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Spans) -> None:
        """Run over each span of rows in turn, and write its rows from the first ready one on."""
        write([self.on(inputs, outputs)], spans)

    def on(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...]) -> Aimed:
        """Aim the call at these columns, which must live as long."""
        columns = [np.ascontiguousarray(column, dtype=np.float64) for column in inputs]
        places = [(_POINTER(), address(output)) for output in outputs]
        arguments = (
            *[pointer(address(column)) for column in columns], *self._options,
            *TOLD, *[place for place, _ in places],
        )  # fmt: skip
        return self._function, self._function.call, self.back, arguments, places, columns


def write(calls: Sequence[Aimed], spans: Spans) -> None:
    """Make all the calls over each span of rows in turn: what one wrote there, the next may read."""
    for begin, end in spans:
        for called, call, back, arguments, places, _ in calls:
            # Asked from there on, TA-Lib begins as many rows before: at the span's first one.
            ready = begin + back
            for place, start in places:
                place.value = start + ready * WIDTH
            code = call(ready, end - 1, *arguments)
            if code:
                raise called.refused(code)
