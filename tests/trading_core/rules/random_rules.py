"""Random rule-set documents with every word of the language, small enough to be accepted."""

from __future__ import annotations

from random import Random
from typing import Any

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Param
from trading_core.rules.model import CLOCK_FIELDS, FACTS, PRICE_FIELDS, TICKERS, TREES
from trading_core.rules.sessions import SESSIONS

EQUALITIES = ("==", "!=")
COMPARES = ("<", "<=", ">", ">=", *EQUALITIES, "crosses_above", "crosses_below")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/GMT+10", "America/Port-au-Prince")


def operand(rnd: Random, depth: int, *, inside: bool = False, constant: bool = True) -> Any:
    kind = rnd.randrange(12)
    if kind == 0 and constant:
        return rnd.choice([0, 1, 30, 70, 100, 99.5, -2.25, 50])
    if kind == 1 and not inside:
        return ticker(rnd)
    if kind <= 5 or depth <= 0:
        return {"price": rnd.choice(PRICE_FIELDS), **place(rnd, inside=inside)}
    if kind <= 8:
        return value(rnd, depth, inside=inside)
    if kind <= 10:
        name = rnd.choice(["change_pct", "slope", "percentile"])
        of = operand(rnd, depth - 1, inside=inside, constant=False)
        return {name: {"of": of, "n": rnd.randint(2, 5)}}
    left = operand(rnd, depth - 1, inside=inside, constant=False)
    return {rnd.choice(["add", "sub", "mul", "div"]): [left, operand(rnd, 0, inside=inside, constant=False)]}


def ticker(rnd: Random) -> Any:
    made = {"ticker": rnd.choice(TICKERS)}
    return {**made, "symbol": "YUSDT"} if rnd.random() < 0.3 else made


def value(rnd: Random, depth: int, *, inside: bool) -> Any:
    indicator = CATALOG[rnd.choice(sorted(CATALOG))]
    params = {name: parameter(rnd, param) for name, param in indicator.params.items()}
    if indicator.ordered:
        small, large = indicator.ordered
        params[large] = max(params[small] + 3, indicator.params[large].low)
    made = {"indicator": indicator.name, "params": params, "output": rnd.choice(indicator.outputs)}
    if indicator.inputs == (SOURCE,) and rnd.random() < 0.3:
        made["source"] = operand(rnd, depth - 1, inside=True, constant=False)
    return {**made, **place(rnd, inside=inside)}


def parameter(rnd: Random, param: Param) -> float:
    if param.whole:
        return rnd.randint(int(param.low), int(min(param.high, max(param.low, 9))))
    return rnd.choice([v for v in (0.5, 1.0, 2.25) if param.accepts(v)] or [param.default])


def place(rnd: Random, *, inside: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if rnd.random() < 0.25:
        made["offset"] = rnd.randint(1, 4)
    if not inside and rnd.random() < 0.3:
        made["timeframe"] = rnd.choice(["5m", "15m"])
    if not inside and rnd.random() < 0.15:
        made["symbol"] = "YUSDT"
    return made


def condition(rnd: Random, *, facts: bool = False) -> Any:
    kind = rnd.randrange(12)
    if kind == 0 and facts:
        return fact_condition(rnd)
    if kind == 1:
        return clock_condition(rnd)
    left = operand(rnd, 2, constant=False)
    if kind == 2:
        return {"left": left, "op": rnd.choice(["rising", "falling"]), "n": rnd.randint(1, 3)}
    if kind == 3:
        low = rnd.choice([-1, 20, 99])
        return {
            "left": left,
            "op": rnd.choice(["between", "outside"]),
            "low": low,
            "high": operand(rnd, 1, constant=False),
        }
    return {"left": left, "op": rnd.choice(COMPARES), "right": operand(rnd, 1)}


def clock_condition(rnd: Random) -> Any:
    if rnd.random() < 0.3:
        return {"left": {"session": rnd.choice(list(SESSIONS))}, "op": rnd.choice(EQUALITIES), "right": 1}
    left: Any = {"clock": rnd.choice(CLOCK_FIELDS), "zone": rnd.choice(ZONES)}
    if rnd.random() < 0.3:
        return {"left": left, "op": rnd.choice(["between", "outside"]), "low": 3, "high": 17}
    if rnd.random() < 0.3:
        left = {"sub": [left, 1]}
    return {"left": left, "op": rnd.choice(COMPARES), "right": rnd.choice([0, 3, 12, 30])}


def fact_condition(rnd: Random) -> Any:
    def fact() -> Any:
        scope = rnd.choice(list(FACTS))
        made: Any = {scope: rnd.choice(FACTS[scope])}
        return {"mul": [made, rnd.choice([2, -0.5])]} if rnd.random() < 0.2 else made

    if rnd.random() < 0.3:
        return {"left": fact(), "op": rnd.choice(["between", "outside"]), "low": -1, "high": 2.5}
    right = fact() if rnd.random() < 0.2 else rnd.choice([-2, 0, 1, 1.5, 10])
    return {"left": fact(), "op": rnd.choice(["<", "<=", ">", ">=", *EQUALITIES]), "right": right}


def node(rnd: Random, depth: int, *, facts: bool = False) -> Any:
    """A node, one in four with a name or tags."""
    made = _bare(rnd, depth, facts=facts)
    if rnd.random() < 0.15:
        made["id"] = f"c{rnd.getrandbits(40)}"
    if rnd.random() < 0.15:
        made["tags"] = rnd.sample(["dip", "cheap", "late-2", "x"], rnd.randint(1, 3))
    return made


def _bare(rnd: Random, depth: int, *, facts: bool) -> Any:
    kind = rnd.randrange(11)
    if depth <= 0 or kind <= 3:
        return condition(rnd, facts=facts)
    if kind <= 6:
        nodes = [node(rnd, depth - 1, facts=facts) for _ in range(rnd.randint(1, 3))]
        return {rnd.choice(["all", "any"]): nodes}
    if kind == 7:
        return {"not": node(rnd, depth - 1, facts=facts)}
    if kind == 8:
        nodes = [node(rnd, depth - 2, facts=facts) for _ in range(rnd.randint(2, 3))]
        return {"at_least": {"k": rnd.randint(1, len(nodes)), "of": nodes}}
    n = rnd.randint(1, 4)
    below = node(rnd, depth - 1)
    if kind == 9:
        return {rnd.choice(["within", "for"]): {"n": n, "of": below}}
    return {"count": {"k": rnd.randint(1, n), "n": n, "of": below}}


def document(rnd: Random, *, facts: bool = True) -> dict[str, Any]:
    """A document of schema 2; ``facts``: also about position and portfolio."""
    names = rnd.sample(TREES, rnd.randint(1, 2))
    trees = {name: node(rnd, 3, facts=facts) for name in names}
    return {"schema": 2, "expires": rnd.randint(1, 10), **trees}
