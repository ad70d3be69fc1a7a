"""Candle files into the Parquet history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bots.services import store
from trading_core.errors import CandlesInvalid
from trading_core.market import history
from trading_core.market.files import read_candles
from trading_core.market.series import SeriesKey

SUFFIXES = (".parquet", ".csv", ".feather")


@dataclass(frozen=True, slots=True)
class Imported:
    """One file taken over."""

    path: Path
    key: SeriesKey
    rows: int
    new: int


def candle_files(paths: Iterable[Path]) -> list[Path]:
    """Return the candle files among paths and below folders; raises ``CandlesInvalid`` if there are none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise CandlesInvalid(str(path), "no such file or folder")
    if not found:
        raise CandlesInvalid("", f"expected candle files ({', '.join(SUFFIXES)}), found none")
    return found


def import_files(
    files: Iterable[Path],
    *,
    source: str | None = None,
    category: str | None = None,
    checked: Callable[[Path, SeriesKey, int], None] = lambda *_: None,
    stored: Callable[[Imported], None] = lambda *_: None,
) -> list[Imported]:
    """Check every file, then store them all, one after the other.

    A file that is not a clean run of candles is named before anything was written; one that contradicts
    what is stored leaves the store as it was before that file.
    """
    wanted = list(files)
    for path in wanted:
        key, candles = read_candles(path, source=source, category=category)
        checked(path, key, len(candles))
    done = []
    for path in wanted:
        key, candles = read_candles(path, source=source, category=category)
        new = history.write(store.history_root(), key, candles)
        done.append(Imported(path, key, len(candles), new))
        stored(done[-1])
    store.forget_candles()
    return done
