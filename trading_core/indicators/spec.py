"""What an indicator declares about itself; forms, validation, documents and tests follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from trading_core.market.candle import Floats

Params = Mapping[str, float]
"""Parameter values by name; whole-number parameters hold ints."""

Run = Callable[[tuple[Floats, ...], Params], tuple[Floats, ...]]
"""Inputs without gaps and parameters in, one array of its own per output out; NaN until ready."""


class Stream(Protocol):
    """An indicator advanced by one candle at a time."""

    def update(self, *values: float) -> tuple[float, ...]:
        """Take the next candle's inputs; return the outputs, NaN where not ready."""


OpenStream = Callable[[tuple[Floats, ...], Params], Stream]
"""A history of at least one row in, a stream out that goes on with the bits of a run over it.

It keeps none of the arrays.
"""

Spans = Sequence[tuple[int, int]]
"""Stretches [begin, end) of rows that are run one after the other, from the last to the first."""


class Bound(Protocol):
    """An indicator with its parameters."""

    back: int | None
    """Rows of a run before the first one in which there is any output; None if that isn't known."""

    def run(self, inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """Do what the indicator's ``run`` does with these parameters."""

    def write(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Spans) -> None:
        """Write to the outputs what runs over the spans give, each from its first ready row on.

        What is written later stays, and what stands in a span before its first ready row means nothing.
        """


Bind = Callable[[Params], Bound]
"""Parameters in; may be kept as long as they are."""

SOURCE = "source"
"""The input that a rule may choose: a price field, or another indicator; ``close`` by default."""


class Family(StrEnum):
    """Where an indicator stands in the editor's list."""

    TREND = "trend"
    MOMENTUM = "momentum"
    VOLATILITY = "volatility"
    VOLUME = "volume"
    PRICE = "price"


class Pane(StrEnum):
    """Where a chart draws it."""

    PRICE = "price"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter with its default and bounds, both inclusive."""

    label: str
    default: float
    low: float
    high: float
    whole: bool = True

    def accepts(self, value: float) -> bool:
        """Whether the value lies inside the bounds and is whole where it must be."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


@dataclass(frozen=True, slots=True)
class Chart:
    """How a chart shows it: pane, fixed range and guide lines of an own pane."""

    pane: Pane = Pane.OWN
    low: float | None = None
    high: float | None = None
    guides: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """A pure function over candles, declared once.

    ``warmup``: candles it takes until the first value, that candle included. ``memory``: candles
    before a block of candles at which its run starts (see ``anchor``); None when a value depends on
    its last ``warmup`` candles only, bit for bit.
    """

    name: str
    label: str
    family: Family
    inputs: tuple[str, ...]
    """``source``, or any of open, high, low, close, volume."""
    params: Mapping[str, Param]
    outputs: tuple[str, ...]
    """Names of the outputs; the first is meant when a rule names none."""
    run: Run
    warmup: Callable[[Params], int]
    memory: Callable[[Params], int] | None
    convention: str
    """How it is smoothed and seeded, in one sentence."""
    reference: str
    """Where the formula comes from."""
    chart: Chart = field(default_factory=Chart)
    ordered: tuple[str, str] | None = None
    """Two parameters of which the first must be the smaller."""
    stream: OpenStream | None = None
    """Opens a stream; None only where ``memory`` is None: then each candle runs its last ``warmup`` rows."""
    bind: Bind | None = None
    """Binds parameters, so that what ``run`` does costs less."""

    def defaults(self) -> dict[str, float]:
        """The default parameters."""
        return {name: param.default for name, param in self.params.items()}


def period(default: int, *, label: str = "Period", low: int = 2, high: int = 500) -> Param:
    """A whole number of candles."""
    return Param(label, default, low, high)


def factor(default: float, *, label: str = "Multiplier", low: float = 0.1, high: float = 10.0) -> Param:
    """A number that need not be whole."""
    return Param(label, default, low, high, whole=False)
