"""What a condition compares: operands as values, and the documents they are written as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from trading_core.market.timeframe import Timeframe

PRICE_FIELDS = ("open", "high", "low", "close", "volume", "hl2", "hlc3")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Price:
    """A field of a closed candle; None means the bot's own timeframe or symbol."""

    field: str
    timeframe: Timeframe | None = None
    offset: int = 0
    """Candles of its own timeframe back."""
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An output of an indicator; ``source`` replaces the close where the indicator has one input."""

    indicator: str
    params: tuple[tuple[str, float], ...]
    output: str
    source: Operand | None = None
    timeframe: Timeframe | None = None
    offset: int = 0
    symbol: str | None = None


class Arithmetic(StrEnum):
    """What can be done with two operands; a division by zero is not ready."""

    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"


@dataclass(frozen=True, slots=True)
class Combined:
    """Two operands combined. Of different series it lives on the bot's candles, else on theirs."""

    operation: Arithmetic
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Change:
    """Percent an operand changed over n candles of its own series."""

    of: Operand
    n: int


@dataclass(frozen=True, slots=True)
class Slope:
    """Slope of the least-squares line through an operand's last n candles, in its unit per candle."""

    of: Operand
    n: int


@dataclass(frozen=True, slots=True)
class Percentile:
    """Share in percent of an operand's last n values, this one included, that are at or below it."""

    of: Operand
    n: int


TICKERS = ("funding_rate", "mark", "spread", "turnover_24h")


@dataclass(frozen=True, slots=True)
class Ticker:
    """A figure of the contract as last known at the close; not ready when it is too old.

    ``funding_rate`` in percent per funding interval, ``mark`` a price, ``spread`` in percent of the
    middle, ``turnover_24h`` in the quote coin over the last 1,440 base candles.
    """

    field: str
    symbol: str | None = None


CLOCK_FIELDS = ("hour", "minute", "weekday", "day")


@dataclass(frozen=True, slots=True)
class Clock:
    """The market clock at the close, in a time zone of the IANA list.

    ``hour`` 0-23, ``minute`` of the day 0-1439, ``weekday`` 1 Monday to 7 Sunday, ``day`` of the month.
    """

    field: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Session:
    """1 while a trading session of ``sessions.SESSIONS`` is open at the close, else 0."""

    name: str


POSITION_FACTS = ("pnl_pct", "age", "legs")
PORTFOLIO_FACTS = ("open_positions", "day_pnl", "day_pnl_pct")
FACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"position": POSITION_FACTS, "portfolio": PORTFOLIO_FACTS}
)
"""The fields of each scope."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a bot knows of itself at the close; not ready where it has no position.

    ``position``: ``pnl_pct`` unrealised percent of the entry value before fees, ``age`` closed candles
    of the bot's timeframe since it opened, ``legs`` averaging legs filled. ``portfolio``, over the
    bot's symbols: ``open_positions``, ``day_pnl`` in the settle coin since 00:00 UTC of the market
    clock, ``day_pnl_pct`` of the equity then.
    """

    scope: str
    """``position`` or ``portfolio``."""
    field: str


Operand = Constant | Price | Value | Combined | Change | Slope | Percentile | Ticker | Clock | Session | Fact


def atoms(operand: Operand) -> Iterator[Operand]:
    """The operands at the bottom of one: what it is computed from; an indicator keeps its source."""
    if isinstance(operand, Combined):
        yield from atoms(operand.left)
        yield from atoms(operand.right)
    elif isinstance(operand, (Change, Slope, Percentile)):
        yield from atoms(operand.of)
    else:
        yield operand


def levels(operand: Operand) -> int:
    """How many operands stand inside each other, itself included."""
    if isinstance(operand, Combined):
        return 1 + max(levels(operand.left), levels(operand.right))
    if isinstance(operand, (Change, Slope, Percentile)):
        return 1 + levels(operand.of)
    if isinstance(operand, Value) and operand.source is not None:
        return 1 + levels(operand.source)
    return 1


def operand_data(operand: Operand) -> Any:
    """An operand as its document: a number or an object."""
    if isinstance(operand, Constant):
        return number(operand.value)
    if isinstance(operand, Combined):
        return {operand.operation.value: [operand_data(operand.left), operand_data(operand.right)]}
    if isinstance(operand, (Change, Slope, Percentile)):
        return {MOVING[type(operand)]: {"of": operand_data(operand.of), "n": operand.n}}
    if isinstance(operand, Price):
        return {"price": operand.field, **_place_data(operand)}
    if isinstance(operand, Value):
        return _value_data(operand)
    return _plain_data(operand)


MOVING: Mapping[type, str] = MappingProxyType(
    {Change: "change_pct", Slope: "slope", Percentile: "percentile"}
)
"""Names of the operands over the last candles of another."""


def _plain_data(operand: Ticker | Clock | Session | Fact) -> dict[str, Any]:
    if isinstance(operand, Ticker):
        place = {} if operand.symbol is None else {"symbol": operand.symbol}
        return {"ticker": operand.field, **place}
    if isinstance(operand, Clock):
        return {"clock": operand.field, "zone": operand.zone}
    if isinstance(operand, Session):
        return {"session": operand.name}
    return {operand.scope: operand.field}


def _value_data(operand: Value) -> dict[str, Any]:
    data: dict[str, Any] = {
        "indicator": operand.indicator,
        "params": {name: number(value) for name, value in operand.params},
        "output": operand.output,
    }
    if operand.source is not None:
        data["source"] = operand_data(operand.source)
    return {**data, **_place_data(operand)}


def _place_data(operand: Price | Value) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if operand.timeframe is not None:
        data["timeframe"] = operand.timeframe.value
    if operand.offset:
        data["offset"] = operand.offset
    if operand.symbol is not None:
        data["symbol"] = operand.symbol
    return data


def number(value: float) -> float:
    """A number without a needless fraction: 30 rather than 30.0."""
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)  # noqa: PLR2004
