"""Everything a compiled run starts from: parameters, empty tables, and the tape of a history."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

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
    shape = (len(histories), len(times))
    tape = Tape(
        times,
        *(np.empty(shape, dtype=np.int64) for _ in range(5)),
        np.empty(shape, dtype=np.int8),
        _marks(histories, times),
        _dues(recorded, instruments, times),
        np.empty((len(TREES), *shape), dtype=np.int8),
    )
    for s, (symbol, history) in enumerate(histories.items()):
        there = history.present
        tape.closes[s] = history.closes
        for column, prices in (
            (tape.opens, history.opens),
            (tape.highs, history.highs),
            (tape.lows, history.lows),
        ):
            column[s] = np.where(there, prices, history.closes)
        lots = np.floor(history.volumes / float(instruments[symbol].qty_step) + ROUNDING)
        tape.volumes[s] = np.where(there & (history.volumes > 0), lots, at.NONE)
        tape.asked[s] = history.asked
        for k, name in enumerate(TREES):
            tape.trees[k, s] = history.trees[name]
    return tape


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
        np.zeros((symbols, minutes), dtype=np.int8),
        np.zeros(minutes, dtype=np.int64),
        np.zeros(minutes, dtype=np.int64),
    )
