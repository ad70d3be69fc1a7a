"""Documents to operands."""

from __future__ import annotations

import re
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.limits import MAX_DEPTH, MAX_LOOKBACK
from trading_core.rules.model import (
    PRICE_FIELDS,
    Arithmetic,
    Change,
    Combined,
    Constant,
    Operand,
    Price,
    Slope,
    Value,
)
from trading_core.rules.reading import Budget, check_keys, one_of, real, shown, whole

_SYMBOL = re.compile(r"[A-Z0-9]{2,30}")
_PLACE = ("timeframe", "offset", "symbol")

LATER: dict[str, str] = {
    **dict.fromkeys(("funding_rate", "mark", "spread", "turnover_24h", "ticker"), "tickers"),
    "regime": "the market regime",
    "percentile": "percentiles",
    **dict.fromkeys(("position", "pnl", "pnl_pct", "age", "legs"), "the position"),
    **dict.fromkeys(("portfolio", "open_positions", "day_pnl"), "the portfolio"),
    **dict.fromkeys(("clock", "session", "weekday", "hour"), "the market clock"),
}
"""Operands with a name but without a value so far."""


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
    return _computed(raw, path, budget, depth, inside=inside)


def _computed(raw: dict[str, Any], path: str, budget: Budget, depth: int, *, inside: bool) -> Operand:
    kinds = ("price", "indicator", *(a.value for a in Arithmetic), "change_pct", "slope")
    for key in raw:
        refuse_later(str(key), path)
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
    if kind not in ("change_pct", "slope"):
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


def moving(kind: str, of: Operand, n: object, path: str) -> Change | Slope:
    """A change or a slope."""
    if isinstance(of, Constant):
        raise RulesInvalid(f"{path}.of", "expected something that can change, was a number")
    if kind == "slope":
        return Slope(of, whole(n, f"{path}.n", 2, MAX_LOOKBACK))
    return Change(of, whole(n, f"{path}.n", 1, MAX_LOOKBACK))


def refuse_later(name: str, path: str) -> None:
    """Raise RulesInvalid for an operand that is not available yet."""
    if name in LATER:
        raise RulesInvalid(path, f"{name}: conditions on {LATER[name]} are not available yet")


def _price(raw: dict[str, Any], path: str, budget: Budget, *, inside: bool) -> Price:
    check_keys(raw, path, required=("price",), optional=_PLACE)
    name = raw["price"]
    if isinstance(name, str):
        refuse_later(name, f"{path}.price")
    return Price(one_of(name, f"{path}.price", PRICE_FIELDS), *place(raw, path, budget, inside=inside))


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
        raise RulesInvalid(path, f"expected an indicator ({', '.join(CATALOG)}), was {shown(raw)}")
    return indicator


def source_of(indicator: Indicator, source: Operand, path: str) -> Operand | None:
    """The source to remember: None for the close, which is the default."""
    if indicator.inputs != (SOURCE,):
        raise RulesInvalid(path, f"{indicator.name} reads {', '.join(indicator.inputs)}; it takes no source")
    if isinstance(source, Constant):
        raise RulesInvalid(path, "expected something that can change, was a number")
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
