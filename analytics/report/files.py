"""Reports as files: whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pyarrow import parquet

from trading_core.backtest.tables import TABLES, as_arrow, as_csv
from trading_core.errors import InvalidInput

Kind = Literal["csv", "parquet"]


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def fresh_folder(path: Path | None, name: str) -> None:
    """Raise InvalidInput if a folder that is to be written holds something already."""
    if path is not None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InvalidInput(name, f"expected a new or empty folder, was {path}")


def write_tables(folder: Path, result: Mapping[str, Any], kind: Kind) -> None:
    """Write each table of a result document into a new or empty folder, all of them or none."""
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    part.mkdir()
    try:
        for name in TABLES:
            rows = result[name]
            if kind == "csv":
                (part / f"{name}.csv").write_text(as_csv(name, rows), encoding="utf-8")
            else:
                parquet.write_table(as_arrow(name, rows), part / f"{name}.parquet", compression="zstd")
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
