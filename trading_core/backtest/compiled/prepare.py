"""Everything a compiled run starts from: parameters, empty tables, and the tape of a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.tables import STANDING_MAX
from trading_core.backtest.compiled.trading import NEVER_RISES
from trading_core.backtest.history import SymbolHistory
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import RecordedBySymbol
from trading_core.market.timeframe import MINUTE_MS
from trading_core.plan.params import Base, EntryType, SizeMode, ladder, legs_quote
from trading_core.rules.model import TREES
from trading_core.simulator.settlement import funding_due
from trading_core.simulator.volume import ROUNDING

LEGS_MAX = on.PLACES - on.LEG_PLACE - 1
T = TypeVar("T", bound=np.generic)

WANTED_MAX = 48
QUEUE_MAX = 512
ASKED_MAX = 256


def new_bot(document: BotDocument, symbols: int, *, notes: int) -> Bot:
    """A bot that has never traded, with room for so many notes."""
    rungs = [(rung.deviation_ppm, rung.quote) for rung in ladder(document.plan.averaging)]
    plans = np.zeros((symbols, on.PLAN_COLUMNS), dtype=np.int64)
    plans[:, on.GATE] = 1
    desk = np.zeros(on.DESK_COLUMNS, dtype=np.int64)
    return Bot(
        desk=desk,
        plans=plans,
        legs=np.zeros((symbols, len(rungs) + 1, 2), dtype=np.int64),
        ours=np.zeros((symbols, STANDING_MAX), dtype=np.int64),
        places=np.zeros((symbols, on.PLACES, on.PLACE_COLUMNS), dtype=np.int64),
        wanted=np.zeros((WANTED_MAX, on.WANTED_COLUMNS), dtype=np.int64),
        queue=np.zeros((QUEUE_MAX, on.QUEUE_COLUMNS), dtype=np.int64),
        asked=np.zeros((symbols, ASKED_MAX, on.ASKED_COLUMNS), dtype=np.int64),
        notes=np.zeros((notes, on.NOTE_COLUMNS), dtype=np.int64),
        params=_params(document),
        rungs=np.array(rungs, dtype=np.int64).reshape(len(rungs), 2),
    )


def _params(document: BotDocument) -> at.Ints:
    plan, risk, rules = document.plan, document.risk, document.rules
    values = {
        on.BY_LIMIT: plan.entry.type is EntryType.LIMIT,
        on.OFFSET: plan.entry.offset_ppm,
        on.TIMEOUT: plan.entry.timeout_candles,
        on.BY_EQUITY: plan.size.mode is SizeMode.EQUITY_PCT,
        on.QUOTE: plan.size.quote,
        on.EQUITY_PPM: plan.size.equity_ppm,
        on.TARGET_PPM: plan.take_profit.ppm if plan.take_profit else at.NONE,
        on.TARGET_MOVES: bool(plan.take_profit and plan.take_profit.base is Base.AVERAGE),
        on.STOP_PPM: plan.stop.ppm,
        on.STOP_MOVES: plan.stop.base is Base.AVERAGE,
        on.TIME_STOP: at.NONE if plan.exits.time_stop_minutes is None else plan.exits.time_stop_minutes,
        on.ON_RULE: plan.exits.on_rule,
        on.RESTING: plan.averaging.resting if plan.averaging else 0,
        on.RUNGS: len(ladder(plan.averaging)),
        on.LEGS_QUOTE: legs_quote(plan.averaging),
        on.WANTED_LEVERAGE: risk.leverage_ppm,
        on.MAX_OPEN: risk.max_open_positions,
        on.MAX_QUOTE: risk.max_position_quote,
        on.COOLDOWN: risk.cooldown_candles,
        on.TIMEFRAME: document.timeframe.ms,
        on.TAKER_FEE: document.fees.taker_ppm,
        on.GATED_LONG: rules.average_long is not None,
        on.GATED_SHORT: rules.average_short is not None,
    }
    return np.array([int(values[column]) for column in range(on.PARAM_COLUMNS)], dtype=np.int64)


def tape_of(
    histories: Mapping[str, SymbolHistory],
    instruments: Mapping[str, Instrument],
    recorded: RecordedBySymbol,
    times: Times,
) -> Tape:
    """The minutes of a run as the driver reads them; symbols in the mapping's order."""
    known = list(histories.values())
    steps = [float(instruments[symbol].qty_step) for symbol in histories]
    return Tape(
        times,
        opens=_stacked([_held(history, history.opens) for history in known]),
        highs=_stacked([_held(history, history.highs) for history in known]),
        lows=_stacked([_held(history, history.lows) for history in known]),
        closes=_stacked([history.closes for history in known]),
        volumes=_stacked([_lots(history, step) for history, step in zip(known, steps, strict=True)]),
        asked=_stacked([history.asked.view(np.int8) for history in known]),
        marks=_marks(histories, times),
        dues=_dues(recorded, instruments, times),
        trees=np.stack([_stacked([history.trees[name] for history in known]) for name in TREES]),
    )


def _stacked(columns: list[npt.NDArray[T]]) -> npt.NDArray[T]:
    """One row per symbol; of a single one without a copy."""
    return np.ascontiguousarray(columns[0][np.newaxis]) if len(columns) == 1 else np.stack(columns)


def _held(history: SymbolHistory, prices: at.Ints) -> at.Ints:
    """Prices of a symbol, its last close where a minute has no candle."""
    return prices if history.present.all() else np.where(history.present, prices, history.closes)


def _lots(history: SymbolHistory, step: float) -> at.Ints:
    """Whole lots traded in each minute; NONE where nothing was, or there is no candle."""
    lots = np.floor(history.volumes / step + ROUNDING).astype(np.int64)
    traded = history.volumes > 0
    if not history.present.all():
        traded &= history.present
    lots[~traded] = at.NONE
    return lots


def _marks(histories: Mapping[str, SymbolHistory], times: Times) -> at.Ints:
    """Where the mark price of each symbol was; anywhere, where nobody knows."""
    known = any(history.marks for history in histories.values())
    table = np.empty((len(histories), 2, len(times) if known else 0), dtype=np.int64)
    table[:, 0], table[:, 1] = 0, NEVER_RISES
    for s, history in enumerate(histories.values()):
        for minute, span in enumerate(history.marks if known else ()):
            if span is not None:
                table[s, :, minute] = span
    return table


def _dues(recorded: RecordedBySymbol, instruments: Mapping[str, Instrument], times: Times) -> at.Ints:
    """The funding payments at the closes that are played."""
    rows = []
    for s, (symbol, known) in enumerate(recorded.items()):
        closes = np.array(sorted(known.rates_e8), dtype=np.int64)
        places = np.searchsorted(times, closes - MINUTE_MS)
        for close_ms, minute in zip(closes.tolist(), places.tolist(), strict=True):
            due = funding_due(known, instruments[symbol], time_ms=close_ms, last_ticks=at.NONE)
            if due is not None and minute < len(times) and times[minute] == close_ms - MINUTE_MS:
                rows.append((minute, s, due.rate_e8, due.mark_ticks))
    return np.array(sorted(rows), dtype=np.int64).reshape(len(rows), 4)


def new_outcome(symbols: int, minutes: int) -> Outcome:
    """Room for what a run writes down minute by minute."""
    return Outcome(
        np.empty((symbols, minutes), dtype=np.int8),
        np.empty(minutes, dtype=np.int64),
        np.empty(minutes, dtype=np.int64),
    )
