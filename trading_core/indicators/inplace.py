"""Formulas whose TA-Lib calls write straight into the indicator's outputs.

The first calls of a formula are given the outputs' own rows to write to. Where the formula returns what
they made, nothing is left to copy. It is the same formula, so the bits are those of ``formula.run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ctypes import c_void_p
from functools import partial
from typing import Any

import numpy as np

from trading_core.indicators.direct import TOLD, Direct, Function, function, place_of
from trading_core.indicators.formula import COLUMNS, Columns, Formula, Mended, Series
from trading_core.indicators.spec import Params, Write
from trading_core.market.candle import Floats

_CHUNK = 8192
"""Rows that are computed at a time where no blocks are needed: they stay in the processor's cache."""

_HEAD = 256
"""Rows among which a first number is looked for before all are."""


class Mending:
    """Calls that write in place, and what is put right afterwards."""

    def __init__(self, formula: Mended, calls: Sequence[Direct]) -> None:
        self._formula = formula
        self._calls = calls

    def __call__(self, params: Params) -> Write:
        """The formula with these parameters."""
        calls: list[tuple[Write, slice]] = []
        first = 0
        for each in self._calls:
            calls.append((each(params), slice(first, first + each.outputs)))
            first += each.outputs
        return partial(_mended, self._formula, calls, dict(params))


def _mended(
    formula: Mended,
    calls: list[tuple[Write, slice]],
    params: Params,
    inputs: tuple[Floats, ...],
    outputs: tuple[Floats, ...],
    spans: Sequence[tuple[int, int]],
) -> None:
    for group, sound in _groups(inputs, spans) if formula.by_run else [(spans, False)]:
        for write, which in calls:
            write(inputs, outputs[which], group)
        if sound:
            continue
        part = slice(group[-1][0], group[0][1])
        places = tuple([output[part] for output in outputs])
        columns = tuple([column[part] for column in inputs])
        made = formula.mend(COLUMNS, places, columns, params)
        _settle(made if type(made) is tuple else (made,), places)


def _groups(
    inputs: tuple[Floats, ...], spans: Sequence[tuple[int, int]]
) -> Iterator[tuple[Sequence[tuple[int, int]], bool]]:
    """The spans in turn: each that has not moved by its second candle alone, and those between, sound."""
    sound: list[tuple[int, int]] = []
    for span in spans:
        row = span[0]
        if all(column[row] == column[row + 1] for column in inputs):
            if sound:
                yield sound, True
            yield [span], False
            sound = []
        else:
            sound.append(span)
    if sound:
        yield sound, True


class InPlace:
    """A formula that is run over spans of rows."""

    def __init__(self, formula: Formula, overlap: Callable[[Params], int] | None) -> None:
        """``overlap``: the warm-up where a value depends on no more; then long spans are cut into chunks."""
        self._formula = formula
        self._overlap = overlap

    def __call__(self, params: Params) -> Write:
        """The formula with these parameters."""
        return partial(
            _write, self._formula, dict(params), None if self._overlap is None else self._overlap(params)
        )


def _chunks(spans: Sequence[tuple[int, int]], warmup: int) -> Iterator[tuple[int, int]]:
    """The same rows in chunks that stay in the processor's cache, from the last to the first."""
    for begin, end in spans:
        while end - begin > 2 * _CHUNK:
            yield end - _CHUNK - warmup + 1, end
            end -= _CHUNK
        yield begin, end


def _write(
    formula: Formula,
    params: Params,
    warmup: int | None,
    inputs: tuple[Floats, ...],
    outputs: tuple[Floats, ...],
    spans: Sequence[tuple[int, int]],
) -> None:
    columns = [np.ascontiguousarray(column, dtype=np.float64) for column in inputs]
    for begin, end in spans if warmup is None else _chunks(spans, warmup):
        places = [output[begin:end] for output in outputs]
        made = formula(_Placed(places), tuple([column[begin:end] for column in columns]), params)
        _settle(made if type(made) is tuple else (made,), places)


def _settle(made: tuple[Floats, ...], places: Sequence[Floats]) -> None:
    """Copy what isn't in its place already."""
    astray = [values is not place for values, place in zip(made, places, strict=True)]
    if any(astray):
        kept = [
            values.copy() if stray and any(values is place for place in places) else values
            for values, stray in zip(made, astray, strict=True)
        ]
        for values, place, stray in zip(kept, places, astray, strict=True):
            if stray:
                place[:] = values


class _Placed(Columns):
    """TA-Lib's functions, each writing to the next place there is."""

    def __init__(self, places: list[Floats]) -> None:
        self._places = iter(places)

    def __getattr__(self, name: str) -> Callable[..., Series]:
        setattr(_Placed, name, _method(function(name)))  # found without this method from now on
        made: Callable[..., Series] = getattr(self, name)
        return made

    def place(self, called: Function, inputs: tuple[Floats, ...], given: dict[str, float]) -> Series:
        """Call the function; what isn't ready is NaN."""
        columns = [np.ascontiguousarray(column, dtype=np.float64) for column in inputs]
        rows = len(columns[0])
        options, back = called.options(*given.items())
        made = [self._next(rows, kind) for kind in called.outputs]
        start = _first_number(columns)
        ready = start + back
        if ready < rows:
            code = called.call(
                0, rows - start - 1,
                *[_from(column, start) for column in columns], *options,
                *TOLD, *[_from(output, ready) for output in made],
            )  # fmt: skip
            if code:
                raise called.refused(code)
        for output in made:
            output[:ready] = np.nan if output.dtype == np.float64 else 0
        return made[0] if len(made) == 1 else tuple(made)

    def _next(self, rows: int, kind: np.dtype[Any]) -> Floats:
        place = next(self._places, None) if kind == np.float64 else None
        return np.empty(rows, kind) if place is None else place


def _from(array: Floats, row: int) -> c_void_p:
    """The place of a row."""
    place: c_void_p = place_of(array)
    return c_void_p((place.value or 0) + row * array.itemsize) if row else place


def _method(called: Function) -> Callable[..., Any]:
    return lambda placed, *inputs, **options: placed.place(called, inputs, options)


def _first_number(columns: list[Floats]) -> int:
    """The first row at which every column has a number; the last row if there is none."""
    start, rows = 0, len(columns[0])
    for column in columns:
        if column[0] != column[0]:
            for part in (column[:_HEAD], column):
                number = part == part  # noqa: PLR0124
                row = int(number.argmax())
                if number[row]:
                    break
            else:
                return rows - 1
            start = max(start, row)
    while start and start < rows - 1 and any(column[start] != column[start] for column in columns):
        start += 1
    return start
