from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from accounts.models import Workspace
from bots.models import Bot, TickerRow, VerdictRow
from bots.services import store, tickers
from bots.services.closes import Closes, HeardClose
from bots.services.explaining import explain_decision
from bots.services.feed_config import FeedConfig, Market
from bots.services.intake import Intake
from bots.services.journal import decision
from bots.services.verdicts import verdicts_for
from tests.builders import START_MS
from tests.worlds import LINEAR, MINUTE, SOURCE, World, candle, forget_everything, key
from trading_core.exchanges.port import StreamGap, TickerNews
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.rules.verdict import Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

HOUR = 60 * MINUTE


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_everything()


def told(rate: float | None = 0.01, mark: float | None = 100.0, *, symbol: str = "BTCUSDT") -> TickerNews:
    return TickerNews(symbol, rate, mark, 0.02)


def close(minute: int, ticker: TickerNews | None, *, symbol: str = "BTCUSDT") -> HeardClose:
    return HeardClose(symbol, candle(minute), ticker)


def stored(*closes: HeardClose) -> None:
    tickers.add_heard([(key(close.symbol), close) for close in closes])


def ms(minute: int) -> int:
    """The close of a minute."""
    return START_MS + (minute + 1) * MINUTE


def read(minute: int, *, since: int | None = None, symbol: str = "BTCUSDT") -> Any:
    first = ms(minute if since is None else since)
    return tickers.tickers_for([symbol], SOURCE, LINEAR, first, ms(minute)).get(symbol)


def marks(minute: int, *, since: int | None = None) -> list[float]:
    found = read(minute, since=since)
    return [] if found is None else found.mark.tolist()


def test_a_row_is_what_was_known_at_its_close_and_stands() -> None:
    stored(close(0, told()))
    stored(close(0, told(rate=9.0, mark=9.0)))

    found = read(0)

    assert found.time_ms.tolist() == [ms(0)]
    assert (found.funding_rate.tolist(), found.mark.tolist(), found.spread.tolist()) == (
        [0.01],
        [100.0],
        [0.02],
    )


def test_a_close_before_which_nothing_was_told_has_no_row() -> None:
    stored(close(0, None))

    assert not TickerRow.objects.exists()
    assert read(0) is None


def test_a_figure_the_contract_does_not_have_is_unknown() -> None:
    stored(close(0, told(rate=None)))

    assert np.isnan(read(0).funding_rate).tolist() == [True]


def test_what_is_stored_after_a_look_is_seen_at_the_next() -> None:
    stored(close(0, told(mark=1.0)))
    assert marks(1) == [1.0]
    stored(close(1, told(mark=2.0)))
    stored(close(2, told(mark=3.0)))
    assert marks(1) == [1.0, 2.0]
    assert marks(2) == [1.0, 2.0, 3.0]


def test_the_reader_asks_the_database_once_a_close(django_assert_num_queries: Any) -> None:
    stored(*[close(0, told(symbol=symbol), symbol=symbol) for symbol in ("BTCUSDT", "ETHUSDT")])
    wanted = (["BTCUSDT", "ETHUSDT"], SOURCE, LINEAR, ms(0))
    tickers.tickers_for(*wanted, ms(0))
    stored(*[close(1, told(symbol=symbol), symbol=symbol) for symbol in ("BTCUSDT", "ETHUSDT")])

    with django_assert_num_queries(1):
        assert len(tickers.tickers_for(*wanted, ms(1))) == 2
    with django_assert_num_queries(0):
        tickers.tickers_for(*wanted, ms(1))


def test_figures_that_may_still_hold_at_the_first_close_are_read_too() -> None:
    stored(close(0, told(rate=0.5)))
    at = START_MS + MINUTE + 8 * HOUR

    found = tickers.tickers_for(["BTCUSDT"], SOURCE, LINEAR, at, at)["BTCUSDT"]

    assert found.at("funding_rate", np.array([at])).tolist() == [0.5]
    assert np.isnan(found.at("mark", np.array([at]))).all()


def test_nothing_later_than_asked_is_told() -> None:
    stored(*[close(minute, told(mark=float(minute + 1))) for minute in range(5)])
    assert marks(4) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert marks(2) == [1.0, 2.0, 3.0]


def test_sources_never_mix() -> None:
    stored(close(0, told()))

    assert tickers.tickers_for(["BTCUSDT"], "bybit", LINEAR, ms(0), ms(0)) == {}


def test_a_close_has_the_ticker_told_before_it() -> None:
    closes = Closes()
    early, late = told(mark=1.0), told(mark=2.0)

    heard = closes.among([early, ("BTCUSDT", candle(0)), late, ("ETHUSDT", candle(0))])
    heard += closes.among([("BTCUSDT", candle(1)), StreamGap(), ("BTCUSDT", candle(2))])

    assert [(one.symbol, one.ticker) for one in heard] == [
        ("BTCUSDT", early), ("ETHUSDT", None), ("BTCUSDT", late), ("BTCUSDT", None),
    ]  # fmt: skip


class NoRest:
    def instruments(self, category: str) -> list[Instrument]:
        return []

    def candles(
        self, *, category: str, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> Candles:
        return Candles.of([candle(minute) for minute in range(2)]).between(start_ms, end_ms)

    def close(self) -> None:
        """Nothing to drop."""


@pytest.fixture
def intake() -> Intake:
    market = Market(
        source=SOURCE, category=LINEAR, name="Test", symbols=("BTCUSDT",), rest=NoRest(), stream=None,  # type: ignore[arg-type]
        clock_ms=lambda: ms(1),
    )  # fmt: skip
    one = Intake(market, replace(FeedConfig.from_settings(), history=2))
    one.begin()
    one.expect(["BTCUSDT"])
    return one


def test_the_feed_stores_a_close_with_its_ticker(intake: Intake) -> None:
    intake.take([close(0, told(mark=1.0)), close(1, told(mark=2.0))])

    assert marks(1) == [1.0, 2.0]
    assert len(store.candles(key(), START_MS, ms(1))) == 2


def test_nothing_is_added_to_a_close_that_was_announced(intake: Intake) -> None:
    intake.take([close(0, None)])

    intake.take([close(0, told())])

    assert not TickerRow.objects.exists()


RATE_RULES = {
    "schema": 2,
    "long": {
        "all": [
            {"left": {"ticker": "funding_rate"}, "op": "<", "right": 0.02},
            {"left": {"ticker": "mark"}, "op": ">", "right": 50},
            {"for": {"n": 2, "of": {"left": {"ticker": "spread"}, "op": "<", "right": 0.1}}},
        ]
    },
}


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace, symbols=("BTCUSDT",))


def play(world: World, minutes: int) -> int:
    """Let minutes close with their tickers."""
    closed = 0
    for _ in range(minutes):
        stored(close(world.minute, told(rate=0.01, mark=60.0)))
        closed = world.close()
    return closed


def verdict_of(bot: Bot, close_ms: int) -> Verdict | None:
    return verdicts_for(bot, close_ms)["BTCUSDT"]


def test_rules_about_tickers_say_the_same_later_as_at_once(world: World) -> None:
    bot = world.bot(rules={"inline": RATE_RULES, "son": False})
    close_ms = play(world, 3)
    with world.inside():
        at_once = verdict_of(bot, close_ms)
    play(world, 5)
    forget_everything()
    with world.inside():
        VerdictRow.objects.all().delete()
        later = verdict_of(bot, close_ms)

    assert at_once == later
    assert at_once is not None
    assert at_once.long == 1


def test_a_decision_about_tickers_is_explained_with_their_numbers(world: World) -> None:
    bot = world.bot(rules={"inline": RATE_RULES, "son": False})
    close_ms = play(world, 3)
    world.decide(bot)
    play(world, 2)
    forget_everything()
    with world.inside():
        found = decision(bot, "BTCUSDT", close_ms)
        assert found is not None
        explained = explain_decision(bot, found)

    assert found.code == "entered"
    assert explained.differs == ()
    rate, mark, _ = explained.explanation.trees["long"].leaves()
    assert [rate.operands[0].value, mark.operands[0].value] == [0.01, 60.0]


def test_a_decision_about_the_bot_is_explained_with_what_it_knew(world: World) -> None:
    rules = {"schema": 2, "long": {"left": {"portfolio": "open_positions"}, "op": "<", "right": 1}}
    bot = world.bot(rules={"inline": rules, "son": False})
    close_ms = world.close()
    world.decide(bot)
    with world.inside():
        found = decision(bot, "BTCUSDT", close_ms)
        assert found is not None
        explained = explain_decision(bot, found)

    assert found.details["facts"] == {"portfolio.open_positions": "0"}
    assert explained.differs == ()
    assert explained.explanation.verdict.long == 1
