"""Candles read when they are asked for: few are kept, and they are the same."""

from __future__ import annotations

import pytest

from tests.builders import random_walk
from trading_core.market.candle import Candles
from trading_core.market.streamed import Streamed


def test_candles_are_read_when_asked_for_and_let_go_of() -> None:
    read: list[str] = []

    def one(symbol: str) -> Candles:
        read.append(symbol)
        return random_walk(10, seed=len(symbol))

    candles = Streamed(("A", "BB", "CCC"), one)

    assert list(candles) == ["A", "BB", "CCC"]
    assert "A" in candles
    assert "D" not in candles
    assert not read
    assert candles["A"] is candles["A"]
    assert candles["BB"] is not candles["A"]
    assert read == ["A", "BB"]
    assert len(candles["CCC"]) == 10
    assert candles["A"].close[0] > 0
    assert candles["BB"].close[0] > 0
    assert read == ["A", "BB", "CCC", "BB"]
    with pytest.raises(KeyError):
        candles["D"]
