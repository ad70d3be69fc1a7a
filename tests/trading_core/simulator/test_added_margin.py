"""Margin beyond the leverage's: added, taken back, set free by closing, replenished before a liquidation."""

from __future__ import annotations

import pytest

from tests.trading_core.simulator.worlds import SYMBOL, account, fills, market, play
from trading_core.execution.order import Side
from trading_core.money import money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.added_margin import add_margin, set_auto_margin
from trading_core.simulator.book import Book
from trading_core.simulator.refusals import Refusal, SimRefused


def held(lots: int = 100, side: Side = Side.BUY, wallet: str = "10000") -> tuple[SimAccount, Book]:
    """1 coin at 1000 with 10x: 100 of margin, liquidated near 905."""
    subject = account(wallet=wallet, slippage_ppm=0)
    subject.place(market(side, lots))
    return subject, subject.ledger.book(SYMBOL)


def refusal(subject: SimAccount, book: Book, amount: str) -> int:
    before = subject.as_record()
    with pytest.raises(SimRefused) as caught:
        add_margin(subject.ledger, book, money(amount))
    assert subject.as_record() == before
    return caught.value.code


@pytest.mark.parametrize("side", list(Side))
def test_added_margin_moves_liquidation_and_bankruptcy_and_ties_money_up(side: Side) -> None:
    subject, book = held(side=side)
    level, available = book.liquidation(), subject.available
    assert level is not None
    add_margin(subject.ledger, book, money("50"))
    assert book.liquidation() == level - side.sign * 5_000
    assert subject.available == available - money("50")
    add_margin(subject.ledger, book, money("-20.5"))
    assert (book.liquidation(), book.added_margin) == (level - side.sign * 2_950, money("29.5"))


def test_a_liquidation_costs_what_was_added_too() -> None:
    subject, book = held()
    wallet = subject.wallet
    add_margin(subject.ledger, book, money("50"))
    (bust,) = fills(play(subject, 99_000, 99_000, 80_000, 80_000))
    assert (bust.exec_type, bust.ticks) == ("BustTrade", 85_000)
    lost = wallet - subject.wallet - bust.fee
    assert money("150") <= lost <= money("150.02")  # the price is a whole tick
    assert book.added_margin == 0


def test_closing_a_part_sets_its_share_free() -> None:
    subject, book = held()
    add_margin(subject.ledger, book, money("50"))
    subject.place(market(Side.SELL, 25))
    assert book.added_margin == money("37.5")
    subject.place(market(Side.BUY, 25))
    assert book.added_margin == money("37.5")
    subject.place(market(Side.SELL, 200))
    assert (book.position.lots, book.added_margin) == (-100, 0)


def test_what_cannot_be_is_refused() -> None:
    subject, book = held(wallet="200")
    assert refusal(subject, book, "0") == Refusal.MARGIN_UNCHANGED
    assert refusal(subject, book, "100") == Refusal.NO_BALANCE_TO_ADD
    assert refusal(subject, book, "-1") == Refusal.MARGIN_NEEDED
    add_margin(subject.ledger, book, money("50"))
    assert refusal(subject, book, "-50.0001") == Refusal.MARGIN_NEEDED
    subject.ledger.quotes[SYMBOL] = (90_000, subject.ledger.quotes[SYMBOL][1])
    assert refusal(subject, book, "-49") == Refusal.MARGIN_NEEDED  # 900 would be beyond the liquidation
    flat = account()
    assert refusal(flat, flat.ledger.book(SYMBOL), "10") == Refusal.PARAMETER
    flat.set_cross_margin(is_cross=True)
    flat.place(market(Side.BUY, 100))
    assert refusal(flat, flat.ledger.book(SYMBOL), "10") == Refusal.PARAMETER


def test_the_balance_is_used_up_before_a_liquidation() -> None:
    subject, book = held(wallet="250")
    set_auto_margin(subject.ledger, book, is_on=True)
    batches = play(subject, 100_000, 100_000, 86_000, 90_000)
    assert (fills(batches), book.added_margin) == ([], money("100.001"))  # the initial margin again
    left = subject.available
    assert 0 < left < money("100")
    (bust,) = fills(play(subject, 85_000, 85_000, 60_000, 60_000))
    assert bust.exec_type == "BustTrade"
    assert subject.wallet < money("1")


def test_an_account_sleeps_with_its_added_margin_and_older_records_load() -> None:
    subject, book = held()
    add_margin(subject.ledger, book, money("50"))
    set_auto_margin(subject.ledger, book, is_on=True)
    record = subject.as_record()
    woken = SimAccount.from_record(record, {SYMBOL: book.instrument}, quotes=subject.ledger.quotes)
    assert woken.as_record() == record
    for name in ("added_margin", "auto_margin"):
        del record["books"][SYMBOL][name]
    older = SimAccount.from_record(record, {SYMBOL: book.instrument}, quotes=subject.ledger.quotes)
    assert older.available == subject.available + money("50")
