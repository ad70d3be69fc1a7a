"""What a ticker says at a close: the closing price, told before the close, the same in every run."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

from bots.services.closes import Closes, HeardClose
from tests.venue.venues import VenueProcess, write_candles
from trading_core.exchanges.bybit.streams import BybitPublicStream
from trading_core.exchanges.port import TickerNews

SYMBOL = "ETHUSDT"
OPENS_ELSEWHERE = [
    (1000.0, 1001.0, 999.0, 1000.5),
    (1005.0, 1010.0, 1004.0, 1008.0),
    (990.0, 991.0, 989.0, 990.0),
]


async def closes_of(venue: VenueProcess) -> list[HeardClose]:
    """Step the market to its end and return the closes heard, with their tickers."""
    stream = BybitPublicStream(base=venue.url.replace("http", "ws"), wall_ms=lambda: 0)
    closes, heard = Closes(), []
    stepping = None
    async with asyncio.timeout(30), aclosing(stream.news("linear", [SYMBOL])) as told:
        async for news in told:
            heard += closes.among([news])
            if stepping is None and isinstance(news, TickerNews):
                stepping = asyncio.create_task(asyncio.to_thread(venue.step, len(OPENS_ELSEWHERE)))
            if len(heard) == len(OPENS_ELSEWHERE):
                break
    return heard


def played(folder: Path) -> list[HeardClose]:
    file = write_candles(folder, OPENS_ELSEWHERE)
    options = [
        "--market",
        "replay",
        "--mode",
        "candles",
        "--candles",
        str(file),
        "--funding-rate-e8",
        "12500",
    ]
    venue = VenueProcess(folder / "venue", *options)
    try:
        return asyncio.run(closes_of(venue))
    finally:
        venue.stop()


def test_the_ticker_of_a_close_is_told_before_it_at_the_closing_price(tmp_path: Path) -> None:
    heard = played(tmp_path)

    told = [(close.ticker.mark, close.ticker.funding_rate) for close in heard if close.ticker]
    assert told == [(close, 0.0125) for _, _, _, close in OPENS_ELSEWHERE]
    spreads = [close.ticker.spread for close in heard if close.ticker]
    assert all(spread is not None and 0 < spread < 0.01 for spread in spreads)


def test_the_ticker_of_a_close_is_the_same_in_every_run(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        runs.append([close.ticker for close in played(tmp_path / name)])
    assert runs[0] == runs[1]
