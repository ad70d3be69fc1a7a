from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command
from pyarrow import parquet

from tests.builders import random_walk
from tests.trading_core.engine.documents import raw


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Bot and candle files of one market."""
    folder = tmp_path / "synthetic-linear"
    folder.mkdir()
    candles = folder / "ETHUSDT_1m_2025.parquet"
    walk = random_walk(600, seed=4, price=2_000.0)
    names = ("open_time", "open", "high", "low", "close", "volume")
    parquet.write_table(pa.table(dict(zip(names, walk.columns()[:6], strict=True))), candles)
    bot = tmp_path / "bot.json"
    bot.write_text(json.dumps(raw()))
    return {"bot": bot, "candles": candles, "folder": folder}


def called(command: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_backtest_command_prints_figures_and_writes_the_result(
    files: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "result.json"

    text = called("backtest", bot=files["bot"], candles=[files["folder"]], limit=500, json=out)

    result = json.loads(out.read_text())
    assert result["meta"]["candles"] == 500
    assert result["meta"]["digest"] in text
    assert "profit_factor" in text
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_backtest_command_writes_the_report_and_its_tables(files: dict[str, Path], tmp_path: Path) -> None:
    page, tables, frames = tmp_path / "report.html", tmp_path / "csv", tmp_path / "parquet"

    called("backtest", bot=files["bot"], candles=[files["folder"]], html=page, csv=tables, parquet=frames)

    assert "<title>Dip buyer" in page.read_text()
    assert len((tables / "equity.csv").read_text().splitlines()) == 601
    trades = parquet.read_table(frames / "trades.parquet")
    assert trades.num_rows == len((tables / "trades.csv").read_text().splitlines()) - 1 > 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_bitcoin_is_compared_with_where_its_candles_are(files: dict[str, Path], tmp_path: Path) -> None:
    alone, out = called("backtest", bot=files["bot"], candles=[files["folder"]]), tmp_path / "result.json"
    whole = parquet.read_table(files["candles"])
    parquet.write_table(whole, files["folder"] / "BTCUSDT_1m_2025.parquet")

    called("backtest", bot=files["bot"], candles=[files["folder"]], json=out)

    metrics = json.loads(out.read_text())["metrics"]
    assert "no candles of BTCUSDT" in alone
    market = float(metrics["market_change_pct"])  # the same candles, but for the ticks they are rounded to
    assert float(metrics["bitcoin_change_pct"]) == pytest.approx(market, abs=0.01)


def test_backtest_command_settles_the_funding_it_finds(files: dict[str, Path], tmp_path: Path) -> None:
    """Beside ``candles/<market>`` stands ``funding/<market>``; elsewhere it must be named."""
    home = tmp_path / "data" / "candles" / "synthetic-linear"
    home.mkdir(parents=True)
    candles = files["candles"].rename(home / files["candles"].name)
    rates = tmp_path / "data" / "funding" / "synthetic-linear" / "ETHUSDT.parquet"
    rates.parent.mkdir(parents=True)
    eight = 1_735_689_600_000 + 8 * 3_600_000
    parquet.write_table(pa.table({"funding_time": [eight], "funding_rate": [0.0001]}), rates)

    found = called("backtest", bot=files["bot"], candles=[candles])
    named = called("backtest", bot=files["bot"], candles=[candles], funding=[rates])
    rates.unlink()
    without = called("backtest", bot=files["bot"], candles=[candles])

    assert found == named
    assert "recorded rates" in found
    assert "not booked" in without


BAD: list[tuple[dict[str, Any], str]] = [
    ({"limit": 0}, "--limit"),
    ({"start": "yesterday"}, "--from: expected a time"),
    ({"start": "2031-01-01"}, "none in the period"),
    ({"bot": Path("/nowhere/bot.json")}, "can't be read"),
    ({"candles": [Path("/nowhere/synthetic-linear/ETHUSDT_1m.parquet")]}, "no such file"),
    ({"json": Path("/nowhere/out.json")}, "--json"),
    ({"html": Path("/nowhere/out.html")}, "--html"),
    ({"csv": Path("/nowhere/out/of/here")}, "--csv"),
    ({"parquet": Path("/")}, "--parquet: expected a new or empty folder"),
    ({"mark": [Path("/nowhere/synthetic-linear/ETHUSDT_1h.parquet")]}, "can't be read"),
]


@pytest.mark.parametrize("options, message", BAD, ids=[b[1] for b in BAD])
def test_backtest_command_refuses_bad_input(
    files: dict[str, Path], options: dict[str, Any], message: str
) -> None:
    given = {"bot": files["bot"], "candles": [files["candles"]], "limit": 20, **options}

    with pytest.raises(CommandError, match=message):
        called("backtest", **given)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "bot.json"),
        ('{"schema": 1, "schema": 1}', "bot.json"),
        (json.dumps(raw({"plan.stop.pct": "0"})), r"bot.json: plan.stop.pct"),
        (json.dumps(raw({"market.source": "bybit"})), "markets never mix"),
    ],
    ids=["no json", "double key", "bad stop", "other market"],
)
def test_backtest_command_names_the_place_in_a_bad_document(
    files: dict[str, Path], text: str, message: str
) -> None:
    files["bot"].write_text(text)

    with pytest.raises(CommandError, match=message):
        called("backtest", bot=files["bot"], candles=[files["candles"]])


def test_explain_command_tells_outcome_and_conditions(files: dict[str, Path]) -> None:
    at = {"symbol": "ETHUSDT", "at": "2025-01-01T01:00Z", "candles": [files["candles"]]}

    data = json.loads(called("explain", bot=files["bot"], json=True, **at))
    text = called("explain", bot=files["bot"], **at)

    assert data["close"] == "2025-01-01T01:00:00Z"
    assert data["conditions"]["trees"]["long"]["truth"] in ("yes", "no")
    assert data["sentence"] in text


@pytest.mark.parametrize(
    "options, message",
    [({"symbol": "BTCUSDT"}, "expected one of ETHUSDT"), ({"at": "2031-01-01"}, "no candle of 1m closes")],
    ids=["symbol", "time"],
)
def test_explain_command_refuses_what_was_never_decided(
    files: dict[str, Path], options: dict[str, Any], message: str
) -> None:
    given = {
        "bot": files["bot"],
        "candles": [files["candles"]],
        "symbol": "ETHUSDT",
        "at": "2025-01-01T01:00",
    }

    with pytest.raises(CommandError, match=message):
        called("explain", **{**given, **options})
