from __future__ import annotations

from typing import Any

import pytest

from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit.streams import market_news
from trading_core.exchanges.bybit.ticker_board import TickerBoard
from trading_core.exchanges.port import StreamGap, TickerNews

WHOLE = {
    "symbol": "BTCUSDT", "lastPrice": "100", "fundingRate": "-0.000125", "markPrice": "100.5",
    "bid1Price": "99.9", "ask1Price": "100.1",
}  # fmt: skip


def test_changes_are_merged_over_the_snapshot() -> None:
    board = TickerBoard()

    whole = board.heard("BTCUSDT", WHOLE)
    later = board.heard("BTCUSDT", {"symbol": "BTCUSDT", "ask1Price": "100.3"})

    assert (whole.symbol, whole.funding_rate, whole.mark) == ("BTCUSDT", -0.0125, 100.5)
    assert whole.spread == pytest.approx(0.2)
    assert (later.funding_rate, later.mark) == (-0.0125, 100.5)
    assert later.spread == pytest.approx(0.4 / 100.1 * 100)


def test_symbols_are_kept_apart() -> None:
    board = TickerBoard()
    board.heard("BTCUSDT", WHOLE)

    assert board.heard("ETHUSDT", {"markPrice": "7"}) == TickerNews("ETHUSDT", None, 7.0, None)


@pytest.mark.parametrize("gone", [{"bid1Price": ""}, {"ask1Price": "0"}])
def test_an_empty_side_of_the_book_has_no_spread(gone: dict[str, str]) -> None:
    assert TickerBoard().heard("BTCUSDT", WHOLE | gone).spread is None


def test_what_a_contract_does_not_have_is_unknown() -> None:
    heard = TickerBoard().heard("BTCUSDT", WHOLE | {"fundingRate": "", "markPrice": ""})

    assert (heard.funding_rate, heard.mark) == (None, None)


def test_an_unreadable_figure_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="fundingRate"):
        TickerBoard().heard("BTCUSDT", WHOLE | {"fundingRate": "high"})


def test_a_ticker_message_is_a_price_and_a_ticker_or_a_gap() -> None:
    def heard(data: dict[str, Any]) -> list[type]:
        body = {"topic": "tickers.BTCUSDT", "ts": 1, "data": data}
        return [type(news) for news in market_news(body, TickerBoard())]

    assert [kind.__name__ for kind in heard(WHOLE)] == ["LastPrice", "TickerNews"]
    assert [kind.__name__ for kind in heard({"symbol": "BTCUSDT", "markPrice": "1"})] == ["TickerNews"]
    assert heard({"symbol": "BTCUSDT", "markPrice": "x"}) == [StreamGap]
