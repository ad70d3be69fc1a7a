"""What a backtest is given: candles, contracts, tickers, funding and marks, and a hash over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bots.services import store
from bots.services.instruments import definition_of, latest_instruments
from bots.services.tickers import tickers_for
from trading_core.backtest.inputs import (
    folder_of_market,
    instrument_for,
    recorded_from_files,
    symbols_needed,
    tickers_from_files,
)
from trading_core.engine.document import BotDocument
from trading_core.errors import InvalidInput
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import Recorded
from trading_core.market.recorded_files import beside
from trading_core.market.series import SeriesKey
from trading_core.market.tickers import Tickers
from trading_core.performance.benchmark import BITCOIN
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.requirements import frame_start


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything besides the document that decides what it comes to."""

    document: BotDocument
    start_ms: int
    end_ms: int
    candles: Mapping[str, Candles]
    instruments: Mapping[str, Instrument]
    tickers: Mapping[str, Tickers]
    recorded: Mapping[str, Recorded]

    def hash(self) -> str:
        """Return SHA-256 over all of it but the document."""
        whole = hashlib.sha256(f"{self.start_ms} {self.end_ms}".encode())
        for told in _said(self):
            whole.update(told)
        return whole.hexdigest()


def gather(document: BotDocument, start_ms: int, end_ms: int) -> Inputs:
    """Read what a backtest over [start_ms, end_ms) needs, with what its rules look back on.

    Raise InvalidInput if a symbol of the bot has no candles in that time.
    """
    market, wanted = document.market, symbols_needed(document)
    first_ms = frame_start(document.rules, symbol="", timeframe=document.timeframe, close_ms=start_ms)
    first_ms = max(0, min(first_ms, start_ms))
    keys = {s: SeriesKey(market.source, market.category, s, store.BASE) for s in (*wanted, BITCOIN)}
    read = {s: store.candles(key, first_ms, end_ms) for s, key in keys.items()}
    candles = {s: found for s, found in read.items() if len(found)}
    check_played(document, candles, start_ms, end_ms)
    known = latest_instruments(market.source, market.category, candles)
    folders = beside([folder_of_market(store.history_root(), document)])
    told = {one for symbol in document.symbols for one in ticker_symbols(document.rules, symbol)}
    tickers = tickers_for(told, market.source, market.category, first_ms, end_ms)
    return Inputs(
        document,
        start_ms,
        end_ms,
        candles,
        {s: known.get(s) or instrument_for(s, found) for s, found in candles.items()},
        {**tickers_from_files(document, folders), **tickers},
        recorded_from_files(document, folders),
    )


def check_played(document: BotDocument, candles: Mapping[str, Candles], start_ms: int, end_ms: int) -> None:
    """Raise InvalidInput naming the symbols of a bot that have no candle to play in [start_ms, end_ms)."""
    empty = [s for s in document.symbols if s not in candles or not len(candles[s].between(start_ms, end_ms))]
    if empty:
        where = f"{document.market.source} {document.market.category}"
        raise InvalidInput("from", f"no candles of {', '.join(empty)} on {where} in that time")


def _said(inputs: Inputs) -> Iterator[bytes]:
    for symbol, candles in sorted(inputs.candles.items()):
        yield f"\ncandles {symbol} {len(candles)} ".encode()
        for column in candles.columns():
            yield np.ascontiguousarray(column).tobytes()
        definition = definition_of(inputs.instruments[symbol])
        yield json.dumps(definition, sort_keys=True, default=str).encode()
    for symbol, tickers in sorted(inputs.tickers.items()):
        yield f"\ntickers {symbol} ".encode()
        for column in (tickers.time_ms, tickers.funding_rate, tickers.mark, tickers.spread):
            yield np.ascontiguousarray(column).tobytes()
    for symbol, known in sorted(inputs.recorded.items()):
        yield f"\nrecorded {symbol} {sorted(known.rates_e8.items())} {known.mark_length_ms} ".encode()
        for column in (
            known.mark_open_ms,
            known.mark_open,
            known.mark_high,
            known.mark_low,
            known.mark_close,
        ):
            yield np.ascontiguousarray(column).tobytes()
