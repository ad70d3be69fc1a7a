"""Documents to operands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.checks import has
from trading_core.rules.limits import MAX_DEPTH, MAX_LOOKBACK
from trading_core.rules.operands import (
    CLOCK_FIELDS,
    FACTS,
    MOVING,
    PRICE_FIELDS,
    TICKERS,
    Arithmetic,
    Change,
    Clock,
    Combined,
    Constant,
    Fact,
    Operand,
    Percentile,
    Price,
    Session,
    Slope,
    Ticker,
    Value,
)
from trading_core.rules.reading import Budget, check_keys, one_of, real, shown, unlike, whole
from trading_core.rules.sessions import SESSIONS

_SYMBOL = re.compile(r"[A-Z0-9]{2,30}")
_PLACE = ("timeframe", "offset", "symbol")


def parse_operand(raw: object, path: str, budget: Budget, depth: int, *, inside: bool = False) -> Operand:
    """Return an operand; ``inside`` an indicator's source, where it has no place of its own."""
    if depth > MAX_DEPTH:
        raise RulesInvalid(path, f"expected at most {MAX_DEPTH} levels")
    budget.operand(path)
    if isinstance(raw, (int, float)):
        return Constant(real(raw, path))
    if not isinstance(raw, dict):
        raise RulesInvalid(path, f"expected a number or an operand, was {shown(raw)}")
    if "price" in raw:
        return _price(raw, path, budget, inside=inside)
    if "indicator" in raw:
        return _value(raw, path, budget, depth, inside=inside)
    for key, read in _PLAIN.items():
        if key in raw:
            return read(raw, path, budget)
    return _computed(raw, path, budget, depth, inside=inside)


def _computed(raw: dict[str, Any], path: str, budget: Budget, depth: int, *, inside: bool) -> Operand:
    kinds = ("price", "indicator", *_PLAIN, *(a.value for a in Arithmetic), *MOVING.values())
    if len(raw) != 1:
        raise RulesInvalid(path, f"expected an operand: one of {', '.join(kinds)}")
    ((kind, body),) = raw.items()
    below = f"{path}.{kind}"
    if kind in {a.value for a in Arithmetic}:
        if not isinstance(body, list) or len(body) != 2:  # noqa: PLR2004
            raise RulesInvalid(below, "expected a list of two operands")
        left, right = (
            parse_operand(part, f"{below}[{i}]", budget, depth + 1, inside=inside)
            for i, part in enumerate(body)
        )
        return combined(Arithmetic(kind), left, right, below)
    if kind not in MOVING.values():
        raise RulesInvalid(path, f"expected one of {', '.join(kinds)}, was {shown(kind)}")
    if not isinstance(body, dict):
        raise RulesInvalid(below, f"expected an object, was {type(body).__name__}")
    check_keys(body, below, required=("of", "n"))
    of = parse_operand(body["of"], f"{below}.of", budget, depth + 1, inside=inside)
    return moving(kind, of, body["n"], below)


def combined(operation: Arithmetic, left: Operand, right: Operand, path: str) -> Combined:
    """An arithmetic operand; raise RulesInvalid if it is a number in disguise."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        raise RulesInvalid(path, "expected something that can change, combines two numbers")
    if operation is Arithmetic.DIV and isinstance(right, Constant) and right.value == 0:
        raise RulesInvalid(f"{path}[1]", "expected a divisor other than 0")
    return Combined(operation, left, right)


def moving(kind: str, of: Operand, n: object, path: str) -> Change | Slope | Percentile:
    """A change, a slope or a percentile of what lives on candles."""
    if isinstance(of, Constant):
        raise RulesInvalid(f"{path}.of", "expected something that can change, was a number")
    if has(of, Clock, Session, Fact):
        raise RulesInvalid(f"{path}.of", "the clock, sessions, position and portfolio have no past here")
    if kind == "change_pct":
        return Change(of, whole(n, f"{path}.n", 1, MAX_LOOKBACK))
    count = whole(n, f"{path}.n", 2, MAX_LOOKBACK)
    return Slope(of, count) if kind == "slope" else Percentile(of, count)


def _ticker(raw: dict[str, Any], path: str, budget: Budget) -> Ticker:
    check_keys(raw, path, required=("ticker",), optional=("symbol",))
    name = one_of(raw["ticker"], f"{path}.ticker", TICKERS)
    return Ticker(name, place(raw, path, budget, inside=False)[2])


def _clock(raw: dict[str, Any], path: str, budget: Budget) -> Clock:
    del budget
    check_keys(raw, path, required=("clock",), optional=("zone",))
    name = one_of(raw["clock"], f"{path}.clock", CLOCK_FIELDS)
    return Clock(name, zone(raw.get("zone", "UTC"), f"{path}.zone"))


def zone(raw: object, path: str) -> str:
    """The name of a time zone; raise RulesInvalid if the IANA list has none such."""
    if not isinstance(raw, str) or raw not in _zones():
        raise RulesInvalid(path, f"expected a time zone such as Europe/Berlin, was {shown(raw)}")
    return raw


@cache
def _zones() -> frozenset[str]:
    # Names that begin otherwise ("localtime") mean another zone on another machine.
    return frozenset(name for name in available_timezones() if name[0].isupper())


def _session(raw: dict[str, Any], path: str, budget: Budget) -> Session:
    del budget
    check_keys(raw, path, required=("session",))
    return Session(one_of(raw["session"], f"{path}.session", tuple(SESSIONS)))


def _fact(raw: dict[str, Any], path: str, budget: Budget) -> Fact:
    del budget
    scope = "position" if "position" in raw else "portfolio"
    check_keys(raw, path, required=(scope,))
    return Fact(scope, one_of(raw[scope], f"{path}.{scope}", FACTS[scope]))


_PLAIN: Mapping[str, Callable[[dict[str, Any], str, Budget], Operand]] = {
    "ticker": _ticker,
    "clock": _clock,
    "session": _session,
    "position": _fact,
    "portfolio": _fact,
}
"""Operands without others below them, by the key that names them."""


def _price(raw: dict[str, Any], path: str, budget: Budget, *, inside: bool) -> Price:
    check_keys(raw, path, required=("price",), optional=_PLACE)
    name = one_of(raw["price"], f"{path}.price", PRICE_FIELDS)
    return Price(name, *place(raw, path, budget, inside=inside))


def _value(raw: dict[str, Any], path: str, budget: Budget, depth: int, *, inside: bool) -> Value:
    check_keys(raw, path, required=("indicator",), optional=("params", "output", "source", *_PLACE))
    indicator = indicator_named(raw["indicator"], f"{path}.indicator")
    given = raw.get("params", {})
    if not isinstance(given, dict):
        raise RulesInvalid(f"{path}.params", f"expected an object, was {type(given).__name__}")
    params = parameters(indicator, given, f"{path}.params")
    output = one_of(raw.get("output", indicator.outputs[0]), f"{path}.output", indicator.outputs)
    source = None
    if "source" in raw:
        said = {"price": raw["source"]} if isinstance(raw["source"], str) else raw["source"]
        source = parse_operand(said, f"{path}.source", budget, depth + 1, inside=True)
        source = source_of(indicator, source, f"{path}.source")
    where = place(raw, path, budget, inside=inside)
    return Value(indicator.name, params, output, source, *where)


def indicator_named(raw: object, path: str) -> Indicator:
    """The catalog's indicator; raise RulesInvalid if there is none."""
    indicator = CATALOG.get(raw) if isinstance(raw, str) else None
    if indicator is None:
        raise RulesInvalid(path, unlike("an indicator of the catalog", raw, CATALOG))
    return indicator


def source_of(indicator: Indicator, source: Operand, path: str) -> Operand | None:
    """The source to remember: None for the close, which is the default."""
    if indicator.inputs != (SOURCE,):
        raise RulesInvalid(path, f"{indicator.name} reads {', '.join(indicator.inputs)}; it takes no source")
    if isinstance(source, Constant):
        raise RulesInvalid(path, "expected something that can change, was a number")
    if has(source, Ticker, Clock, Session, Fact):
        raise RulesInvalid(path, "expected a source made of prices and indicators")
    return None if source == Price("close") else source


def parameters(indicator: Indicator, given: dict[str, Any], path: str) -> tuple[tuple[str, float], ...]:
    """All parameters in declared order, defaults filled in; raise RulesInvalid out of bounds."""
    check_keys(given, path, required=(), optional=indicator.params)
    values: list[tuple[str, float]] = []
    for name, param in indicator.params.items():
        value = real(given.get(name, param.default), f"{path}.{name}")
        if not param.accepts(value):
            kind = "a whole number" if param.whole else "a number"
            raise RulesInvalid(
                f"{path}.{name}", f"expected {kind} from {param.low:g} to {param.high:g}, was {value:g}"
            )
        values.append((name, int(value) if param.whole else value))
    if indicator.ordered:
        small, large = indicator.ordered
        if dict(values)[small] >= dict(values)[large]:
            raise RulesInvalid(f"{path}.{small}", f"expected less than {large}")
    return tuple(values)


def place(
    raw: dict[str, Any], path: str, budget: Budget, *, inside: bool
) -> tuple[Timeframe | None, int, str | None]:
    """Timeframe, offset and symbol; inside a source only the offset may stand."""
    if inside and ("timeframe" in raw or "symbol" in raw):
        raise RulesInvalid(path, "a source stands on its indicator's timeframe and symbol; name them there")
    timeframe = symbol = None
    if "timeframe" in raw:
        timeframe = Timeframe(one_of(raw["timeframe"], f"{path}.timeframe", tuple(Timeframe)))
        budget.timeframe(timeframe, f"{path}.timeframe")
    if "symbol" in raw:
        symbol = raw["symbol"]
        if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
            raise RulesInvalid(f"{path}.symbol", f"expected a symbol such as BTCUSDT, was {shown(symbol)}")
        budget.symbol(symbol, f"{path}.symbol")
    offset = whole(raw.get("offset", 0), f"{path}.offset", 0, MAX_LOOKBACK)
    return timeframe, offset, symbol
