from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from tests.builders import START_MS, candles
from trading_core.errors import CandlesInvalid
from trading_core.market.candle import Candles
from trading_core.market.files import read_candles
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

NAMES = ("open_time", "open", "high", "low", "close", "volume", "turnover")
KEY = SeriesKey("bybit", "linear", "ETHUSDT", Timeframe.M1)


def table(of: Candles, **changed: object) -> pa.Table:
    columns = dict(zip(NAMES, of.columns(), strict=True)) | changed
    return pa.table({name: values for name, values in columns.items() if values is not None})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bybit-linear"
    made.mkdir()
    return made


def written_csv(folder: Path, *rows: str, name: str = "ETHUSDT_1m.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(("open_time,open,high,low,close,volume", *rows)) + "\n")
    return file


def row(minute: int, prices: str = "10,11,9,10,1") -> str:
    return f"{START_MS + minute * 60_000},{prices}"


def test_read_candles_understands_every_format(folder: Path) -> None:
    walk = candles("10 11 12")
    parquet.write_table(table(walk), folder / "ETHUSDT_1m_x.parquet")
    feather.write_feather(table(walk), folder / "ETHUSDT_1m_x.feather")
    written_csv(folder, *(f"{c.open_time},{c.open},{c.high},{c.low},{c.close},{c.volume}" for c in walk))

    for name in ("ETHUSDT_1m_x.parquet", "ETHUSDT_1m_x.feather", "ETHUSDT_1m.csv"):
        key, read = read_candles(folder / name)
        assert key == KEY
        assert [c.close for c in read] == [10.0, 11.0, 12.0]


def test_read_candles_understands_dates_and_explicit_names(tmp_path: Path) -> None:
    walk = candles("10 11")
    dates = pa.array(walk.open_time, pa.timestamp("ms", tz="UTC"))
    file = tmp_path / "ETH_USDT_USDT-1m-futures.feather"
    feather.write_feather(table(walk, date=dates, open_time=None), file)

    key, read = read_candles(
        file, source="binance", category="linear", symbol="ETHUSDT", timeframe=Timeframe.M1
    )

    assert str(key) == "binance-linear/ETHUSDT_1m"
    np.testing.assert_array_equal(read.open_time, walk.open_time)


@pytest.mark.parametrize(
    "rows,place,reason",
    [
        ([row(0), row(1, "10,abc,9,10,1")], "row 2, column high", "'abc'"),
        ([row(0), row(1, "10,8,9,10,1")], "row 2, column high", "highest"),
        ([row(0), row(1, "10,11,10.5,10,1")], "row 2, column low", "lowest"),
        ([row(0, "0,11,0,10,1")], "row 1, column open", "positive"),
        ([row(0, "nan,11,9,10,1")], "row 1, column open", "positive"),
        ([row(0, "inf,inf,9,10,1")], "row 1, column open", "positive"),
        ([row(0, "10,11,9,10,-1")], "row 1, column volume", "0 or more"),
        ([row(0, "10,11,9,10,")], "row 1, column volume", "a number"),
        ([row(1), row(1)], "row 2, column open_time", "later"),
        ([row(1), row(0)], "row 2, column open_time", "later"),
        ([f"{START_MS + 7},10,11,9,10,1"], "row 1, column open_time", "multiple of 1m"),
        ([f"{START_MS // 1000},10,11,9,10,1"], "row 1, column open_time", "milliseconds"),
        (["x,10,11,9,10,1"], "row 1, column open_time", "whole number"),
        ([], "ETHUSDT_1m.csv", "has none"),
        ([row(0), "1,2"], "ETHUSDT_1m.csv", "can't be read"),
    ],
)
def test_read_candles_names_row_and_column(folder: Path, rows: list[str], place: str, reason: str) -> None:
    with pytest.raises(CandlesInvalid) as caught:
        read_candles(written_csv(folder, *rows))
    assert caught.value.path.endswith(place)
    assert "ETHUSDT_1m.csv" in caught.value.path
    assert reason in caught.value.reason


def test_read_candles_refuses_empty_cells_and_missing_columns(folder: Path) -> None:
    walk = candles("10 11 12")
    parquet.write_table(table(walk, close=pa.array([1.0, None, 2.0])), folder / "ETHUSDT_1m_a.parquet")
    parquet.write_table(table(walk, volume=None), folder / "ETHUSDT_1m_b.parquet")

    with pytest.raises(CandlesInvalid, match="row 2, column close: expected a value, is empty"):
        read_candles(folder / "ETHUSDT_1m_a.parquet")
    with pytest.raises(CandlesInvalid, match="expected one column volume"):
        read_candles(folder / "ETHUSDT_1m_b.parquet")


@pytest.mark.parametrize("name", ["ETHUSDT_1m.parquet", "ETHUSDT_1m.feather", "ETHUSDT_1m.csv"])
@pytest.mark.parametrize("content", [b"", b"not a file of that kind", b"PAR1\x00\xff" * 40])
def test_read_candles_refuses_rubbish(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CandlesInvalid):
        read_candles(folder / name)


def test_read_candles_refuses_unclear_names(tmp_path: Path, folder: Path) -> None:
    file = written_csv(folder, row(0), name="ethusdt.csv")
    with pytest.raises(CandlesInvalid, match="expected a symbol"):
        read_candles(file)
    with pytest.raises(CandlesInvalid, match="expected a name like"):
        read_candles(file, symbol="ETHUSDT")
    with pytest.raises(CandlesInvalid, match="expected a folder named"):
        read_candles(written_csv(tmp_path, row(0)))
    with pytest.raises(CandlesInvalid, match="no such file"):
        read_candles(folder / "BTCUSDT_1m.csv")
    with pytest.raises(CandlesInvalid, match="feather file"):
        read_candles(folder / "BTCUSDT_1m.txt")


@pytest.mark.real_data
def test_read_candles_reads_every_recorded_file(market_data: Path) -> None:
    files = sorted(market_data.glob("candles/*/*.parquet"))
    assert len(files) >= 42
    for file in files:
        key, read = read_candles(file)
        assert f"{key.source}-{key.category}" == file.parent.name
        assert len(read) > 0
