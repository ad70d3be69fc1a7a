"""A backtest of rules about the bot itself and about its contract."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.builders import START_MS
from tests.trading_core.backtest.test_run import play, priced
from tests.trading_core.engine.documents import RISING, document
from trading_core.backtest.compare import first_difference
from trading_core.backtest.explain import explain_decision
from trading_core.backtest.inputs import tickers_from_files
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.errors import CandlesInvalid
from trading_core.market.known_instruments import known_instrument
from trading_core.market.tickers import Tickers

DAY = 1_440
MINUTE = 60_000


def bot(**trees: Any) -> BotDocument:
    return document(
        {
            "rules": {"inline": {"schema": 2, **trees}},
            "plan.averaging": None,
            "plan.take_profit": None,
            "plan.stop.pct": "20",
            "plan.exits": {"time_stop_minutes": None, "on_rule": True},
        }
    )


def says(left: dict[str, Any], op: str, right: float, **named: Any) -> dict[str, Any]:
    return {"left": left, "op": op, "right": right, **named}


AGED = {"long": RISING, "exit_long": says({"position": "age"}, ">=", 3)}


def test_a_position_closes_at_the_age_its_rules_say() -> None:
    result = result_document(play(bot(**AGED), priced(200, seed=5)))

    exits = [d for d in result["decisions"] if d["code"] == "exit_rule"]
    assert len(exits) > 5
    assert {d["details"]["facts"]["position.age"] for d in exits} == {"3"}
    held = [d for d in result["decisions"] if d["code"] == "in_position"]
    assert {d["details"]["facts"]["position.age"] for d in held} == {"1", "2"}


def test_the_day_of_the_portfolio_begins_at_midnight() -> None:
    rules = {
        "long": {"all": [RISING, says({"portfolio": "day_pnl"}, ">", -1e9)]},
        "exit_long": AGED["exit_long"],
    }

    result = result_document(play(bot(**rules), priced(2 * DAY, seed=6)))

    points = {point["close"]: float(point["equity"]) for point in result["equity"]}
    checked, base = 0, float(result["meta"]["wallet_start"])
    for row in result["decisions"]:
        if row["close"].endswith("T00:00:00Z"):
            base = points[row["close"]]
        gained = float(row["details"]["facts"]["portfolio.day_pnl"])
        assert gained == pytest.approx(points[row["close"]] - base, abs=1e-6)
        checked += gained != 0
    assert checked > DAY


def test_trades_carry_the_tags_of_their_entry() -> None:
    named = {
        "any": [
            {**RISING, "tags": ["rising"]},
            says({"portfolio": "open_positions"}, ">", 5, tags=["never"]),
        ]
    }

    result = result_document(play(bot(long=named, exit_long=AGED["exit_long"]), priced(200, seed=5)))
    untagged = result_document(play(bot(**AGED), priced(200, seed=5)))

    assert result["trades"]
    assert {tuple(trade["tags"]) for trade in result["trades"]} == {("rising",)}
    assert {tuple(trade["tags"]) for trade in untagged["trades"]} == {()}


def test_runs_that_knew_something_else_of_themselves_differ() -> None:
    result = result_document(play(bot(**AGED), priced(60, seed=5)))
    other = copy.deepcopy(result)
    row = next(d for d in other["decisions"] if d["code"] == "in_position")
    row["details"]["facts"]["position.age"] = "7"

    assert first_difference(result, copy.deepcopy(result)) is None
    assert str(first_difference(result, other)).startswith("decisions")


PAID = {"long": {"all": [RISING, says({"ticker": "funding_rate"}, "<", 0)]}}


def told(start: int, rate: float) -> Tickers:
    nothing = np.full(1, np.nan)
    return Tickers(np.array([start]), np.array([rate]), nothing, nothing)


def test_rules_about_funding_wait_until_it_is_known() -> None:
    walk = priced(100, seed=5)
    known_from = START_MS + 50 * MINUTE

    blind = play(bot(**PAID), walk)
    seeing = play(bot(**PAID), walk, tickers={"ETHUSDT": told(known_from, -0.01)})
    paying = play(bot(**PAID), walk, tickers={"ETHUSDT": told(known_from, 0.01)})

    assert {d.code for d in blind.decisions} <= {"not_ready", "no_signal"}
    assert "not_ready" in {d.code for d in blind.decisions}
    entered = [d.close_ms for d in seeing.decisions if d.code == "entered"]
    assert entered[0] >= known_from
    assert "entered" not in {d.code for d in paying.decisions}


def test_what_was_known_is_explained() -> None:
    walk, eth = priced(100, seed=5), known_instrument("ETHUSDT")
    assert eth is not None
    rules = {"long": {"all": [*PAID["long"]["all"], says({"portfolio": "open_positions"}, "<", 1)]}}
    tickers = {"ETHUSDT": told(START_MS, -0.01)}
    asked = bot(**rules)
    entry = next(
        d
        for d in run(asked, {"ETHUSDT": walk}, {"ETHUSDT": eth}, tickers=tickers).decisions
        if d.code == "entered"
    )

    found = explain_decision(
        asked, {"ETHUSDT": walk}, {"ETHUSDT": eth}, symbol="ETHUSDT", at_ms=entry.close_ms, tickers=tickers
    )

    assert found.conditions.verdict.leaves.hex() == entry.leaves
    _, rate, _ = found.conditions.trees["long"].leaves()
    assert rate.operands[0].value == -0.01


def test_the_condition_that_alone_refused_an_entry_is_named() -> None:
    walk, eth = priced(100, seed=5), known_instrument("ETHUSDT")
    assert eth is not None
    never = says({"price": "close"}, "<", 1)
    asked = bot(long={"all": [says({"price": "close"}, ">", 1), {"within": {"n": 3, "of": never}}]})

    found = explain_decision(
        asked, {"ETHUSDT": walk}, {"ETHUSDT": eth}, symbol="ETHUSDT", at_ms=START_MS + 50 * MINUTE
    )

    assert found.alone == {"long": ("close < 1",)}
    assert "Only close < 1 kept long from being true." in found.as_text()
    assert found.as_data()["sole_blockers"] == {"long": ["close < 1"]}


def written(folder: Path, symbol: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{symbol}.parquet"
    parquet.write_table(pa.table({"funding_time": [START_MS], "funding_rate": [-0.0001]}), file)
    return file


def test_files_of_the_bots_market_and_symbols_are_read(tmp_path: Path) -> None:
    written(tmp_path / "synthetic-linear", "ETHUSDT")
    written(tmp_path / "synthetic-linear", "XRPUSDT")
    foreign = written(tmp_path / "bybit-linear", "ETHUSDT")

    found = tickers_from_files(bot(**PAID), [tmp_path / "synthetic-linear"])

    assert list(found) == ["ETHUSDT"]
    assert found["ETHUSDT"].funding_rate.tolist() == [-0.01]
    assert tickers_from_files(bot(**AGED), [tmp_path / "synthetic-linear"]) == {}
    with pytest.raises(CandlesInvalid, match="synthetic-linear"):
        tickers_from_files(bot(**PAID), [foreign])
