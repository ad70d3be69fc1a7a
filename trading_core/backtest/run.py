"""A backtest: a bot over base candles, played by machine code where it can be, by the engine otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from trading_core.backtest.compiled.choose import why_not
from trading_core.backtest.compiled.layout import Cramped
from trading_core.backtest.compiled.machine import machine
from trading_core.backtest.compiled.records import played_of
from trading_core.backtest.compiled.reel import reel_of
from trading_core.backtest.compiled.run import CompiledRun
from trading_core.backtest.history import BASE, load
from trading_core.backtest.interpreter import Interpreter, Progress
from trading_core.backtest.result import Played
from trading_core.backtest.settlements import Settlements
from trading_core.engine.document import BotDocument
from trading_core.errors import InvalidInput
from trading_core.market.candle import Candles, Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, RecordedBySymbol
from trading_core.market.tickers import TickersBySymbol
from trading_core.performance.benchmark import BITCOIN
from trading_core.performance.track import Minutes
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.walk import nearest_ticks


def run(
    document: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int | None = None,
    params: MatchingParams | None = None,
    on_progress: Progress | None = None,
    tickers: TickersBySymbol | None = None,
    recorded: RecordedBySymbol | None = None,
    machine_code: Path | None = None,
) -> Played:
    """Play a bot over base candles by symbol.

    Candles that open before ``start_ms`` only warm the rules up; ``limit`` plays that many minutes
    that have a candle; a figure that ``tickers`` doesn't tell is unknown; funding is settled, and
    liquidations are judged by the mark, as far as ``recorded`` tells. With a folder for
    ``machine_code`` the run is compiled where the document allows it: faster, and the same. Then a symbol's
    candles are asked for twice, and not kept: a mapping that reads them (``market.streamed``) holds few
    at a time. Raise InvalidInput if a symbol of the bot has no candles, or none is left.
    """
    times = minutes_of(document, candles, start_ms, end_ms, limit, instruments)
    told = {symbol: (recorded or {}).get(symbol, NOTHING_RECORDED) for symbol in sorted(document.symbols)}
    fees = document.fees
    matching = params or MatchingParams(maker_ppm=fees.maker_ppm, taker_ppm=fees.taker_ppm)
    reason = "" if machine_code is None else why_not(document, instruments)
    if machine_code is not None and not reason:
        try:
            reel = reel_of(document, candles, instruments, times=times, tickers=tickers, recorded=told)
            compiled = CompiledRun(document, instruments, matching, reel)
            compiled.play(machine(machine_code), on_progress)
            return _with_bitcoin(played_of(compiled), candles, instruments, times)
        except Cramped as error:
            reason = str(error)
    histories = {
        symbol: load(
            document, symbol, candles, instruments[symbol], times=times, tickers=tickers, recorded=known
        )
        for symbol, known in told.items()
    }
    settlements = Settlements(told, times)
    interpreter = Interpreter(document, histories, instruments, matching, times, settlements, tickers or {})
    played = interpreter.play(on_progress)
    played = replace(played, engine=f"interpreted: {reason}") if reason else played
    return _with_bitcoin(played, candles, instruments, times)


def _with_bitcoin(
    played: Played, candles: Mapping[str, Candles], instruments: Mapping[str, Instrument], times: Times
) -> Played:
    """Add bitcoin's minutes over the run, to compare with, if its candles are there."""
    if BITCOIN in played.minutes:
        return played
    return replace(played, minutes={**_bitcoin(candles, instruments, times), **played.minutes})


def _bitcoin(
    candles: Mapping[str, Candles], instruments: Mapping[str, Instrument], times: Times
) -> dict[str, Minutes]:
    """Bitcoin's minutes over the run, to compare with, if its candles are there."""
    if BITCOIN not in candles or BITCOIN not in instruments:
        return {}
    found, instrument = (
        candles[BITCOIN].between(int(times[0]), int(times[-1]) + BASE.ms),
        instruments[BITCOIN],
    )
    prices = (nearest_ticks(p, instrument) for p in (found.open, found.high, found.low, found.close))
    return {BITCOIN: Minutes(found.open_time, *prices)}


def minutes_of(
    document: BotDocument,
    candles: Mapping[str, Candles],
    start_ms: int | None,
    end_ms: int | None,
    limit: int | None,
    instruments: Mapping[str, Instrument] | None = None,
) -> Times:
    """Open times of the minutes to play; raise InvalidInput for symbols that can't be, or if there are none."""
    times, missing = np.empty(0, dtype=np.int64), []
    for symbol in document.symbols:
        found = candles[symbol].open_time if symbol in candles else times[:0]
        if len(found) and (instruments is None or symbol in instruments):
            times = _joined(times, found) if len(times) else found
        else:
            missing.append(symbol)
    if missing:
        raise InvalidInput("universe.symbols", f"no candles for {', '.join(missing)}")
    if start_ms is not None:
        times = times[times >= start_ms]
    if end_ms is not None:
        times = times[times < end_ms]
    times = times[:limit]
    if not len(times):
        raise InvalidInput("candles", "none in the period asked for")
    return times


def _joined(one: Times, other: Times) -> Times:
    """The times that stand in either of two rising columns."""
    if np.array_equal(one, other):
        return one
    times = np.sort(np.concatenate((one, other)), kind="stable")
    return times[np.concatenate(([True], times[1:] != times[:-1]))]
