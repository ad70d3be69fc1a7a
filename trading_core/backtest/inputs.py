"""What a headless run is given: a bot file, candle files or the store, a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trading_core.engine.document import BotDocument, parse_document
from trading_core.errors import CandlesInvalid, DocumentInvalid, InvalidInput
from trading_core.market import history
from trading_core.market.candle import Candles
from trading_core.market.files import read_candles
from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import derived_instrument, known_instrument
from trading_core.market.recorded import Recorded
from trading_core.market.recorded_files import files_of, read_recorded
from trading_core.market.series import SeriesKey
from trading_core.market.streamed import Streamed
from trading_core.market.ticker_files import joined, read_tickers
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.performance.benchmark import BITCOIN
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.requirements import requirements
from trading_core.strict_json import loads

BASE = Timeframe.M1
BOT_FILE_MAX = 262_144


@dataclass(frozen=True, slots=True)
class Market:
    """Base candles and contract definitions by symbol: the bot's, and bitcoin's to compare with, if there."""

    candles: Mapping[str, Candles]
    instruments: Mapping[str, Instrument]
    """Of the symbols that have candles."""


def read_bot(path: Path) -> BotDocument:
    """Return the bot document in a file; raise InvalidInput naming file and place."""
    try:
        with path.open("rb") as file:
            text = file.read(BOT_FILE_MAX + 1)
    except OSError as e:
        raise InvalidInput(str(path), f"can't be read: {e.strerror}") from e
    try:
        return parse_document(loads(text, max_bytes=BOT_FILE_MAX))
    except InvalidInput as e:
        raise DocumentInvalid(f"{path.name}: {e.path}" if e.path else path.name, e.reason) from e


def symbols_needed(document: BotDocument) -> tuple[str, ...]:
    """The bot's symbols, and those its rules look at."""
    found = set(document.symbols)
    for symbol in document.symbols:
        found |= {s for s, _ in requirements(document.rules, symbol=symbol, timeframe=document.timeframe)}
    return tuple(sorted(found))


def market_from_files(document: BotDocument, paths: Sequence[Path]) -> Market:
    """Return the market in candle files or folders of them; files of other symbols are passed over.

    Raise InvalidInput if a file can't be read, is not of the bot's market, or a symbol is missing.
    """
    wanted = symbols_needed(document)
    candles: dict[str, Candles] = {}
    for path in paths:
        for file in _files(path, (*wanted, BITCOIN)):
            _add(document, file, candles)
    return _market(document, wanted, candles, where=", ".join(str(path) for path in paths))


def market_from_store(document: BotDocument, root: Path) -> Market:
    """Return the bot's market from the history store; raise InvalidInput if a symbol is missing."""
    wanted = symbols_needed(document)
    market = document.market
    keys = {s: SeriesKey(market.source, market.category, s, BASE) for s in (*wanted, BITCOIN)}
    candles = Streamed(keys, lambda symbol: history.read(root, keys[symbol]))
    return _market(document, wanted, candles, where=str(root))


def market_from(document: BotDocument, paths: Sequence[Path] | None, root: Path) -> Market:
    """Return the market in candle files if any are named, else from the history store."""
    return market_from_files(document, paths) if paths else market_from_store(document, root)


def folder_of_market(root: Path, document: BotDocument) -> Path:
    """Where the history store keeps the candles of a bot's market."""
    return root / f"{document.market.source}-{document.market.category}"


def tickers_from_files(document: BotDocument, paths: Sequence[Path]) -> dict[str, Tickers]:
    """Return the funding rates and mark prices in files, or folders of them, of the bot's market.

    Files of other symbols are passed over; a figure no file tells stays unknown. Raise InvalidInput
    if a file can't be read or is of another market.
    """
    wanted = {other for symbol in document.symbols for other in ticker_symbols(document.rules, symbol)}
    found = _recorded_files(document, paths, wanted)
    return {symbol: joined(map(read_tickers, files)) for symbol, files in found.items()}


def recorded_from_files(document: BotDocument, paths: Sequence[Path]) -> dict[str, Recorded]:
    """Return what the same files tell of funding to settle and of the mark that liquidates.

    Raise InvalidInput if a file can't be read or is of another market.
    """
    found = _recorded_files(document, paths, document.symbols)
    return {symbol: read_recorded(files) for symbol, files in found.items()}


def _recorded_files(
    document: BotDocument, paths: Sequence[Path], symbols: Iterable[str]
) -> dict[str, list[Path]]:
    market = document.market
    return files_of(paths, source=market.source, category=market.category, symbols=symbols)


def instrument_for(symbol: str, candles: Candles) -> Instrument:
    """The contract definition of a symbol, derived from its candles if nobody described it."""
    return known_instrument(symbol) or derived_instrument(symbol, candles)


def time_of(text: str, name: str) -> int:
    """Return ISO time or date, UTC unless it says otherwise, in milliseconds; raise InvalidInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise InvalidInput(name, f"expected a time such as 2025-05-04T15:33Z, was {text!r:.40}") from e
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _files(path: Path, wanted: Sequence[str]) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(f for f in path.iterdir() if f.name.split("_")[0] in wanted and "_1m" in f.name)


def _add(document: BotDocument, file: Path, candles: dict[str, Candles]) -> None:
    key, found = read_candles(file)
    if (key.source, key.category) != (document.market.source, document.market.category):
        raise CandlesInvalid(
            file.name,
            f"expected candles of {document.market.source}-{document.market.category}, "
            f"was {key.source}-{key.category}: markets never mix",
        )
    if key.timeframe is not BASE:
        raise CandlesInvalid(file.name, f"expected base candles of 1m, was {key.timeframe}")
    before = candles.get(key.symbol)
    try:
        candles[key.symbol] = found if before is None else _joined(before, found)
    except ValueError as e:
        raise CandlesInvalid(file.name, "overlaps another file of the same symbol") from e


def _joined(one: Candles, other: Candles) -> Candles:
    return one.then(other) if one.open_time[0] < other.open_time[0] else other.then(one)


def _market(
    document: BotDocument, wanted: Sequence[str], candles: Mapping[str, Candles], *, where: str
) -> Market:
    told = ((s, candles[s]) for s in dict.fromkeys((*wanted, BITCOIN)) if s in candles)
    instruments = {s: instrument_for(s, found) for s, found in told if len(found)}
    missing = [s for s in wanted if s not in instruments]
    if missing:
        name = f"{document.market.source}-{document.market.category}"
        raise InvalidInput("candles", f"no {name} 1m candles of {', '.join(missing)} in {where}")
    return Market(candles, instruments)
