"""An explanation on its own: its data reproduce the verdict it explains."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import START_MS, candles
from tests.trading_core.rules.random_rules import document
from tests.trading_core.rules.test_evaluate import BASE, TICKERS, end_of, frames_at
from trading_core.market.timeframe import Timeframe
from trading_core.rules.evaluate import evaluate
from trading_core.rules.explain import explain
from trading_core.rules.facts import Facts, complete
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text

M1 = Timeframe.M1
FACTS = Facts(1.5, 4, 1, 2, 12.0, 0.25)
TRUTHS = {"yes": True, "no": False, "unknown": None}
WORDS = {truth: word for word, truth in TRUTHS.items()}

many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
randoms = st.integers(0, 2**32).map(Random)

Truth = bool | None


def said(line: dict[str, Any]) -> Truth:
    """What a line says, worked out from its data alone."""
    if "leaf" in line:
        return condition(line)
    if "seen" in line:
        return enough([TRUTHS[word] for word in line["seen"]], line["k"], line["n"])
    parts = [said(child) for child in line["children"]]
    if line["kind"] == "not":
        return None if parts[0] is None else not parts[0]
    k = {"all": len(parts), "any": 1}.get(line["kind"]) or line["k"]
    return enough(parts, k, len(parts))


def enough(parts: list[Truth], k: int, count: int) -> Truth:
    assert len(parts) == count
    if parts.count(True) >= k:
        return True
    return False if parts.count(True) + parts.count(None) < k else None


def condition(line: dict[str, Any]) -> Truth:
    kind = line["kind"]
    if kind in ("rising", "falling"):
        steps = zip(line["path"], line["path"][1:], strict=False)
        up = [compared(new, ">" if kind == "rising" else "<", old) for old, new in steps]
        return enough(up, line["n"], line["n"])
    left, *others = line["operands"]
    if kind in ("between", "outside"):
        bounds = zip((">=", "<="), others, strict=True)
        inside = enough([compared(left["value"], op, bound["value"]) for op, bound in bounds], 2, 2)
        return inside if kind == "between" or inside is None else not inside
    if kind.startswith("crosses"):
        was, now = ("<=", ">") if kind == "crosses_above" else (">=", "<")
        earlier = compared(left["before"], was, others[0]["before"])
        return enough([earlier, compared(left["value"], now, others[0]["value"])], 2, 2)
    return compared(left["value"], kind, others[0]["value"])


def compared(a: float | None, op: str, b: float | None) -> Truth:
    if a is None or b is None:
        return None
    equal = a == b or abs(a - b) < 1e-9 * max(abs(a), abs(b))
    less = a < b and not equal
    return {"<": less, "<=": less or equal, ">": not (less or equal), ">=": not less, "==": equal}.get(
        op, not equal
    )


@many
@given(rnd=randoms)
def test_an_explanation_alone_reproduces_its_verdict(rnd: Random) -> None:
    rules = parse_rules(document(rnd))
    frames = frames_at(M1, end_of(BASE["XUSDT"]))
    history = evaluate(rules, frames, symbol="XUSDT", timeframe=M1, tickers=TICKERS)
    row = rnd.randrange(len(history))
    close_ms = int(history.close_ms[row])

    told = explain(
        rules,
        frames,
        symbol="XUSDT",
        timeframe=M1,
        close_ms=close_ms,
        tickers=TICKERS,
        facts=FACTS.numbers(),
    )

    assert told.verdict == complete(rules, history.verdict(row), FACTS)
    data = json.loads(json.dumps(told.as_data(), allow_nan=False))
    for name, line in data["trees"].items():
        assert WORDS[said(line)] == line["truth"] == data["verdict"][name]


def test_names_tags_and_facts_are_told() -> None:
    rules = RuleSet(
        long=parse_text("low: close < 11 #dip and position.pnl_pct + 1 > 3"), short=parse_text("close > 1")
    )
    frames = {("X", M1): candles("10 11 10")}
    close_ms = START_MS + 3 * M1.ms
    told = explain(
        rules, frames, symbol="X", timeframe=M1, close_ms=close_ms, facts={"position.pnl_pct": 1.5}
    )
    low, gain = told.trees["long"].children
    assert (low.id, low.tags, low.truth) == ("low", ("dip",), 1)
    assert (gain.operands[0].value, gain.distance, gain.truth) == (2.5, -0.5, 0)
    unheard = explain(rules, frames, symbol="X", timeframe=M1, close_ms=close_ms)
    assert unheard.trees["long"].children[1].truth == -1


def test_distance_to_zero_is_told_in_usual_movements() -> None:
    walk = BASE["XUSDT"]
    told = explain(
        RuleSet(long=parse_text("change_pct(close, 1) > 0")),
        {("X", M1): walk},
        symbol="X",
        timeframe=M1,
        close_ms=end_of(walk),
    )
    line = told.trees["long"]
    assert line.distance_pct is None
    assert line.distance is not None
    assert line.distance_sd is not None
    assert 0.1 < line.distance / line.distance_sd < 0.4  # the walk moves 0.2 % a candle
