from __future__ import annotations

from decimal import Decimal

from bots.trader.inbox import ReconcileWanted, after_last_gap
from bots.trader.news import TOGETHER_MAX, by_symbol
from bots.trader.protect import Watch
from trading_core.exchanges.port import PositionNews, PrivateNews, StreamGap, StreamMark, WalletNews


def position(symbol: str = "BTCUSDT", lots: int = 5, stop: int | None = None) -> PositionNews:
    return PositionNews(symbol, lots, Decimal(1), stop, Decimal(2), None, 1, 1)


WALLET = WalletNews("USDT", 1, 1)


def test_news_of_one_symbol_stay_together_with_their_mark() -> None:
    btc, eth, mark = position(), position("ETHUSDT"), StreamMark("m")
    batch: list[PrivateNews] = [btc, mark, WALLET, btc, mark, eth, mark, btc]
    assert list(by_symbol(batch)) == [[btc, mark, WALLET, btc, mark], [eth, mark], [btc]]


def test_one_transaction_takes_a_bounded_number_of_news() -> None:
    batch: list[PrivateNews] = [position()] * (2 * TOGETHER_MAX + 1)
    assert [len(part) for part in by_symbol(batch)] == [TOGETHER_MAX, TOGETHER_MAX, 1]


def test_what_came_before_a_gap_is_read_again_instead() -> None:
    wanted = ReconcileWanted()
    assert after_last_gap([WALLET, StreamGap(), WALLET, StreamGap(), wanted, WALLET]) == [wanted, WALLET]


def test_position_is_overdue_only_after_it_stood_bare_for_the_allowed_time() -> None:
    watch = Watch()
    bare = [position(), position("ETHUSDT", stop=7), position("SOLUSDT", lots=0)]
    assert watch.overdue(bare, now_ms=0, allowed_ms=3000) == []
    assert watch.overdue(bare, now_ms=2999, allowed_ms=3000) == []
    assert watch.overdue(bare, now_ms=3000, allowed_ms=3000) == ["BTCUSDT"]
    assert watch.overdue([position(stop=9)], now_ms=3001, allowed_ms=3000) == []
    assert watch.overdue(bare, now_ms=3002, allowed_ms=3000) == []
