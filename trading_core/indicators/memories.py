"""What a formula needs to remember beside TA-Lib's functions: over columns, and live one by one."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import numpy as np

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
        made, *others = values
        made[: self._start(*others) + self._wait] = np.nan
        return made

    def open(self, *values: Floats) -> None:
        """Remember how long ago the first movement was."""
        _, *others = values
        self._first = float(others[0][0])
        self._awake = len(others[0]) - self._start(*others)

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
    def _start(*values: Floats) -> int:
        """The first row that differs from the first number; the length if none does."""
        first, rows = values[0][0], len(values[0])
        for row in range(min(4, rows)):  # nearly always it is one of these
            if any(column[row] != first for column in values):
                return row
        moves = (column != first for column in values)
        return min((int(moved.argmax()) for moved in moves if moved.any()), default=rows)


class Flat:
    """Whether the last candles, in all their columns, were one and the same number; or recently were."""

    def __init__(self, count: int, wait: int, ago: int = 0) -> None:
        self._count = count
        self._wait = wait
        self._ago = ago
        self._said: deque[bool] = deque([False] * ago, maxlen=ago + 1)
        """The last answers, as far as they are still asked for."""
        self._first = float("nan")
        self._length = 0
        """Candles in a row that were one number, as far as it matters."""
        self._since = wait + 1
        """Candles since the last flat one."""

    def over(self, *values: Any) -> Any:
        """Return True at the rows that are flat, or were up to ``wait`` candles ago; False for all if none."""
        late = self._late(*values)
        if late is False or not self._ago:
            return late
        before = np.zeros(len(late), dtype=bool)
        before[self._ago :] = late[: -self._ago]
        return before

    def open(self, *values: Any) -> None:
        """Remember the stretch the history ends with, and how long ago one was flat."""
        self._first = float(values[0][-1])
        last = (np.broadcast_to(column, len(values[0]))[: -self._count - 1 : -1] for column in values)
        for numbers in zip(*last, strict=True):
            if any(number != self._first for number in numbers):
                break
            self._length += 1
        flat = self._flat(*values)
        if flat is not False:
            self._since = int(flat[::-1].argmax())
            if self._ago:
                self._said.extend(self._late(*values)[-self._ago :].tolist())

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

    def _late(self, *values: Any) -> Any:
        """The rows that are flat or were lately; False for all if none is."""
        flat = self._flat(*values)
        if flat is False or not self._wait:
            return flat
        late = flat.copy()
        for by in range(1, self._wait + 1):
            late[by:] |= flat[:-by]
        return late

    def _flat(self, first: Floats, *others: Any) -> Any:
        """The rows that are flat; False for all if none is."""
        if not self._likely(first, *others):
            return False
        solid = None
        for other in others:
            solid = first == other if solid is None else solid & (first == other)
            if not solid.any():
                return False
        if self._count == 1:
            return np.ones(len(first), dtype=bool) if solid is None else solid
        on = first[1:] == first[:-1]
        if solid is not None:
            on &= solid[1:] & solid[:-1]
        width, whole = 1, self._count - 1
        while width < whole:
            # Where a stretch of this width goes on right into another, the two are one stretch.
            by = min(width, whole - width)
            on = on[by:] & on[:-by]
            width += by
        if not on.any():
            return False
        flat = np.zeros(len(first), dtype=bool)
        flat[whole:] = on
        return flat

    def _likely(self, first: Floats, *others: Any) -> bool:
        """Whether there may be a flat row: a flat stretch holds two of every so many rows, and all between."""
        by = self._count // 2
        if by <= 1:
            return True
        pairs = (len(first) - 1) // by
        if pairs < 1:
            return len(first) >= self._count
        rows = np.flatnonzero(first[by : pairs * by + 1 : by] == first[: pairs * by : by]) * by
        for other in others:
            rows = rows[first[rows] == (other if isinstance(other, float) else other[rows])]
        for more in range(1, by):
            if not len(rows):
                break
            rows = rows[first[rows + more] == first[rows]]
        return len(rows) > 0


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
