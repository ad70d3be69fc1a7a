"""Candle files into the history: all or nothing, with the place of a fault."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from bots.services import store
from tests.builders import START_MS
from tests.worlds import MINUTE, forget_everything, key
from trading_core.market import history

HEAD = "open_time,open,high,low,close,volume\n"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, settings: object) -> Iterator[None]:
    settings.DATA_DIR = tmp_path / "data"  # type: ignore[attr-defined]
    forget_everything()
    yield
    forget_everything()


def file(folder: Path, name: str, rows: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def rows(count: int, close: float = 100.0) -> list[str]:
    return [f"{START_MS + i * MINUTE},{close},{close},{close},{close},1" for i in range(count)]


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("import_candles", *(str(a) for a in arguments), stdout=out)
    return out.getvalue()


def test_import_candles_takes_a_folder_and_says_what_it_did(tmp_path: Path) -> None:
    for source in ("bybit", "binance"):
        file(
            tmp_path / f"{source}-linear", "BTCUSDT_1m_x.csv", rows(3, 100.0 if source == "bybit" else 200.0)
        )
    said = run(tmp_path)
    assert "2 files, 2 series: 6 candles, 6 of them new" in said
    stored = {
        str(k): history.read(store.history_root(), k).close[0] for k in history.stored(store.history_root())
    }
    assert stored == {"binance-linear/BTCUSDT_1m": 200.0, "bybit-linear/BTCUSDT_1m": 100.0}


def test_import_candles_again_adds_nothing(tmp_path: Path) -> None:
    path = file(tmp_path / "bybit-linear", "BTCUSDT_1m_x.csv", rows(3))
    run(path)
    assert "3 candles, 0 of them new" in run(path)


def test_import_candles_names_file_row_and_column_and_writes_nothing(tmp_path: Path) -> None:
    file(tmp_path / "bybit-linear", "AAAUSDT_1m_x.csv", rows(3))
    file(
        tmp_path / "bybit-linear", "BTCUSDT_1m_x.csv", [*rows(2), f"{START_MS + 2 * MINUTE},100,90,100,100,1"]
    )
    with pytest.raises(CommandError, match=r"BTCUSDT_1m_x.csv row 3, column high"):
        run(tmp_path)
    assert history.stored(store.history_root()) == []


def test_import_candles_refuses_what_contradicts_the_store(tmp_path: Path) -> None:
    run(file(tmp_path / "bybit-linear", "BTCUSDT_1m_x.csv", rows(3)))
    with pytest.raises(CommandError, match="contradicts the store"):
        run(file(tmp_path / "bybit-linear", "BTCUSDT_1m_y.csv", rows(3, 101.0)))
    found = history.read(store.history_root(), key(source="bybit"))
    assert found.close.tolist() == [100.0] * 3


def test_import_candles_takes_the_source_by_hand(tmp_path: Path) -> None:
    run(file(tmp_path / "odd", "BTCUSDT_1m_x.csv", rows(1)), "--source", "mine", "--category", "linear")
    assert [str(k) for k in history.stored(store.history_root())] == ["mine-linear/BTCUSDT_1m"]


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_import_candles_of_nothing_is_an_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError):
        run(tmp_path / path)
