"""The numbers behind the outcomes of a compiled run, as the engine tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled.run import CompiledRun
from trading_core.engine.entries import entry_tags
from trading_core.engine.outcome import OutcomeCode
from trading_core.execution.intent import ExitReason
from trading_core.execution.order import Side
from trading_core.money import amount, plain
from trading_core.plan.recent import candles_needed

_BY_CODE = {
    on.ENTERED: OutcomeCode.ENTERED,
    on.NO_SIGNAL: OutcomeCode.NO_SIGNAL,
    on.NOT_READY: OutcomeCode.NOT_READY,
    on.CONFLICT: OutcomeCode.CONFLICT,
    on.IN_POSITION: OutcomeCode.IN_POSITION,
    on.ENTRY_WORKING: OutcomeCode.ENTRY_WORKING,
    on.ENTRY_TIMEOUT: OutcomeCode.ENTRY_TIMEOUT,
    on.IS_CLOSING: OutcomeCode.CLOSING,
    on.EXIT_RULE: OutcomeCode.EXIT_RULE,
    on.EXIT_TIME: OutcomeCode.EXIT_TIME,
    on.EXIT_OPPOSITE: OutcomeCode.EXIT_OPPOSITE,
    on.NOT_TRADING: OutcomeCode.NOT_TRADING,
    on.COOLING: OutcomeCode.COOLDOWN,
    on.FULL: OutcomeCode.MAX_POSITIONS,
    on.OVEREXPOSED: OutcomeCode.MAX_EXPOSURE,
    on.SMALL: OutcomeCode.TOO_SMALL,
    on.LARGE: OutcomeCode.TOO_LARGE,
    on.OVERLEVERED: OutcomeCode.LEVERAGE_LIMIT,
    on.BROKE: OutcomeCode.NO_MARGIN,
    on.CLAIMED: OutcomeCode.SYMBOL_CLAIMED,
    on.TOO_NEW: OutcomeCode.NOT_READY,
}
OUTCOMES = tuple(_BY_CODE[code].value for code in range(on.CODES))
"""Outcome codes by their place in a compiled run."""

EXITS = (
    "", ExitReason.RULE.value, ExitReason.TIME.value, ExitReason.TRAILING.value, ExitReason.BREAK_EVEN.value,
    ExitReason.OPPOSITE.value,
)  # fmt: skip
"""By why a plan closes."""

Note = list[int]
Details = dict[str, Any]


class Notes:
    """The notes of a run by symbol: those of the closes that were decided in full."""

    def __init__(self, run: CompiledRun) -> None:
        table = run.bot.notes[: run.bot.desk[on.NOTES]]
        self._of = [table[table[:, on.N_SYMBOL] == s] for s in range(len(run.symbols))]

    def row(self, s: int, minute: int) -> Note | None:
        """The latest note of a symbol up to a minute."""
        notes = self._of[s]
        place = int(np.searchsorted(notes[:, on.N_MINUTE], minute, side="right"))
        return notes[place - 1].tolist() if place else None


def told(run: CompiledRun, note: Note | None, s: int, minute: int, code: int) -> Details:
    """The details of an outcome."""
    if code == on.NOT_READY:
        asked = int(run.tape.said[s, minute]) & on.ASKED
        return {"reason": "a condition is unknown" if asked else "no candle"}
    if code in (on.NO_SIGNAL, on.CONFLICT):
        return {}
    assert note is not None
    if code in _HELD:
        return _HELD[code](run, note)
    side = "long" if note[on.N_SIDE] > 0 else "short"
    if code == on.ENTERED:
        return _entered(run, note, s, minute, side)
    return {"side": side, **_REFUSED[code](run, note, s)}


def _position(_: CompiledRun, note: Note) -> Details:
    return {"side": "long" if note[on.N_A] > 0 else "short", "lots": abs(note[on.N_A])}


def _time_stop(run: CompiledRun, note: Note) -> Details:
    limit = run.document.plan.exits.time_stop_minutes
    return {**_position(run, note), "held_minutes": note[on.N_B], "limit_minutes": limit}


def _working(_: CompiledRun, note: Note) -> Details:
    return {"filled": note[on.N_A], "lots": note[on.N_B], "side": Side.of(note[on.N_SIDE]).value}


def _timed_out(run: CompiledRun, note: Note) -> Details:
    return {**_working(run, note), "candles": run.document.plan.entry.timeout_candles}


_HELD: dict[int, Callable[[CompiledRun, Note], Details]] = {
    on.IN_POSITION: _position,
    on.EXIT_RULE: _position,
    on.EXIT_OPPOSITE: _position,
    on.EXIT_TIME: _time_stop,
    on.IS_CLOSING: lambda _, note: {"reason": EXITS[note[on.N_A]] or "market"},
    on.ENTRY_WORKING: _working,
    on.ENTRY_TIMEOUT: _timed_out,
}


def _entered(run: CompiledRun, note: Note, s: int, minute: int, side: str) -> Details:
    symbol = run.symbols[s]
    instrument, lots, ticks = run.instruments[symbol], note[on.N_A], note[on.N_B]
    tags = entry_tags(run.document.rules, run.reel.verdict(s, minute), note[on.N_SIDE])
    details = {
        "side": side,
        "lots": lots,
        "ticks": ticks,
        "price": plain(instrument.price(ticks)),
        "quote": plain(amount(instrument.notional_floor(ticks * lots))),
        "coin": instrument.settle_coin,
    }
    return {**details, "tags": tags} if tags else details


def _cooling(run: CompiledRun, note: Note, _: int) -> Details:
    frame, until = run.document.timeframe.ms, note[on.N_A]
    close_ms = int(run.tape.times[note[on.N_MINUTE]]) + 60_000
    return {"until_ms": until, "candles": (until - close_ms) // frame}


def _overexposed(run: CompiledRun, _: Note, s: int) -> Details:
    legs, cap = int(run.bot.params[on.LEGS_QUOTE]), run.document.risk.max_position_quote
    coin = run.instruments[run.symbols[s]].settle_coin
    return {"legs": plain(amount(legs)), "limit": plain(amount(cap)), "coin": coin}


def _small(run: CompiledRun, note: Note, s: int) -> Details:
    instrument, part, lots, ticks = run.instruments[run.symbols[s]], note[on.N_A], note[on.N_B], note[on.N_C]
    return {
        "what": f"leg {part}" if part else "the entry",
        "lots": lots,
        "quote": plain(amount(instrument.notional_floor(ticks * lots))),
        "min_lots": instrument.min_lots,
        "min_quote": plain(amount(instrument.min_notional)),
        "coin": instrument.settle_coin,
    }


def _broke(run: CompiledRun, note: Note, s: int) -> Details:
    return {
        "needed": plain(amount(note[on.N_A])),
        "available": plain(amount(note[on.N_C])),
        "lots": note[on.N_B],
        "coin": run.instruments[run.symbols[s]].settle_coin,
    }


def _overlevered(run: CompiledRun, _: Note, s: int) -> Details:
    limit = plain(run.instruments[run.symbols[s]].max_leverage)
    return {"leverage_ppm": run.document.risk.leverage_ppm, "limit": limit}


def _not_trading(run: CompiledRun, _: Note, s: int) -> Details:
    instrument = run.instruments[run.symbols[s]]
    return {"symbol": instrument.symbol, "status": instrument.status}


_REFUSED: dict[int, Callable[[CompiledRun, Note, int], Details]] = {
    on.NOT_TRADING: _not_trading,
    on.COOLING: _cooling,
    on.FULL: lambda run, note, _: {"open": note[on.N_A], "limit": run.document.risk.max_open_positions},
    on.OVEREXPOSED: _overexposed,
    on.SMALL: _small,
    on.LARGE: lambda run, note, s: {
        "lots": note[on.N_A],
        "max_lots": run.instruments[run.symbols[s]].max_market_lots,
    },
    on.OVERLEVERED: _overlevered,
    on.BROKE: _broke,
    on.CLAIMED: lambda _run, _note, _s: {"holder": "something this bot did not open"},
    on.TOO_NEW: lambda run, _note, _s: {
        "reason": f"the plan needs {candles_needed(run.document.plan)} candles in a row"
    },
}
