"""A formula written once, run over whole columns or candle by candle.

A formula calls TA-Lib's functions by their names and joins them with arithmetic. Over columns it calls
the batch functions; live, every call in it has a TA-Lib stream handle of its own and takes one number
at a time. Both give the same bits, so an indicator states its formula once and has both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import talib
from talib import _ta_lib

from trading_core.indicators.direct import batch
from trading_core.indicators.memories import Awake, Flat, Idle, Lag, Memory, Streak, Weighted
from trading_core.indicators.spec import Params
from trading_core.indicators.stretches import Sound, somewhere
from trading_core.market.candle import Floats

Series = Any
"""A column over columns, a float live."""

_LN = batch("LN")

SMA, EMA = 0, 1
"""TA-Lib's numbers of its averages, for functions that take any."""


class Columns:
    """TA-Lib's batch functions by name, and what TA-Lib lacks."""

    def __getattr__(self, name: str) -> Callable[..., Series]:
        """A TA-Lib function: inputs by place, options by name."""
        function = batch(name)
        setattr(self, name, function)  # found without this method from now on
        return function

    def difference(self, left: Series, right: Series) -> Series:
        """Left minus right: where it is an output, it is made in its place."""
        return left - right

    def lag(self, values: Series, *, count: float) -> Series:
        """The value ``count`` candles ago."""
        return self.keep(Lag(int(count)), values)

    def streak(self, values: Series) -> Series:
        """Candles in a row that rose (positive) or fell (negative); 0 where unchanged."""
        return self.keep(Streak(), values)

    def awake(self, values: Series, *of: Series, wait: float = 0) -> Series:
        """Blank the values until these others have moved for the first time, and ``wait`` candles more."""
        return self.keep(Awake(int(wait)), values, *of)

    def flat(self, *values: Series, count: float, wait: float = 0, ago: float = 0) -> Series:
        """Whether all these of the last ``count`` candles are one number, or were up to ``wait`` ago.

        ``ago`` asks what was said that many candles ago.
        """
        return self.keep(Flat(int(count), int(wait), int(ago)), *values)

    def idle(self, values: Series, volume: Series, *, count: float) -> Series:
        """Whether each of the last ``count`` candles had the value before it, or no volume."""
        return self.keep(Idle(int(count)), values, volume)

    def weighted(self, values: Series, *, weights: Callable[[], Floats]) -> Series:
        """The last values by these weights, the newest by the last one."""
        return self.keep(Weighted(weights()), values)

    def keep(self, memory: Memory, *values: Series) -> Series:
        """What a memory makes of the values."""
        return memory.over(*values)


class _Opening(Columns):
    """Runs a formula over its history and opens a handle for every call in it."""

    def __init__(self) -> None:
        self.steps: list[Callable[..., Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Series]:
        def call(*inputs: Floats, **options: float) -> Series:
            inputs = tuple(np.ascontiguousarray(each, dtype=np.float64) for each in inputs)
            self.steps.append(getattr(_ta_lib, f"{name}_Stream")(*inputs, **options).update)
            return batch(name)(*inputs, **options)

        return call

    def keep(self, memory: Memory, *values: Series) -> Series:
        made = memory.over(*values)
        memory.open(*values)
        self.steps.append(memory.update)
        return made


class _Live(Columns):
    """Feeds the handles in the order in which the formula calls them."""

    def __init__(self, steps: list[Callable[..., Any]]) -> None:
        self._next = cycle(steps).__next__

    def __getattr__(self, name: str) -> Callable[..., Series]:
        setattr(_Live, name, _Live._call)  # found without this method from now on
        return self._call

    def _call(self, *inputs: float, **options: float) -> Series:
        return self._next()(*inputs)

    lag: Callable[..., Series] = _call
    streak: Callable[..., Series] = _call
    awake: Callable[..., Series] = _call
    flat: Callable[..., Series] = _call
    idle: Callable[..., Series] = _call
    weighted: Callable[..., Series] = _call


Formula = Callable[[Columns, tuple[Series, ...], Params], Series]
"""A calculus, the inputs and the parameters in; one series out, or a tuple of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """The formula that is one TA-Lib call; ``named`` options are parameters, ``fixed`` ones numbers."""

    function: str
    named: Mapping[str, str]
    fixed: Mapping[str, float]
    of: int | None = None
    """Which of the outputs before it takes, in a formula of several calls; None for the inputs."""

    def __call__(self, ta: Columns, inputs: tuple[Series, ...], params: Params) -> Series:
        """Call the function."""
        given = {option: params[name] for option, name in self.named.items()}
        return getattr(ta, self.function)(*inputs, **given, **self.fixed)


@dataclass(frozen=True, slots=True)
class Mended:
    """TA-Lib calls, and what puts their answers right where there is no such value."""

    calls: tuple[Call, ...]
    mend: Callable[[Columns, tuple[Series, ...], tuple[Series, ...], Params], Series]
    """The calls' outputs, the inputs and the parameters in; the formula's outputs out, one for each."""
    sound: Sound | None = None
    """Tells quickly, over columns, that there is nothing to mend; it may be wrong only in the other direction."""
    by_run: int = 0
    """A row of a run, if mending depends on where the run began, and not only on the warm-up's candles.

    There is nothing to mend in a run of which any input has moved by then.
    """

    def __call__(self, ta: Columns, inputs: tuple[Series, ...], params: Params) -> Series:
        """Call the functions and put their answers right."""
        values: tuple[Series, ...] = ()
        for each in self.calls:
            made = each(ta, inputs if each.of is None else (values[each.of],), params)
            values += made if type(made) is tuple else (made,)
        return self.mend(ta, values, inputs, params)


COLUMNS = Columns()


def run(formula: Formula, inputs: tuple[Floats, ...], params: Params) -> tuple[Floats, ...]:
    """Return the formula's outputs over whole columns."""
    made = formula(COLUMNS, inputs, params)
    return made if isinstance(made, tuple) else (made,)


class FormulaStream:
    """A formula opened on a history of at least one row, advanced by one candle at a time."""

    def __init__(self, formula: Formula, inputs: tuple[Floats, ...], params: Params) -> None:
        self._formula = formula
        self._params = params
        self._rows = inputs
        self._live: Callable[..., Series] | None = None
        self._open()

    def update(self, *values: float) -> tuple[float, ...]:
        """Return the outputs at the next candle, NaN where not ready."""
        live = self._live
        if live is None:
            return self._lengthen(values)
        made = live(*values)
        return made if type(made) is tuple else (made,)

    def _open(self) -> None:
        opening = _Opening()
        try:
            self._formula(opening, self._rows, self._params)
        except talib.InsufficientHistory:  # type: ignore[attr-defined]  # its stubs lack it
            self._rows = tuple(column.copy() for column in self._rows)
            return
        self._rows = ()
        if isinstance(self._formula, Call):
            (self._live,) = opening.steps
            return
        formula, live, params = self._formula, _Live(opening.steps), self._params
        self._live = lambda *values: formula(live, values, params)

    def _lengthen(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """Compute over the columns, as long as a handle lacks history to open on."""
        self._rows = tuple(np.append(column, value) for column, value in zip(self._rows, values, strict=True))
        last = tuple(float(output[-1]) for output in run(self._formula, self._rows, self._params))
        self._open()
        return last


def ratio(above: Series, below: Series) -> Series:
    """Return above / below, NaN where below is 0."""
    if isinstance(below, float):
        return above / below if below else np.nan
    zero = below == 0.0
    if not somewhere(zero):
        return above / below
    with np.errstate(divide="ignore", invalid="ignore"):
        made = above / below
    np.copyto(made, np.nan, where=zero)  # several times as fast as dividing only elsewhere
    return made


def nothing(values: Series, others: Series) -> Series:
    """Say where both are 0; False for all if nowhere."""
    if isinstance(values, float):
        return values == 0.0 == others
    zero = others == 0.0
    return zero & (values == 0.0) if somewhere(zero) else False


def both(these: Series, those: Series) -> Series:
    """Say where both are true; False for all if one of them is false for all."""
    return False if these is False or those is False else these & those


def either(these: Series, those: Series) -> Series:
    """Say where one is true; False for all if both are false for all."""
    if these is False:
        return those
    return these if those is False else these | those


def blank(values: Series, where: Series) -> Series:
    """Return the values, NaN where asked; ``where`` is True or False for all, or says it for each."""
    if isinstance(values, float):
        return np.nan if where else values
    return choose(where, np.nan, values) if where is not False and somewhere(where) else values


def clear(values: Series, where: Series, to: float = math.nan) -> Series:
    """Do what ``blank`` does, to columns that are the formula's own: in place."""
    if isinstance(values, float):
        return to if where else values
    if where is not False:
        np.copyto(values, to, where=where)
    return values


def log(values: Series) -> Series:
    """Return the natural logarithm, NaN where there is none."""
    if isinstance(values, float):
        return math.log(values) if values > 0.0 else np.nan
    return _LN(blank(values, values <= 0.0))


def choose(where: Series, this: Series, other: Series) -> Series:
    """Return this where asked, else the other."""
    if isinstance(where, bool):
        return this if where else other
    if isinstance(other, float):
        return np.where(where, this, other)
    made = other.copy()
    np.copyto(made, this, where=where)  # several times as fast as np.where
    return made


def number(values: Series) -> Series:
    """Return whole numbers as floats."""
    return float(values) if isinstance(values, int) else values.astype(np.float64, copy=False)


def sign(values: Series) -> Series:
    """Return 1 above 0, -1 below, else 0."""
    if isinstance(values, float):
        return float(values > 0.0) - float(values < 0.0)
    return np.sign(values)


def larger(left: Series, right: Series) -> Series:
    """Return the larger of two."""
    if isinstance(left, float) and isinstance(right, float):
        return left if left > right or left != left else right  # noqa: PLR0124 — NaN stays NaN
    return np.maximum(left, right)


def smaller(left: Series, right: Series) -> Series:
    """Return the smaller of two."""
    return -larger(-left, -right)
