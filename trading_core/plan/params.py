"""Parameters of a plan, resolved to integers: parts per million and money units."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from trading_core.money import PPM

RANGE_PERIOD = 14
"""Candles of the average true range that scales legs."""


class EntryType(StrEnum):
    """How a position is opened."""

    MARKET = "market"
    LIMIT = "limit"
    POST_ONLY = "post_only"
    """A limit order that never takes; it follows the market a bounded number of times."""


class Unfilled(StrEnum):
    """What becomes of an entry that is filled in part when its time is over."""

    KEEP = "keep"
    """The part is held; the rest is given up."""
    COMPLETE = "complete"
    """The rest is bought at the market, within the slippage cap."""
    UNWIND = "unwind"
    """The part is closed again."""


class SizeMode(StrEnum):
    """What the size of an entry is measured in."""

    QUOTE = "quote"
    EQUITY_PCT = "equity_pct"
    RISK_PCT = "risk_pct"
    """The loss at the stop, as a share of equity."""


class Base(StrEnum):
    """The price a distance is measured from."""

    ENTRY = "entry"
    """Average price of the entry alone; does not move."""
    AVERAGE = "average"
    """Average price of the position; moves with each leg."""


class Unit(StrEnum):
    """What distances of legs are measured in."""

    PCT = "pct"
    ATR = "atr"
    """Multiples of the average true range at the close of the entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How a position is opened."""

    type: EntryType
    offset_ppm: int = 0
    """LIMIT, POST_ONLY: distance from the close, below it for a long."""
    timeout_candles: int = 0
    """LIMIT, POST_ONLY: closes after which what is not filled is cancelled."""
    slippage_ppm: int | None = None
    """MARKET: the most a fill may lose against the close; what would lose more is not bought."""
    requotes: int = 0
    """POST_ONLY: how often the price may follow the market."""
    chase_ppm: int = 0
    """POST_ONLY: how far from the close of the decision it may follow."""
    unfilled: Unfilled = Unfilled.KEEP


@dataclass(frozen=True, slots=True)
class Size:
    """How much an entry is worth: money units, or a share of equity."""

    mode: SizeMode
    quote: int = 0
    equity_ppm: int = 0
    """EQUITY_PCT: worth; RISK_PCT: loss at the stop."""
    reinvest_ppm: int = PPM
    """Share of what was gained since the start that counts as equity for sizing."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One leg before the entry's price is known."""

    deviation_ppm: int
    """Distance from the base; with ``Unit.ATR`` in millionths of the range."""
    quote: int
    """Money units it is worth."""


@dataclass(frozen=True, slots=True)
class Averaging:
    """The ladder of legs below a long or above a short."""

    legs: int
    deviation_ppm: int
    """Distance of the first leg from the base."""
    step_scale_ppm: int
    """Each further step is that much longer than the one before."""
    quote: int
    """Money units of the first leg."""
    volume_scale_ppm: int
    """Each further leg is worth that much more."""
    resting: int
    """How many of the nearest unfilled legs stand at once."""
    table: tuple[Rung, ...] = ()
    """The legs one by one, in place of the five numbers above; distances rise."""
    unit: Unit = Unit.PCT
    base: Base = Base.ENTRY
    """AVERAGE: each leg its own step below the position's average, one at a time."""
    min_minutes: int = 0
    """Least time between two legs."""
    retrace_ppm: int = 0
    """How far the price must come back from its extreme before a leg it has reached is bought; 0: legs rest."""
    spacing_ppm: int = 0
    """Steps grow by this share for each time the equity that is in the market already."""
    cap_equity_ppm: int | None = None
    """Legs end where entry and legs would be worth more than this share of equity."""


@dataclass(frozen=True, slots=True)
class TargetStep:
    """A part of the position that is closed at a nearer target."""

    ppm: int
    share_ppm: int
    """Share of everything bought."""


@dataclass(frozen=True, slots=True)
class Decay:
    """The target from some age of the position on."""

    minutes: int
    ppm: int


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """Where gains are taken."""

    ppm: int
    """What the steps leave is closed here; with ``trailing_ppm`` trailing begins here."""
    base: Base
    steps: tuple[TargetStep, ...] = ()
    trailing_ppm: int | None = None
    """The rest is not closed at the target: its stop follows the best price at this distance."""
    decay: tuple[Decay, ...] = ()
    """Nearer targets for older positions, ages rising; they replace ``ppm``."""


@dataclass(frozen=True, slots=True)
class Distance:
    """A stop distance drawn from the market at the close of the entry; never more than ``Stop.ppm``."""

    atr_ppm: int = 0
    """Multiple of the average true range, in millionths; 0: the extreme of ``candles`` instead."""
    candles: int = 14
    """Period of the range, or how many candles the extreme is sought in."""
    least_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Trailing:
    """A stop that follows the best price once it has gone far enough; it only tightens."""

    activation_ppm: int
    """From the position's average."""
    distance_ppm: int
    """From the best price."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """A stop that is moved to where nothing is lost, fees and funding included."""

    trigger_ppm: int
    """Gain of the price over the position's average that sets it off."""
    offset_ppm: int = 0
    """How far beyond."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The protective stop."""

    ppm: int
    base: Base
    drawn: Distance | None = None
    trailing: Trailing | None = None
    break_even: BreakEven | None = None


@dataclass(frozen=True, slots=True)
class Exits:
    """What else closes a position."""

    time_stop_minutes: int | None
    on_rule: bool
    min_profit_ppm: int | None = None
    """The exit rules count only if the price is at least so far beyond the average."""
    on_opposite: bool = False
    """Whether a signal for the other side closes."""


@dataclass(frozen=True, slots=True)
class PlanParams:
    """All of a plan."""

    entry: Entry
    size: Size
    averaging: Averaging | None
    take_profit: TakeProfit | None
    stop: Stop
    exits: Exits

    @property
    def follows(self) -> bool:
        """Whether a trade under way wants to see every closed minute."""
        stop, target, legs = self.stop, self.take_profit, self.averaging
        return bool(
            stop.trailing
            or stop.break_even
            or (target is not None and (target.trailing_ppm is not None or target.decay))
            or (legs is not None and (legs.retrace_ppm or legs.min_minutes))
            or self.entry.requotes
        )

    @property
    def range_candles(self) -> int:
        """Period of the average true range that an entry needs; 0 if it needs none."""
        if self.stop.drawn is not None and self.stop.drawn.atr_ppm:
            return self.stop.drawn.candles
        return RANGE_PERIOD if self.averaging is not None and self.averaging.unit is Unit.ATR else 0

    @property
    def extreme_candles(self) -> int:
        """In how many candles an entry seeks the extreme its stop lies behind; 0 if it needs none."""
        drawn = self.stop.drawn
        return drawn.candles if drawn is not None and not drawn.atr_ppm else 0


@dataclass(frozen=True, slots=True)
class RiskParams:
    """Limits of one bot."""

    leverage_ppm: int
    max_open_positions: int
    max_position_quote: int
    """Money units of entry and legs together."""
    cooldown_candles: int


def ladder(averaging: Averaging | None) -> tuple[Rung, ...]:
    """The legs in order; distances rounded to the nearest millionth, worth rounded down."""
    if averaging is None:
        return ()
    if averaging.table:
        return averaging.table
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
