"""Mode candles: order of events over accounts and symbols, stamps, standing prices."""

from __future__ import annotations

from tests.trading_core.simulator.worlds import CLOSE_MS, OPEN_MS, SYMBOL, account, fills, limit, market
from trading_core.execution.order import Side
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks

BAR = CandleBar(CandleTicks(100_000, 101_000, 99_000, 100_500), 60.0)


def test_boundary_orders_are_stamped_with_the_open_and_walked_ones_with_the_close() -> None:
    quotes: Quotes = {}
    subject = account(quotes=quotes)
    steps = Lockstep([subject], quotes)
    steps.begin({SYMBOL: BAR}, open_ms=OPEN_MS, close_ms=CLOSE_MS)

    (at_open,) = fills(subject.place(market(Side.BUY, 10, stop_ticks=99_500)))
    step = steps.advance()

    assert at_open.time_ms == OPEN_MS
    assert step is not None
    assert fills(step.events)[0].time_ms == CLOSE_MS
    assert steps.advance() is None
    steps.finish()
    assert quotes[SYMBOL] == (100_500, CLOSE_MS)


def test_accounts_are_walked_in_order_and_never_share_volume() -> None:
    quotes: Quotes = {}
    accounts = [account(quotes=quotes) for _ in range(3)]
    steps = Lockstep(accounts, quotes)
    steps.begin({SYMBOL: BAR}, open_ms=OPEN_MS, close_ms=CLOSE_MS)
    for subject in reversed(accounts):
        subject.place(limit(Side.BUY, 500, 99_500))

    order = []
    while step := steps.advance():
        order.append((step.account, fills(step.events)[0].lots))

    assert order == [(0, 500), (1, 500), (2, 500)]


def test_candle_without_volume_is_stood_out() -> None:
    quotes: Quotes = {}
    subject = account(quotes=quotes)
    steps = Lockstep([subject], quotes)
    steps.begin({SYMBOL: CandleBar(BAR.ticks, 0.0)}, open_ms=OPEN_MS, close_ms=CLOSE_MS)
    subject.place(limit(Side.BUY, 5, 99_500))

    assert steps.advance() is None
