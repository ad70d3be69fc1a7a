from __future__ import annotations

import pytest

from accounts.entry_blocks import BlockKind
from bots.trader.refusals import KINDS, Refusals, read_block
from trading_core.errors import OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.retcodes import RETCODES, Action, RetCode


@pytest.mark.parametrize("row", RETCODES, ids=lambda row: str(row.code))
def test_every_code_does_what_its_row_names(row: RetCode) -> None:
    error = Rejected("words", code=row.code)
    block = Refusals().block(error, "BTCUSDT")
    assert (block.kind if block else None) == KINDS.get(row.write)
    if block is not None:
        assert (block.code, block.until_ms) == (row.code, None)
        assert f"{row.code}: words" in block.reason
    halted = read_block(error)
    assert (halted is not None) == (row.read is Action.HALT)


@pytest.mark.parametrize("code,symbol", [(110074, "BTCUSDT"), (30228, "BTCUSDT"), (110123, ""), (10005, "")])
def test_a_contract_is_blocked_alone(code: int, symbol: str) -> None:
    block = Refusals().block(Rejected("words", code=code), "BTCUSDT")
    assert block is not None
    assert block.symbol == symbol


def test_a_code_nobody_knows_pauses_when_it_comes_again() -> None:
    refusals, error = Refusals(), OutcomeUnknown("odd", code=999_999)
    assert refusals.block(error, "BTCUSDT") is None
    refusals.accepted()
    assert refusals.block(error, "BTCUSDT") is None
    block = refusals.block(error, "BTCUSDT")
    assert block is not None
    assert block.kind is BlockKind.PAUSE
    assert refusals.block(OutcomeUnknown("no code"), "BTCUSDT") is None
