"""A backtest played: what was gathered goes in, the parts of a result come out. Needs no database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.services.backtests.inputs import Inputs
from analytics.services.backtests.parts import PartName, figures_of, parts_of
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run

Told = Callable[[float, str], None]
"""Called with how far it is, 0 to 1, and what is being done."""

READ, RULES, PLAYED = 0.05, 0.2, 0.75
"""How far a run is once candles are read, rules answered, minutes played."""
RULES_SENTENCE = "Asking the rules at every close"
WRITING_SENTENCE = "Working out the figures"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    parts: dict[PartName, bytes]
    figures: dict[str, Any]
    engine: str
    """As in ``meta.engine``."""
    candles: int
    seconds: float


def play(inputs: Inputs, told: Told, machine_code: Path | None = None) -> Outcome:
    """Play a backtest; with machine code the compiled way where the document allows it.

    Raise InvalidInput for what can't be played.
    """
    began = time.perf_counter()
    told(READ, RULES_SENTENCE)
    played = run(
        inputs.document,
        inputs.candles,
        inputs.instruments,
        start_ms=inputs.start_ms,
        end_ms=inputs.end_ms,
        on_progress=lambda share: told(
            RULES + (PLAYED - RULES) * share,
            _day(inputs.start_ms + int(share * (inputs.end_ms - inputs.start_ms))),
        ),
        tickers=inputs.tickers,
        recorded=inputs.recorded,
        machine_code=machine_code,
    )
    told(PLAYED, WRITING_SENTENCE)
    result = result_document(played)
    parts = parts_of(played, result)
    return Outcome(
        parts, figures_of(result), played.engine, played.candles, round(time.perf_counter() - began, 3)
    )


def _day(time_ms: int) -> str:
    return f"Playing {datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d}"
