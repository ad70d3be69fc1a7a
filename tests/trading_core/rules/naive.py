"""A second evaluator, written for tests: candle by candle, in plain Python, straight from the words.

It shares the indicators with the real one and nothing else: no frames, no vectors, no memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from trading_core.indicators.anchor import compute
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE
from trading_core.market.candle import Candle, Candles
from trading_core.market.tickers import MAX_AGE_MS, Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Change,
    Clock,
    Combined,
    Compare,
    Constant,
    Count,
    Fact,
    Named,
    Node,
    Not,
    Operand,
    Percentile,
    Price,
    Range,
    Session,
    Slope,
    Ticker,
    Trend,
    Value,
)  # fmt: skip
from trading_core.rules.sessions import SESSIONS

Key = tuple[str, Timeframe]


class Naive:
    """Answers what a node says at a close: True, False or None for unknown."""

    def __init__(
        self,
        frames: Mapping[Key, Candles],
        symbol: str,
        timeframe: Timeframe,
        tickers: Mapping[str, Tickers] | None = None,
        facts: Mapping[Fact, float] | None = None,
    ) -> None:
        self.tickers = tickers or {}
        self.facts = facts or {}
        self.home: Key = (symbol, timeframe)
        self.candles: dict[Key, dict[int, Candle]] = {
            key: {c.open_time // key[1].ms: c for c in candles} for key, candles in frames.items()
        }
        self._indicators: dict[object, tuple[int, tuple[np.ndarray, ...]]] = {}

    def says(self, node: Node, close: int) -> bool | None:
        if isinstance(node, All):
            return self._and([self.says(n, close) for n in node.nodes])
        if isinstance(node, AnyOf):
            return self._not(self._and([self._not(self.says(n, close)) for n in node.nodes]))
        if isinstance(node, Named):
            return self.says(node.node, close)
        if isinstance(node, Not):
            return self._not(self.says(node.node, close))
        if isinstance(node, AtLeast):
            return self._enough([self.says(n, close) for n in node.nodes], node.k)
        if isinstance(node, Count):
            step = self.home[1].ms
            return self._enough([self.says(node.node, close - i * step) for i in range(node.n)], node.k)
        return self._condition(node, close)

    def _condition(self, node: Compare | Range | Trend, close: int) -> bool | None:
        if isinstance(node, Trend):
            return self._trend(node, close)
        if isinstance(node, Range):
            inside = self._and([
                self._order(node.left, node.low, close, ">="), self._order(node.left, node.high, close, "<=")
            ])  # fmt: skip
            return inside if node.op == "between" else self._not(inside)
        return self._compare(node, close)

    def _compare(self, node: Compare, close: int) -> bool | None:
        if not node.op.startswith("crosses"):
            return self._order(node.left, node.right, close, node.op)
        was, now = ("<=", ">") if node.op == "crosses_above" else (">=", "<")
        before = close - self.home[1].ms
        return self._and([
            self._order(node.left, node.right, before, was), self._order(node.left, node.right, close, now)
        ])  # fmt: skip

    def _trend(self, node: Trend, close: int) -> bool | None:
        key = self.grid(node.left, self.home) or self.home
        number = close // key[1].ms - 1
        if number not in self.candles[key]:
            return None
        steps = []
        for i in range(node.n):
            new = self.on_candles(node.left, self.home, (number - i + 1) * key[1].ms)
            old = self.on_candles(node.left, self.home, (number - i) * key[1].ms)
            steps.append(self._holds(new, old, ">" if node.op == "rising" else "<"))
        return self._and(steps)

    def _order(self, left: Operand, right: Operand, close: int, op: str) -> bool | None:
        return self._holds(self.at(left, self.home, close), self.at(right, self.home, close), op)

    @staticmethod
    def _holds(a: float | None, b: float | None, op: str) -> bool | None:
        if a is None or b is None:
            return None
        equal = a == b or abs(a - b) < 1e-9 * max(abs(a), abs(b))
        return {
            "<": a < b and not equal,
            "<=": a < b or equal,
            ">": a > b and not equal,
            ">=": a > b or equal,
            "==": equal,
            "!=": not equal,
        }[op]

    @staticmethod
    def _and(parts: list[bool | None]) -> bool | None:
        if any(part is False for part in parts):
            return False
        return None if None in parts else True

    @staticmethod
    def _not(part: bool | None) -> bool | None:
        return None if part is None else not part

    @staticmethod
    def _enough(parts: list[bool | None], k: int) -> bool | None:
        if parts.count(True) >= k:
            return True
        return False if parts.count(True) + parts.count(None) < k else None

    def grid(self, operand: Operand, home: Key) -> Key | None:
        if isinstance(operand, (Constant, Fact)):
            return None
        if isinstance(operand, (Ticker, Clock, Session)):
            return home
        if isinstance(operand, (Price, Value)):
            return (operand.symbol or home[0], operand.timeframe or home[1])
        if isinstance(operand, (Change, Slope, Percentile)):
            return self.grid(operand.of, home)
        left, right = self.grid(operand.left, home), self.grid(operand.right, home)
        return home if left and right and left != right else left or right

    def on_candles(self, operand: Operand, home: Key, close: int) -> float | None:
        """The value of an operand as a series: what can be told at any moment is told of candles only."""
        key = self.grid(operand, home)
        moment = isinstance(operand, (Ticker, Clock, Session))
        if moment and key is not None and close // key[1].ms - 1 not in self.candles[key]:
            return None
        return self.at(operand, home, close)

    def at(self, operand: Operand, home: Key, close: int) -> float | None:
        """The value of an operand as known at a close."""
        if self.grid(operand, home) is None:
            return self._free(operand, home, close)
        key = self.grid(operand, home)
        assert key is not None
        number = close // key[1].ms - 1
        if isinstance(operand, Price):
            candle = self.candles[key].get(number - operand.offset)
            return None if candle is None else self._field(candle, operand.field)
        if isinstance(operand, Value):
            return self._indicator(operand, key, number - operand.offset)
        if isinstance(operand, (Ticker, Clock, Session)):
            return self._told(operand, key, (number + 1) * key[1].ms)
        assert isinstance(operand, (Combined, Change, Slope, Percentile))
        return self._made(operand, home, key, number) if number in self.candles[key] else None

    def _free(self, operand: Operand, home: Key, close: int) -> float | None:
        """What no candle is needed for."""
        if isinstance(operand, Combined):
            return self._joined(operand, home, close)
        if isinstance(operand, Fact):
            return self.facts.get(operand)
        assert isinstance(operand, Constant)
        return operand.value

    def _made(
        self, operand: Combined | Change | Slope | Percentile, home: Key, key: Key, number: int
    ) -> float | None:
        if isinstance(operand, Combined):
            return self._joined(operand, home, (number + 1) * key[1].ms)
        back = [self.on_candles(operand.of, home, (number + 1 - i) * key[1].ms) for i in range(operand.n + 1)]
        if isinstance(operand, Change):
            return self._finite(self._change(back[0], back[-1]))
        return (self._percentile if isinstance(operand, Percentile) else self._slope)(back[:-1])

    def _told(self, operand: Ticker | Clock | Session, key: Key, time: int) -> float | None:
        if isinstance(operand, Ticker):
            symbol = operand.symbol or key[0]
            return self._ticker(symbol, operand.field, time)
        session = SESSIONS[operand.name] if isinstance(operand, Session) else None
        zone = ZoneInfo(operand.zone if isinstance(operand, Clock) else SESSIONS[operand.name].zone)
        local = datetime.fromtimestamp(time / 1000, UTC).astimezone(zone)
        minute = local.hour * 60 + local.minute
        if session is not None:
            return float(session.start <= minute < session.end and local.isoweekday() <= 5)
        assert isinstance(operand, Clock)
        shown = {"hour": local.hour, "minute": minute, "weekday": local.isoweekday(), "day": local.day}
        return float(shown[operand.field])

    def _ticker(self, symbol: str, field: str, time: int) -> float | None:
        if field == "turnover_24h":
            rows = self.candles.get((symbol, Timeframe.M1), {})
            last = time // Timeframe.M1.ms - 1
            day = [rows.get(last - i) for i in range(1440)]
            return None if None in day else math.fsum(self._paid(c) for c in day if c is not None)
        tickers = self.tickers.get(symbol)
        if tickers is None:
            return None
        heard = zip(tickers.time_ms.tolist(), getattr(tickers, field).tolist(), strict=True)
        told = [(at, value) for at, value in heard if at <= time and math.isfinite(value)]
        fresh = told and time - told[-1][0] <= MAX_AGE_MS[field]
        return told[-1][1] if fresh else None

    @staticmethod
    def _paid(candle: Candle) -> float:
        unknown = math.isnan(candle.turnover)
        middle = (candle.high + candle.low + candle.close) / 3.0
        return middle * candle.volume if unknown else candle.turnover

    @staticmethod
    def _percentile(newest_first: list[float | None]) -> float | None:
        values = [v for v in newest_first if v is not None]
        if len(values) < len(newest_first):
            return None
        return sum(v <= values[0] for v in values) * 100.0 / len(values)

    @staticmethod
    def _change(now: float | None, then: float | None) -> float | None:
        return None if now is None or then is None or then == 0 else (now - then) / abs(then) * 100.0

    @staticmethod
    def _slope(newest_first: list[float | None]) -> float | None:
        values = [v for v in newest_first if v is not None][::-1]
        if len(values) < len(newest_first):
            return None
        if min(values) == max(values):
            return 0.0
        middle = (len(values) - 1) / 2
        mean = sum(values) / len(values)
        top = sum((i - middle) * (v - mean) for i, v in enumerate(values))
        return top / sum((i - middle) ** 2 for i in range(len(values)))

    def _joined(self, operand: Combined, home: Key, close: int) -> float | None:
        a, b = self.at(operand.left, home, close), self.at(operand.right, home, close)
        if a is None or b is None:
            return None
        try:
            return self._finite({"add": a + b, "sub": a - b, "mul": a * b}[operand.operation])
        except KeyError:
            return None if b == 0 else self._finite(a / b)

    @staticmethod
    def _finite(value: float | None) -> float | None:
        return value if value is not None and math.isfinite(value) else None

    @staticmethod
    def _field(candle: Candle, name: str) -> float:
        if name == "hl2":
            return (candle.high + candle.low) / 2.0
        if name == "hlc3":
            return (candle.high + candle.low + candle.close) / 3.0
        return float(getattr(candle, name))

    def _indicator(self, value: Value, key: Key, number: int) -> float | None:
        indicator = CATALOG[value.indicator]
        memory = (value.indicator, value.params, value.source, key)
        if memory not in self._indicators:
            rows = self.candles[key]
            if not rows:
                return None
            numbers = range(min(rows), max(rows) + 1)
            inputs = tuple(
                np.array([self._input(name, value.source, key, n) for n in numbers], dtype=float)
                for name in indicator.inputs
            )
            self._indicators[memory] = (
                numbers[0],
                compute(indicator, dict(value.params), inputs, first=numbers[0], timeframe=key[1]),
            )
        first, outputs = self._indicators[memory]
        values = outputs[indicator.outputs.index(value.output)]
        inside = number in self.candles[key] and 0 <= number - first < len(values)
        return self._finite(float(values[number - first])) if inside else None

    def _input(self, name: str, source: Operand | None, key: Key, number: int) -> float:
        operand = source if source is not None else Price("close" if name == SOURCE else name)
        value = self.on_candles(operand, key, (number + 1) * key[1].ms)
        return math.nan if value is None else value
