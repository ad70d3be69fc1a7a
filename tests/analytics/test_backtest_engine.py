"""Which engine the headless command plays with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics.compute.machine_code import USUALLY_S
from analytics.compute.patience import INTERPRETED_PER_S
from analytics.management.commands import backtest
from analytics.management.commands.backtest import LOADING_S, Command
from tests.builders import random_walk
from tests.trading_core.engine.documents import document
from trading_core.backtest.inputs import Market, instrument_for
from trading_core.engine.document import BotDocument
from trading_core.errors import InvalidInput

BOT = document()
CANDLES = random_walk(50, price=2_000.0)
MARKET = Market(dict.fromkeys(BOT.symbols, CANDLES), {s: instrument_for(s, CANDLES) for s in BOT.symbols})
PERIOD: dict[str, Any] = {"start_ms": None, "end_ms": None, "limit": None}


def chosen(engine: str, bot: BotDocument = BOT) -> Path | None:
    return Command()._machine_code(engine, bot, MARKET, PERIOD)


@pytest.mark.parametrize("ready, needed_s", [(True, LOADING_S), (False, USUALLY_S)])
def test_auto_is_compiled_where_that_pays(
    monkeypatch: pytest.MonkeyPatch, ready: bool, needed_s: float
) -> None:
    monkeypatch.setattr(backtest, "is_compiled", lambda _: ready)
    enough = int(needed_s * INTERPRETED_PER_S) + 1
    monkeypatch.setattr(backtest, "minutes_of", lambda *_, **__: range(enough - 1))
    assert chosen("auto") is None
    monkeypatch.setattr(backtest, "minutes_of", lambda *_, **__: range(enough))
    assert chosen("auto") is not None
    assert chosen("interpreted") is None


def test_what_is_asked_for_is_done_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen("compiled") is not None
    monkeypatch.setattr(backtest, "why_not", lambda *_: "its plan has legs that wait")
    assert chosen("auto") is None
    with pytest.raises(InvalidInput, match="can't be compiled: its plan has legs that wait"):
        chosen("compiled")
