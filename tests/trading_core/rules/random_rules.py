"""Random rule-set documents, small enough to be accepted."""

from __future__ import annotations

from random import Random
from typing import Any

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE
from trading_core.rules.model import PRICE_FIELDS, TREES

COMPARES = ("<", "<=", ">", ">=", "crosses_above", "crosses_below")


def operand(rnd: Random, depth: int, *, inside: bool = False, constant: bool = True) -> Any:
    kind = rnd.randrange(10)
    if kind == 0 and constant:
        return rnd.choice([0, 1, 30, 70, 100, 99.5, -2.25, 50])
    if kind <= 4 or depth <= 0:
        return {"price": rnd.choice(PRICE_FIELDS), **place(rnd, inside=inside)}
    if kind <= 7:
        return value(rnd, depth, inside=inside)
    if kind == 8:
        name = rnd.choice(["change_pct", "slope"])
        of = operand(rnd, depth - 1, inside=inside, constant=False)
        return {name: {"of": of, "n": rnd.randint(2, 5)}}
    left = operand(rnd, depth - 1, inside=inside, constant=False)
    return {rnd.choice(["add", "sub", "mul", "div"]): [left, operand(rnd, 0, inside=inside, constant=False)]}


def value(rnd: Random, depth: int, *, inside: bool) -> Any:
    indicator = CATALOG[rnd.choice(sorted(CATALOG))]
    params: dict[str, float] = {}
    for name, param in indicator.params.items():
        params[name] = rnd.randint(int(param.low), 9) if param.whole else rnd.choice([0.5, 1.0, 2.25])
    if indicator.ordered:
        params[indicator.ordered[1]] = params[indicator.ordered[0]] + 3
    made = {"indicator": indicator.name, "params": params, "output": rnd.choice(indicator.outputs)}
    if indicator.inputs == (SOURCE,) and rnd.random() < 0.3:
        made["source"] = operand(rnd, depth - 1, inside=True, constant=False)
    return {**made, **place(rnd, inside=inside)}


def place(rnd: Random, *, inside: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if rnd.random() < 0.25:
        made["offset"] = rnd.randint(1, 4)
    if not inside and rnd.random() < 0.3:
        made["timeframe"] = rnd.choice(["5m", "15m"])
    if not inside and rnd.random() < 0.15:
        made["symbol"] = "YUSDT"
    return made


def condition(rnd: Random) -> Any:
    left = operand(rnd, 2, constant=False)
    kind = rnd.randrange(8)
    if kind == 0:
        return {"left": left, "op": rnd.choice(["rising", "falling"]), "n": rnd.randint(1, 3)}
    if kind == 1:
        low = rnd.choice([-1, 20, 99])
        return {
            "left": left,
            "op": rnd.choice(["between", "outside"]),
            "low": low,
            "high": operand(rnd, 1, constant=False),
        }
    return {"left": left, "op": rnd.choice(COMPARES), "right": operand(rnd, 1)}


def node(rnd: Random, depth: int) -> Any:
    kind = rnd.randrange(11)
    if depth <= 0 or kind <= 3:
        return condition(rnd)
    if kind <= 6:
        return {rnd.choice(["all", "any"]): [node(rnd, depth - 1) for _ in range(rnd.randint(1, 3))]}
    if kind == 7:
        return {"not": node(rnd, depth - 1)}
    if kind == 8:
        nodes = [node(rnd, depth - 2) for _ in range(rnd.randint(2, 3))]
        return {"at_least": {"k": rnd.randint(1, len(nodes)), "of": nodes}}
    n = rnd.randint(1, 4)
    if kind == 9:
        return {rnd.choice(["within", "for"]): {"n": n, "of": node(rnd, depth - 1)}}
    return {"count": {"k": rnd.randint(1, n), "n": n, "of": node(rnd, depth - 1)}}


def document(rnd: Random) -> dict[str, Any]:
    names = rnd.sample(TREES, rnd.randint(1, 2))
    return {"schema": 1, **{name: node(rnd, 3) for name in names}}
