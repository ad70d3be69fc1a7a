"""A second, slow and simple backtest of one plan, sharing nothing with the engine but the candles.

Market entry when a candle closes above (long) or below (short) its open, legs, one target, a stop hung
on the entry price, a time stop, a cooldown. Written from the description, with fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

Row = tuple[int, str, int, int, int]
"""(minute of the stamp, role, leg, ticks, signed lots)."""


@dataclass
class Rules:
    """One plan in plain numbers; a lot is worth 10⁻⁴ coin of quote for each tick."""

    quote: Fraction
    target: Fraction
    stop: Fraction
    steps: list[Fraction]
    leg_quotes: list[Fraction]
    resting: int
    minutes: int
    cooldown: int
    of_average: bool
    both_ways: bool


@dataclass
class Reference:
    """Plays candles (open, high, low, close in ticks) minute by minute."""

    rules: Rules
    rows: list[Row] = field(default_factory=list)
    d: int = 0
    lots: int = 0
    cost: int = 0
    entry: Fraction = Fraction(0)
    stop: int = 0
    legs: list[tuple[int, int, int]] = field(default_factory=list)
    standing: list[tuple[int, int, int]] = field(default_factory=list)
    opened: int = 0
    closed: int | None = None

    def play(self, candles: list[tuple[int, int, int, int]]) -> list[Row]:
        wish: tuple[str, int] | None = None
        for minute, candle in enumerate(candles):
            if wish is not None and wish[0] == "enter":
                if not self._beyond_stop(candles[minute - 1][3], candle[0]):
                    self._enter(minute, candle[0], wish[1])
            elif wish is not None:
                self._fill(minute, "exit", 0, self._slipped(candle[0], -self.d), -self.d * self.lots)
            self._walk(minute + 1, candle)
            wish = self._decide(minute + 1, candle)
        return self.rows

    def _beyond_stop(self, close: int, open_: int) -> bool:
        """Whether the market opens beyond the stop the entry carries: the exchange refuses it then."""
        raw = close * (1 - self.d * self.rules.stop)
        stop = ceil(raw) if self.d > 0 else floor(raw)
        return self.d * (open_ - stop) <= 0

    def _slipped(self, price: int, side: int) -> int:
        return price + side * max(1, ceil(Fraction(price, 10_000)))

    def _decide(self, now: int, candle: tuple[int, int, int, int]) -> tuple[str, int] | None:
        if self.lots:
            return ("exit", 0) if now - self.opened >= self.rules.minutes else None
        if self.closed is not None and now < self.closed + self.rules.cooldown:
            return None
        way = (candle[3] > candle[0]) - (candle[3] < candle[0])
        if way == 0 or (way < 0 and not self.rules.both_ways):
            return None
        lots = floor(self.rules.quote * 10_000 / candle[3])
        self.d = way
        return ("enter", lots)

    def _enter(self, now: int, price: int, lots: int) -> None:
        self.legs, self.standing = [], []
        self._fill(now, "entry", 0, self._slipped(price, self.d), self.d * lots)
        self.opened, self.entry = now, Fraction(self.cost, self.lots)
        raw = self.entry * (1 - self.d * self.rules.stop)
        self.stop = ceil(raw) if self.d > 0 else floor(raw)
        away = Fraction(0)
        for number, (step, quote) in enumerate(zip(self.rules.steps, self.rules.leg_quotes, strict=True), 1):
            away += step
            leg = self.entry * (1 - self.d * away)
            ticks = floor(leg) if self.d > 0 else ceil(leg)
            self.legs.append((number, ticks, floor(quote * 10_000 / ticks)))
        self._place_legs(now, price)

    def _place_legs(self, now: int, price: int) -> None:
        """Fill up the standing legs; one that crosses the market takes at once."""
        while self.legs and len(self.standing) < self.rules.resting:
            leg = self.legs.pop(0)
            if self.d * (leg[1] - price) > 0:
                taken = min(leg[1], price + 1) if self.d > 0 else max(leg[1], price - 1)
                self._fill(now, "average", leg[0], taken, self.d * leg[2])
            else:
                self.standing.append(leg)

    def _target(self) -> int:
        base = Fraction(self.cost, self.lots) if self.rules.of_average else self.entry
        raw = base * (1 + self.d * self.rules.target)
        return ceil(raw) if self.d > 0 else floor(raw)

    def _fill(self, now: int, role: str, leg: int, ticks: int, signed: int) -> None:
        self.rows.append((now, role, leg, ticks, signed))
        if signed * self.d > 0:
            self.lots += abs(signed)
            self.cost += ticks * abs(signed)
        else:
            self.lots, self.cost, self.closed = 0, 0, now
            self.legs, self.standing = [], []

    def _walk(self, now: int, candle: tuple[int, int, int, int]) -> None:
        open_, high, low, close = candle
        points = [open_, low, high, close] if self.d > 0 else [open_, high, low, close]
        price = open_
        for point in points:
            while self.lots:
                met = self._next(price, point)
                if met is None:
                    break
                price, kind, leg = met
                self._happen(now, price, kind, leg)
            price = point

    def _next(self, price: int, point: int) -> tuple[int, str, int] | None:
        """The first thing between price and point: (price there, what, leg)."""
        d = self.d
        events = [(d, self.stop, 0, "stop", 0), (-d, self._target() + d, 1, "target", 0)]
        events += [(d, leg[1] - d, 2, "leg", leg[0]) for leg in self.standing]
        found = []
        for falling, level, rank, kind, leg in events:
            reached_now = falling * (price - level) <= 0
            reached_then = falling * (point - level) <= 0
            if reached_now:
                found.append((0, rank, leg, price, kind))
            elif reached_then:
                found.append((abs(level - price), rank, leg, level, kind))
        if not found:
            return None
        _, _, leg, at, kind = min(found)
        return at, kind, leg

    def _happen(self, now: int, price: int, kind: str, number: int) -> None:
        if kind == "stop":
            worse = min(self.stop, price) if self.d > 0 else max(self.stop, price)
            self._fill(now, "stop", 0, self._slipped(worse, -self.d), -self.d * self.lots)
        elif kind == "target":
            self._fill(now, "take_profit", 0, self._target(), -self.d * self.lots)
        else:
            leg = next(x for x in self.standing if x[0] == number)
            self.standing.remove(leg)
            self._fill(now, "average", number, leg[1], self.d * leg[2])
            self._place_legs(now, price)
