"""The report of a run: golden, and honest about runs that have next to nothing to tell."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.builders import START_MS
from tests.trading_core.backtest.golden import FILE, report
from tests.trading_core.backtest.test_run import plan, play, priced
from tests.trading_core.engine.documents import RISING, document
from trading_core.backtest.rejections import rejections_of
from trading_core.backtest.result import result_document
from trading_core.market.candle import Candles
from trading_core.performance.definitions import DEFINITIONS, as_markdown


def test_the_report_is_the_golden_one() -> None:
    told = json.loads(json.dumps(report()))

    assert told == json.loads(FILE.read_text(encoding="utf-8")), (
        "if the change is meant: python -m tests.trading_core.backtest.golden"
    )


def test_the_golden_report_has_something_of_everything() -> None:
    golden = json.loads(FILE.read_text(encoding="utf-8"))

    assert golden["metrics"]["trades"] > 10
    assert len(golden["funding"]) > 1
    assert {"stop", "take_profit"} <= golden["metrics"]["exit_reasons"].keys()
    assert {check["holds"] for check in golden["badge"]["checks"]} >= {False, None}
    assert golden["metrics"]["ambiguous_candles"] > 0


@pytest.mark.parametrize("candles", [1, 2, 3, 40])
def test_a_run_with_little_to_tell_says_so(candles: int) -> None:
    result = result_document(play(plan(), priced(candles, seed=3)))

    for name in DEFINITIONS:
        figure = result["metrics"][name]
        assert not isinstance(figure, dict) or (figure["value"] is None and figure["reason"]), name
    assert result["metrics"]["sharpe"]["reason"] == "fewer than 30 days"


def test_a_run_without_a_trade_has_no_figure_of_trades() -> None:
    never = {"left": {"price": "close"}, "op": "<", "right": 1}

    result = result_document(play(plan(rules={"inline": {"schema": 1, "long": never}}), priced(50, seed=3)))

    nothing = {"value": None, "reason": "no closed trade"}
    for name in ("win_rate_pct", "profit_factor", "expectancy", "sqn", "average_mfe", "best_symbol"):
        assert result["metrics"][name] == nothing, name
    assert result["metrics"]["trades"] == 0
    assert result["badge"]["grade"] == "F"
    assert {check["holds"] for check in result["badge"]["checks"]} == {None}
    assert result["rejections"]["codes"] == {"no_signal": 50}
    assert result["rejections"]["conditions"] == [
        {"tree": "long", "condition": "close < 1", "false": 50, "unknown": 0, "not_true_pct": "100"}
    ]


def test_an_account_that_lost_nearly_everything_has_a_report() -> None:
    """One trade with all there is, and a market that opens far beyond its stop."""
    close = np.array([2_000.0, 2_001.0, 2_001.0, 200.0, 200.0, 200.0])
    opens = np.array([2_000.0, 2_000.0, 2_001.0, 200.0, 200.0, 200.0])
    times = START_MS + np.arange(6) * 60_000
    found = Candles(
        times, opens, np.maximum(opens, close), np.minimum(opens, close), close, np.full(6, 1e6), close
    )
    asked = document(
        {
            "rules": {"inline": {"schema": 1, "long": RISING}},
            "plan.averaging": None,
            "plan.size": {"mode": "quote", "quote": "9000"},
            "risk.max_position_quote": "100000",
            "risk.leverage": "1",
            "wallet": {"balance": "10000"},
        }
    )

    metrics = result_document(play(asked, found))["metrics"]

    assert float(metrics["net_profit_pct"]) < -75
    assert float(metrics["max_drawdown_pct"]) > 75
    assert metrics["trades"] == 1
    assert metrics["expectancy_low"]["reason"] == "fewer than 10 trades"


def test_conditions_are_counted_at_closes_without_a_signal() -> None:
    played = play(document({"rules": {"inline": {"schema": 1, "long": RISING}}}), priced(300, seed=5))
    told = rejections_of(played.document.rules, played.decisions)

    quiet = [d for d in played.decisions if d.code in ("no_signal", "not_ready")]
    assert told["closes"] == len(played.decisions) == 300
    assert sum(told["codes"].values()) == sum(
        d.code not in ("entered", "in_position", "exit_rule", "exit_time", "closing", "entry_working")
        for d in played.decisions
    )
    [rising] = told["conditions"]
    assert (rising["tree"], rising["condition"]) == ("long", "close > open")
    assert rising["false"] == len(quiet) > 10


def test_the_page_of_figures_is_current() -> None:
    page = (FILE.parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")

    assert as_markdown() in page, "copy the tables from trading_core.performance.definitions.as_markdown()"
