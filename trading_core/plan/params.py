"""Parameters of a plan, resolved to integers: parts per million and money units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from trading_core.money import PPM


class EntryType(StrEnum):
    """How a position is opened."""

    MARKET = "market"
    LIMIT = "limit"


class SizeMode(StrEnum):
    """What the size of an entry is measured in."""

    QUOTE = "quote"
    EQUITY_PCT = "equity_pct"


class Base(StrEnum):
    """The price a distance is measured from."""

    ENTRY = "entry"
    """Average price of the entry alone; does not move."""
    AVERAGE = "average"
    """Average price of the position; moves with each leg."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a position is opened."""

    type: EntryType
    offset_ppm: int = 0
    """LIMIT: distance from the close, below it for a long."""
    timeout_candles: int = 0
    """LIMIT: closes after which what is not filled is cancelled."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much an entry is worth: money units, or a share of equity."""

    mode: SizeMode
    quote: int = 0
    equity_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Averaging:
    """The ladder of legs below a long or above a short."""

    legs: int
    deviation_ppm: int
    """Distance of the first leg from the entry's average price."""
    step_scale_ppm: int
    """Each further step is that much longer than the one before."""
    quote: int
    """Money units of the first leg."""
    volume_scale_ppm: int
    """Each further leg is worth that much more."""
    resting: int
    """How many of the nearest unfilled legs stand at once."""


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """One target for the whole position."""

    ppm: int
    base: Base


@dataclass(frozen=True, slots=True)
class Stop:
    """The protective stop."""

    ppm: int
    base: Base


@dataclass(frozen=True, slots=True)
class Exits:
    """What else closes a position."""

    time_stop_minutes: int | None
    on_rule: bool


@dataclass(frozen=True, slots=True)
class PlanParams:
    """All of a plan."""

    entry: Entry
    size: Size
    averaging: Averaging | None
    take_profit: TakeProfit | None
    stop: Stop
    exits: Exits


@dataclass(frozen=True, slots=True)
class RiskParams:
    """Limits of one bot."""

    leverage_ppm: int
    max_open_positions: int
    max_position_quote: int
    """Money units of entry and legs together."""
    cooldown_candles: int


@dataclass(frozen=True, slots=True)
class Rung:
    """One leg before the entry's price is known."""

    deviation_ppm: int
    """Distance from the entry's average price."""
    quote: int
    """Money units it is worth."""


def ladder(averaging: Averaging | None) -> tuple[Rung, ...]:
    """The legs in order; distances rounded to the nearest millionth, worth rounded down."""
    if averaging is None:
        return ()
    rungs = []
    distance, step, quote = Fraction(0), Fraction(averaging.deviation_ppm), Fraction(averaging.quote)
    for _ in range(averaging.legs):
        distance += step
        rungs.append(Rung(round(distance), int(quote)))
        step *= Fraction(averaging.step_scale_ppm, PPM)
        quote *= Fraction(averaging.volume_scale_ppm, PPM)
    return tuple(rungs)


def legs_quote(averaging: Averaging | None) -> int:
    """Money units all legs are worth together."""
    return sum(rung.quote for rung in ladder(averaging))
