from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from trading_core.errors import CandlesInvalid
from trading_core.market.ticker_files import joined, market_of, read_tickers
from trading_core.market.tickers import MAX_AGE_MS, Tickers

HOUR = 3_600_000
BEGIN = 1_700_000_000_000 // HOUR * HOUR
NAN = np.nan


def told(times: list[int], rates: list[float], marks: list[float] | None = None) -> Tickers:
    nothing = np.full(len(times), NAN)
    mark = nothing if marks is None else np.array(marks)
    return Tickers(np.array(times), np.array(rates), mark, nothing)


def at(tickers: Tickers, field: str, *times: int) -> list[float | None]:
    found = tickers.at(field, np.array(times, dtype=np.int64))
    return [None if np.isnan(value) else float(value) for value in found]


def test_a_figure_is_the_last_told_at_or_before() -> None:
    tickers = told([BEGIN, BEGIN + HOUR], [0.01, 0.02])

    assert at(tickers, "funding_rate", BEGIN - 1, BEGIN, BEGIN + HOUR - 1, BEGIN + HOUR) == [
        None, 0.01, 0.01, 0.02,
    ]  # fmt: skip


def test_a_moment_that_did_not_tell_a_figure_leaves_the_one_before() -> None:
    tickers = told([BEGIN, BEGIN + 60_000], [0.01, NAN], [5.0, 6.0])

    assert at(tickers, "funding_rate", BEGIN + 60_000) == [0.01]
    assert at(tickers, "mark", BEGIN + 60_000) == [6.0]
    assert at(tickers, "spread", BEGIN + 60_000) == [None]


@pytest.mark.parametrize("field", ["funding_rate", "mark"])
def test_a_figure_too_old_is_unknown(field: str) -> None:
    tickers = told([BEGIN], [0.01], [5.0])
    last = BEGIN + MAX_AGE_MS[field]

    assert at(tickers, field, last, last + 1)[1] is None
    assert at(tickers, field, last) != [None]


def written(folder: Path, name: str, **columns: list[float] | list[int] | list[str]) -> Path:
    file = folder / "bybit-linear" / name
    file.parent.mkdir(exist_ok=True)
    parquet.write_table(pa.table(columns), file)
    return file


def test_funding_files_tell_percent_from_the_settlement_on(tmp_path: Path) -> None:
    file = written(
        tmp_path, "BTCUSDT.parquet", funding_time=[BEGIN, BEGIN + 8 * HOUR], funding_rate=[0.0001, -0.00025]
    )

    assert market_of(file) == ("bybit", "linear", "BTCUSDT")
    assert at(read_tickers(file), "funding_rate", BEGIN, BEGIN + 8 * HOUR) == [0.01, -0.025]


def test_mark_prices_are_known_from_the_close_of_their_candle(tmp_path: Path) -> None:
    file = written(
        tmp_path, "BTCUSDT_1h.parquet", open_time=[BEGIN, BEGIN + HOUR], high=[9.0, 9.0], close=[3.0, 4.0]
    )

    tickers = read_tickers(file)

    assert market_of(file) == ("bybit", "linear", "BTCUSDT")
    assert at(tickers, "mark", BEGIN + HOUR - 1, BEGIN + HOUR, BEGIN + 2 * HOUR) == [None, 3.0, 4.0]


def test_files_of_one_symbol_are_told_together() -> None:
    both = joined([told([BEGIN, BEGIN + 120_000], [0.01, 0.02]), told([BEGIN + 60_000], [NAN], [7.0])])

    assert both.time_ms.tolist() == [BEGIN, BEGIN + 60_000, BEGIN + 120_000]
    assert at(both, "funding_rate", BEGIN + 60_000) == [0.01]
    assert at(both, "mark", BEGIN + 60_000) == [7.0]


BROKEN: list[tuple[str, dict[str, list[float] | list[int] | list[str]], str]] = [
    ("BTCUSDT.parquet", {"funding_time": [BEGIN, BEGIN], "funding_rate": [0.1, 0.1]}, "rising"),
    ("BTCUSDT.parquet", {"funding_time": [1_700_000_000], "funding_rate": [0.1]}, "milliseconds"),
    ("BTCUSDT.parquet", {"funding_time": [BEGIN], "funding_rate": ["x"]}, "funding_rate.*numbers"),
    ("BTCUSDT.parquet", {"funding_time": [BEGIN], "funding_rate": [NAN]}, "number in every row"),
    ("BTCUSDT.parquet", {"funding_rate": [0.1]}, "expected columns"),
    ("BTCUSDT.parquet", {"open_time": [BEGIN], "close": [1.0]}, "BTCUSDT_1h"),
    ("BTCUSDT_1m.parquet", {"open_time": [BEGIN], "close": [1.0], "volume": [1.0]}, "candles of trades"),
]


@pytest.mark.parametrize("name, columns, reason", BROKEN, ids=[case[2] for case in BROKEN])
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, name: str, columns: dict[str, list[float]], reason: str
) -> None:
    with pytest.raises(CandlesInvalid, match=reason):
        read_tickers(written(tmp_path, name, **columns))


def test_a_file_outside_the_layout_names_no_market(tmp_path: Path) -> None:
    with pytest.raises(CandlesInvalid, match="bybit-linear"):
        market_of(tmp_path / "BTCUSDT.parquet")


def test_recorded_files_can_be_read(market_data: Path) -> None:
    files = sorted((market_data / "funding").glob("*/*.parquet"))
    files += sorted((market_data / "mark-price").glob("*/*.parquet"))
    assert files
    for file in files:
        assert len(read_tickers(file).time_ms) > 100
