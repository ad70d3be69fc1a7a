"""Formulas whose TA-Lib calls write straight into the indicator's outputs.

The first calls of a formula are given the outputs' own rows to write to. Where the formula returns what
they made, nothing is left to copy. It is the same formula, so the bits are those of ``formula.run``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np

from trading_core.indicators.direct import (
    TOLD,
    WIDTH,
    Aimed,
    BoundCall,
    Direct,
    Function,
    address,
    function,
    pointer,
    write,
)
from trading_core.indicators.formula import COLUMNS, Columns, Formula, Mended, Series
from trading_core.indicators.spec import Bound, Params, Spans
from trading_core.indicators.stretches import Test
from trading_core.market.candle import Floats

_CHUNK = 8192
"""Rows that a formula computes at a time where no blocks are needed: what it makes stays in the cache."""

_PORTION = 32_768
"""Rows after which answers are put right: what they were made of is still in the second cache."""

_HEAD = 256
"""Rows among which a first number is looked for before all are."""


Overlap = Callable[[Params], int] | None
"""The warm-up where a value depends on no more: then long spans are cut. None where it does."""


class Mending:
    """Calls that write in place, and what is put right afterwards."""

    def __init__(self, formula: Mended, calls: Sequence[Direct], overlap: Overlap) -> None:
        self._formula = formula
        self._calls = calls
        self._overlap = overlap

    def __call__(self, params: Params) -> Bound:
        """The formula with these parameters."""
        overlap = None if self._overlap is None else self._overlap(params)
        calls: list[BoundCall] = []
        backs: list[int] = []
        for each in self._calls:
            calls.append(each(params, 0 if each.of is None else backs[each.of]))
            backs += [calls[-1].back] * calls[-1].outputs
        return _BoundMending(self._formula, calls, dict(params), overlap)


class _BoundMending(Bound):
    def __init__(
        self, formula: Mended, calls: Sequence[BoundCall], params: Params, overlap: int | None
    ) -> None:
        self._calls = calls
        self._by_run = formula.by_run
        self._is_sound = _soundness(formula, params)
        self._formula = formula
        self._params = params
        self._overlap = overlap
        self._backs = [each.back for each in calls for _ in range(each.outputs)]
        self.back = min(self._backs)

    def run(self, inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """Return new arrays."""
        calls = self._calls
        values = calls[0].run(inputs)
        for each in calls[1:]:
            values += each.run(inputs if each.of is None else (values[each.of],))
        return values if self._is_sound(inputs, values, 0, len(inputs[0])) else self._mended(values, inputs)

    def write(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Spans) -> None:
        """Write what the calls give, and put it right."""
        if self._overlap is not None:
            spans = list(_chunks(spans, self._overlap, _PORTION))
        calls = list(self._aimed(inputs, outputs))
        for group in _groups(inputs, spans, self._by_run) if self._by_run else _portions(spans):
            write(calls, group)
            start, stop = group[-1][0], group[0][1]
            if not self._is_sound(inputs, outputs, start, stop):
                columns = tuple([column[start:stop] for column in inputs])
                places = tuple([output[start:stop] for output in outputs])
                for place, back in zip(places, self._backs, strict=True):
                    place[:back].fill(math.nan)
                _settle(self._mended(places, columns), places, [])

    def _aimed(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...]) -> Iterator[Aimed]:
        first = 0
        for each in self._calls:
            last = first + each.outputs
            yield each.on(inputs if each.of is None else (outputs[each.of],), outputs[first:last])
            first = last

    def _mended(self, values: tuple[Floats, ...], inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        made = self._formula.mend(COLUMNS, values, inputs, self._params)
        return made if type(made) is tuple else (made,)


def _soundness(formula: Mended, params: Params) -> Test:
    if formula.by_run:
        return lambda inputs, _, start, __: _moves(inputs, start, formula.by_run)
    return (lambda *_: False) if formula.sound is None else formula.sound(params)


def _moves(inputs: tuple[Floats, ...], row: int, by: int) -> bool:
    """Whether anything is another number in one of so many rows after a row."""
    for column in inputs:
        first = column.item(row)
        for at in range(row + 1, row + 1 + by):
            if column.item(at) != first:
                return True
    return False


def _groups(inputs: tuple[Floats, ...], spans: Spans, by: int) -> Iterator[Spans]:
    """The spans in turn: each that has not moved in time alone, and those between."""
    sound: list[tuple[int, int]] = []
    for span in spans:
        if _moves(inputs, span[0], by):
            sound.append(span)
        else:
            if sound:
                yield sound
            yield [span]
            sound = []
    if sound:
        yield sound


def _portions(spans: Spans) -> Iterator[Spans]:
    """The spans in turn, so many rows at a time."""
    portion: list[tuple[int, int]] = []
    for span in spans:
        portion.append(span)
        if portion[0][1] - span[0] >= _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


class InPlace:
    """A formula that is run over spans of rows."""

    def __init__(self, formula: Formula, overlap: Overlap) -> None:
        self._formula = formula
        self._overlap = overlap

    def __call__(self, params: Params) -> Bound:
        """The formula with these parameters."""
        overlap = None if self._overlap is None else self._overlap(params)
        return _BoundFormula(self._formula, dict(params), overlap)


class _BoundFormula(Bound):
    back = None

    def __init__(self, formula: Formula, params: Params, overlap: int | None) -> None:
        self._formula = formula
        self._params = params
        self._overlap = overlap

    def run(self, inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """Return new arrays."""
        made = self._formula(COLUMNS, inputs, self._params)
        return made if type(made) is tuple else (made,)

    def write(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Spans) -> None:
        """Run the formula over each span."""
        columns = [np.ascontiguousarray(column, dtype=np.float64) for column in inputs]
        order = list(range(len(outputs)))
        placed = _Placed()
        for begin, end in spans if self._overlap is None else _chunks(spans, self._overlap, _CHUNK):
            places = [output[begin:end] for output in outputs]
            placed.begin([places[at] for at in order], end - begin)
            made = self._formula(placed, tuple([column[begin:end] for column in columns]), self._params)
            order = _settle(made if type(made) is tuple else (made,), places, order)


def _chunks(spans: Spans, warmup: int, rows: int) -> Iterator[tuple[int, int]]:
    """The same rows in chunks, from the last to the first."""
    for begin, end in spans:
        while end - begin > 2 * rows:
            yield end - rows - warmup + 1, end
            end -= rows
        yield begin, end


def _settle(made: tuple[Floats, ...], places: Sequence[Floats], order: list[int]) -> list[int]:
    """Copy what isn't in its place already.

    ``order`` is that in which the places were given; the answer is that which had left less to copy.
    """
    astray = [at for at, values in enumerate(made) if values is not places[at]]
    if not astray:
        return order
    stood = [next((at for at, values in enumerate(made) if values is places[given]), None) for given in order]
    copies = [made[at].copy() if any(made[at] is place for place in places) else made[at] for at in astray]
    for at, values in zip(astray, copies, strict=True):
        places[at][:] = values
    left = iter([at for at in range(len(places)) if at not in stood])
    return [next(left) if at is None else at for at in stood]


class _Placed(Columns):
    """TA-Lib's functions, each writing to the next place there is."""

    def __init__(self) -> None:
        self._bound: list[tuple[Function, tuple[Any, ...], int]] = []
        """The calls of the formula, which are the same every time."""

    def begin(self, places: list[Floats], rows: int) -> None:
        """Stand before the formula's first call."""
        self._places = chain(places, map(np.empty, repeat(rows)))
        self._calls = iter(self._bound)

    def __getattr__(self, name: str) -> Callable[..., Series]:
        def call(placed: _Placed, *inputs: Floats, **options: float) -> Series:
            return placed._place(name, inputs, options)

        setattr(_Placed, name, call)  # found without this method from now on
        made: Callable[..., Series] = getattr(self, name)
        return made

    def difference(self, left: Floats, right: Floats) -> Series:
        return np.subtract(left, right, out=next(self._places))

    def _place(self, name: str, inputs: tuple[Floats, ...], given: dict[str, float]) -> Series:
        """Call the function on contiguous floats; what isn't ready is NaN."""
        bound = next(self._calls, None)
        if bound is None:
            called = function(name)
            bound = called, *called.options(*given.items())
            self._bound.append(bound)
        called, options, back = bound
        rows = len(inputs[0])
        start = _first_number(inputs)
        ready = start + back
        made = [next(self._places) for _ in called.outputs]
        written = made if called.floats else [
            place if kind == np.float64 else np.empty(rows, kind)
            for place, kind in zip(made, called.outputs, strict=True)
        ]  # fmt: skip
        if ready < rows:
            code = called.call(
                0, rows - start - 1,
                *[pointer(address(column) + start * WIDTH) for column in inputs], *options, *TOLD,
                *[pointer(address(output) + ready * output.itemsize) for output in written],
            )  # fmt: skip
            if code:
                raise called.refused(code)
        for place, output in zip(made, written, strict=True):
            place[:ready].fill(math.nan)
            if output is not place:
                place[ready:] = output[ready:]
        return made[0] if len(made) == 1 else tuple(made)


def _first_number(columns: tuple[Floats, ...]) -> int:
    """The first row at which every column has a number; the last row if there is none."""
    start, rows = 0, len(columns[0])
    for column in columns:
        if column.item(0) != column.item(0):
            for part in (column[:_HEAD], column):
                row = int(np.isnan(part).argmin())
                if row:
                    break
            else:
                return rows - 1
            start = max(start, row)
    while start and start < rows - 1 and any(column[start] != column[start] for column in columns):
        start += 1
    return start
