"""The report as one page, and its tables, of a seeded run and of runs with little to tell."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analytics.report.files import fresh_folder, write_tables
from analytics.report.html import report_html
from tests.trading_core.backtest.test_run import plan, play, priced
from trading_core.backtest.bars import BARS_MAX, bars_of
from trading_core.backtest.result import Played, result_document
from trading_core.backtest.tables import COLUMNS, TABLES, as_arrow, as_csv
from trading_core.errors import InvalidInput
from trading_core.performance.definitions import DEFINITIONS

CANDLES = 700


@pytest.fixture(scope="module")
def played() -> Played:
    return play(plan(), priced(CANDLES, seed=3))


@pytest.fixture(scope="module")
def result(played: Played) -> dict[str, Any]:
    return result_document(played)


def page_of(played: Played) -> str:
    bars = {
        symbol: bars_of(minutes, played.instruments[symbol]) for symbol, minutes in played.minutes.items()
    }
    return report_html(result_document(played), bars)


def data_of(page: str) -> dict[str, Any]:
    """What the page's script draws."""
    found = re.search(r'<script id="charts" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_needs_nothing_but_itself(played: Played) -> None:
    page = page_of(played)

    assert not re.search(r"""<(script|img|iframe|link)[^>]+(src|href)=|@import|url\(["']?http""", page)
    assert "TradingView Lightweight Charts" in page
    assert "Apache License 2.0" in page


def test_the_page_tells_every_figure_with_its_definition(played: Played) -> None:
    page = page_of(played)

    for definition in DEFINITIONS.values():
        assert definition.label.replace(">", "&gt;") in page
    assert page.count('role="tooltip"') == len(DEFINITIONS)
    assert "does not hold" in page or "holds" in page


def test_every_figure_has_a_definition_and_the_other_way_round(result: dict[str, Any]) -> None:
    told = set(result["metrics"]) - {"method_version", "exit_reasons", "outcomes"}

    assert told == set(DEFINITIONS)


def test_the_page_carries_its_trades_candles_and_equity(played: Played, result: dict[str, Any]) -> None:
    data = data_of(page_of(played))

    assert data["trades"] == result["trades"]
    assert len(data["executions"]) == len(result["executions"])
    assert len(data["bars"]["ETHUSDT"]) == CANDLES
    assert [point[0] for point in data["equity"]] == [point["close"] for point in result["equity"]]


def test_a_name_cannot_break_out_of_the_page() -> None:
    evil = '</script><script>alert("x")</script>'

    page = page_of(play(plan(name=evil), priced(60, seed=3)))

    assert evil not in page
    assert "&lt;/script&gt;" in page


def test_bars_are_as_few_as_a_screen_shows(played: Played) -> None:
    minutes, instrument = played.minutes["ETHUSDT"], played.instruments["ETHUSDT"]
    long = play(plan(timeframe="1h"), priced(BARS_MAX + 500, seed=1)).minutes["ETHUSDT"]

    bars = bars_of(long, instrument)

    assert len(bars_of(minutes, instrument)) == CANDLES
    assert len(bars) <= BARS_MAX
    assert bars[0][0] * 1_000 == int(long.open_ms[0])
    assert max(high for _, _, high, _, _ in bars) == pytest.approx(float(long.high.max()) * 0.01)
    assert bars[-1][4] == pytest.approx(float(long.close[-1]) * 0.01)


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_every_column_and_every_row(result: dict[str, Any], name: str) -> None:
    rows = result[name]

    head, *lines = csv.reader(io.StringIO(as_csv(name, rows)))
    table = as_arrow(name, rows)

    assert tuple(head) == COLUMNS[name] == tuple(table.column_names)
    assert len(lines) == len(rows) == table.num_rows
    if rows:
        assert set(rows[0]) <= set(COLUMNS[name])


def test_money_and_times_stay_exact(result: dict[str, Any]) -> None:
    table = as_arrow("trades", result["trades"])

    assert table.schema.field("net").type == pa.decimal128(38, 18)
    assert table.column("net").to_pylist() == [Decimal(trade["net"]) for trade in result["trades"]]
    opened = table.column("opened").to_pylist()[0]
    assert opened.isoformat().replace("+00:00", "Z") == result["trades"][0]["opened"]


def test_tables_are_written_all_or_none(tmp_path: Path, result: dict[str, Any]) -> None:
    folder = tmp_path / "out"

    with pytest.raises(KeyError):
        write_tables(folder, {name: result[name] for name in TABLES[:3]}, "csv")
    assert list(tmp_path.iterdir()) == []
    write_tables(folder, result, "parquet")
    assert sorted(path.stem for path in folder.iterdir()) == sorted(TABLES)
    with pytest.raises(InvalidInput, match="new or empty folder"):
        fresh_folder(folder, "--parquet")


def test_pages_of_runs_with_little_to_tell() -> None:
    for candles in (1, 2, 30):
        page = page_of(play(plan(), priced(candles, seed=3)))

        assert "none" in page
        assert "Traceback" not in page
