"""What a formula needs to remember beside TA-Lib's functions: over columns, and live one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from trading_core.indicators.stretches import Said, holds, lasting, late
from trading_core.market.candle import Floats


class Memory(Protocol):
    """Something that depends on earlier candles."""

    def over(self, *values: Floats) -> Any:
        """Return what it says at every row."""

    def open(self, *values: Floats) -> None:
        """Remember a history of at least one row."""

    def update(self, *values: float) -> Any:
        """Return what it says at the next candle."""


class Lag:
    """The value some candles ago; NaN before there was one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._past: deque[float] = deque(maxlen=count)

    def over(self, *values: Floats) -> Floats:
        """Return the column, moved."""
        (column,) = values
        made = np.empty(len(column))
        made[: self._count] = np.nan
        made[self._count :] = column[: max(0, len(column) - self._count)]
        return made

    def open(self, *values: Floats) -> None:
        """Remember the last values."""
        self._past.extend([float("nan")] * self._count)
        self._past.extend(values[0][-self._count :].tolist())

    def update(self, *values: float) -> float:
        """Return the oldest remembered value and remember the newest."""
        before = self._past[0]
        self._past.append(values[0])
        return before


class Streak:
    """Rises in a row, or falls in a row as a negative number."""

    def __init__(self) -> None:
        self._last = float("nan")
        self._streak = 0.0

    def over(self, *values: Floats) -> Floats:
        """Return the streak at every row."""
        (column,) = values
        sign = np.sign(np.diff(column, prepend=column[:1]))
        rows = np.arange(len(column))
        turns = np.concatenate(([True], sign[1:] != sign[:-1]))
        since = rows - np.maximum.accumulate(np.where(turns, rows, 0)) + 1
        return sign * since

    def open(self, *values: Floats) -> None:
        """Remember the last value and streak."""
        self._last = float(values[0][-1])
        self._streak = float(self.over(*values)[-1])

    def update(self, *values: float) -> float:
        """Return the streak at the next candle."""
        (value,) = values
        sign = float(value > self._last) - float(value < self._last)
        self._streak = self._streak + sign if sign * self._streak > 0.0 else sign
        self._last = value
        return self._streak


class Awake:
    """The first column's values, NaN until the others have moved for the first time, and a while longer."""

    def __init__(self, wait: int = 0) -> None:
        self._wait = wait
        self._first = float("nan")
        self._awake = 0
        """Candles since the first movement, that one included; 0 before it."""

    def over(self, *values: Floats) -> Floats:
        """Blank the idle rows of the first column, and return it."""
        made = values[0]
        made[: self._start(values[1:]) + self._wait].fill(np.nan)
        return made

    def open(self, *values: Floats) -> None:
        """Remember how long ago the first movement was."""
        _, *others = values
        self._first = float(others[0][0])
        self._awake = len(others[0]) - self._start(others)

    def update(self, *values: float) -> float:
        """Return the next value, NaN if still idle."""
        value, *others = values
        if self._awake <= self._wait:
            if self._awake or any(other != self._first for other in others):
                self._awake += 1
            if self._awake <= self._wait:
                return float("nan")
        return value

    @staticmethod
    def _start(values: Sequence[Floats]) -> int:
        """The first row that differs from the first number; the length if none does."""
        first, rows = values[0].item(0), len(values[0])
        for row in range(min(4, rows)):  # nearly always it is one of these
            for column in values:
                if column.item(row) != first:
                    return row
        moves = (column != first for column in values)
        return min((int(moved.argmax()) for moved in moves if moved.any()), default=rows)


class Flat:
    """Whether the last candles, in all their columns, were one and the same number; or recently were."""

    _said: deque[bool]
    """The last answers, as far as they are still asked for."""
    _first: float
    _length: int
    """Candles in a row that were one number, as far as it matters."""
    _since: int
    """Candles since the last flat one."""

    def __init__(self, count: int, wait: int, ago: int = 0) -> None:
        self._count = count
        self._wait = wait
        self._ago = ago

    def over(self, *values: Any) -> Any:
        """Return True at the rows that are flat, or were up to ``wait`` candles ago; False for all if none."""
        first = values[0]
        if len(values) == 1 and self._count > 1 and not holds(first[1:] == first[:-1], self._count - 1):
            return False  # nearly always, and soonest told
        flat = self._flat(first, values[1:])
        if flat is False:
            return False
        flat = self._late(flat)
        return late(flat[: -self._ago], len(flat)) if self._ago else flat

    def open(self, *values: Any) -> None:
        """Remember the stretch the history ends with, and how long ago one was flat."""
        self._said = deque([False] * self._ago, maxlen=self._ago + 1)
        self._length = 0
        self._since = self._wait + 1
        self._first = float(values[0][-1])
        last = (np.broadcast_to(column, len(values[0]))[: -self._count - 1 : -1] for column in values)
        for numbers in zip(*last, strict=True):
            if any(number != self._first for number in numbers):
                break
            self._length += 1
        flat = self._flat(values[0], values[1:])
        if flat is not False:
            self._since = int(flat[::-1].argmax())
            if self._ago:
                self._said.extend(self._late(flat)[-self._ago :].tolist())

    def update(self, *values: float) -> bool:
        """Return whether the next candle is flat, or one was up to ``wait`` candles ago."""
        first = values[0]
        if any(value != first for value in values):
            self._length = 0
        else:
            self._length = self._length + 1 if first == self._first else 1
        self._first = first
        self._since = 0 if self._length >= self._count else self._since + 1
        late = self._since <= self._wait
        if not self._ago:
            return late
        self._said.append(late)
        return self._said[0]

    def _late(self, flat: Said) -> Said:
        """The rows that are flat or were lately."""
        made = flat.copy() if self._wait else flat
        for by in range(1, self._wait + 1):
            made[by:] |= flat[:-by]
        return made

    def _flat(self, first: Floats, others: tuple[Any, ...]) -> Any:
        """The rows that are flat; False for all if none is."""
        solid = None
        for other in others:
            if other is not first:
                solid = first == other if solid is None else solid & (first == other)
        if solid is not None and not holds(solid, self._count):
            return False
        if self._count == 1:
            return np.ones(len(first), dtype=bool) if solid is None else solid
        on = first[1:] == first[:-1]
        if not holds(on, self._count - 1):
            return False
        if solid is not None:
            on &= solid[1:] & solid[:-1]
        flat = lasting(on, self._count - 1)
        return late(flat, len(first)) if flat.any() else False


def idle_after_first(value: Floats, volume: Floats) -> Said:
    """Which candles have the value of the one before, or no volume; nothing is said of the first one."""
    idle: Said = value[1:] == value[:-1]
    if not volume.item(volume.argmin()) > 0.0:
        idle |= volume[1:] == 0.0
    return idle


class Idle:
    """Whether each of the last candles had the value of the one before it, or nothing was traded in it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._last = float("nan")
        self._length = 0
        """Idle candles in a row."""

    def over(self, *values: Floats) -> Any:
        """Return True at the rows of which all that is so; False for all if there is none."""
        value, volume = values
        idle = idle_after_first(value, volume)
        return late(lasting(idle, self._count), len(value)) if holds(idle, self._count) else False

    def open(self, *values: Floats) -> None:
        """Remember the last value, and how many idle candles the history ends with."""
        for row in zip(*(column[-self._count - 1 :].tolist() for column in values), strict=True):
            self.update(*row)

    def update(self, *values: float) -> bool:
        """Return whether it is so at the next candle."""
        value, volume = values
        before, self._last = self._last, value
        idle = value == before or (volume == 0.0 and before == before)  # noqa: PLR0124 — not the first one
        self._length = self._length + 1 if idle else 0
        return self._length >= self._count


class Weighted:
    """The last values by fixed weights, the newest by the last one."""

    def __init__(self, weights: Floats) -> None:
        self._weights = weights
        self._past: deque[float] = deque(maxlen=len(weights))

    def over(self, *values: Floats) -> Floats:
        """Return the weighted sum at every row, NaN before there are enough."""
        (column,) = values
        made = np.full(len(column), np.nan)
        count = len(self._weights)
        if len(column) >= count:
            made[count - 1 :] = np.correlate(column, self._weights, "valid")
        return made

    def open(self, *values: Floats) -> None:
        """Remember the last values."""
        self._past.extend(values[0].tolist())

    def update(self, *values: float) -> float:
        """Return the weighted sum with the next value."""
        self._past.append(values[0])
        if len(self._past) < len(self._weights):
            return float("nan")
        return float(np.correlate(np.array(self._past), self._weights, "valid")[0])
