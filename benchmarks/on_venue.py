"""A bot on an account of the venue, in one process: the venue's own commands and its news, one event at a time.

Neither the backtest's desk of a simulated account nor its loop is used: requests are records as the
venue's log has them, and what happened is what the venue tells the account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from trading_core.backtest.history import load
from trading_core.backtest.interpreter import Interpreter
from trading_core.backtest.result import Played
from trading_core.backtest.run import minutes_of
from trading_core.backtest.settlements import Settlements
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, Recorded
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import SimOrder
from trading_core.simulator.params import MatchingParams
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.replay import ReplayMarket

UID = 1


class VenueFace:
    """An account of the venue with the face that the desk speaks to; each command is a record."""

    def __init__(self, exchange: Exchange, document: BotDocument, params: MatchingParams) -> None:
        self.exchange = exchange
        exchange.play({
            "op": "account", "uid": UID, "reference": "parity", "key": "key", "secret": "secret",
            "at": exchange.clock_ms, "deposit": document.balance, "params": asdict(params),
        })  # fmt: skip

    @property
    def wallet(self) -> int:
        """Balance, money units."""
        return self.exchange.accounts[UID].sim.wallet

    @property
    def ledger(self) -> Ledger:
        """For who wants to know the price an account sees."""
        return self.exchange.accounts[UID].sim.ledger

    def place(self, order: SimOrder) -> list[Event]:
        """Place an order."""
        return self._ask(
            "place", order.symbol, side=order.side.value, lots=order.lots, ticks=order.ticks, link=order.link,
            reduce_only=order.reduce_only, tif=order.time_in_force.value, stop=order.stop_ticks,
            close_on_trigger=False, slippage=order.slippage_ticks,
        )  # fmt: skip

    def amend(self, symbol: str, *, link: str, lots: int, ticks: int | None) -> list[Event]:
        """Amend an order named by its link."""
        return self._ask("amend", symbol, number=self._number(link), lots=lots, ticks=ticks)

    def cancel(self, symbol: str, *, link: str) -> list[Event]:
        """Cancel an order named by its link."""
        return self._ask("cancel", symbol, number=self._number(link))

    def set_stop(self, symbol: str, ticks: int | None) -> list[Event]:
        """Move the stop, as the trading-stop request does."""
        return self._ask("protect", symbol, set={"stop": ticks}, active=None)

    def set_leverage(self, symbol: str, leverage_ppm: int) -> list[Event]:
        """Set the leverage."""
        return self._ask("leverage", symbol, ppm=leverage_ppm)

    def step(self) -> tuple[list[Event], bool]:
        """The next thing that happens to the account, and whether a candle ended with it."""
        outcome = self.exchange.play({"op": "step"})
        return [event for told in outcome.told for event in _ours(told.events)], bool(outcome.closed)

    def _number(self, link: str) -> int:
        return self.exchange.accounts[UID].links[link]

    def _ask(self, name: str, symbol: str, **values: Any) -> list[Event]:
        outcome = self.exchange.play({"op": name, "uid": UID, "symbol": symbol, **values})
        return [event for told in outcome.told for event in _ours(told.events)]


def _ours(events: Sequence[Event]) -> list[Event]:
    """The news without the orders that the venue shows for a position's protection."""
    return [e for e in events if not isinstance(e, Accepted | Amended | Cancelled) or e.order.link]


class VenueRun(Interpreter):
    """The engine on the venue: it knows a minute by the events that the venue tells of it."""

    def play_on(self, face: VenueFace) -> Played:
        """Play the venue's market to its end."""
        self.desk.account = face  # type: ignore[assignment]
        self.lockstep.quotes = face.exchange.quotes
        self.desk.now_ms = int(self.times[0])
        for minute in range(len(self.times)):
            self._minute(face, minute)
        self._check_sums()
        played = self._played()
        return replace(played, instruments=face.exchange.source.instruments, touched=None, ambiguous=None)

    def _minute(self, face: VenueFace, minute: int) -> None:
        """What was asked for is carried out at the open; then event after event until the close."""
        close_ms = int(self.times[minute]) + Timeframe.M1.ms
        self.desk.settle()
        closed = False
        while not closed:
            events, closed = face.step()
            self.desk.now_ms = close_ms
            for symbol in dict.fromkeys(name for event in events if (name := _symbol(event))):
                self.desk.hear(
                    symbol, [event for event in events if _symbol(event) == symbol], settle=not closed
                )
        if self.document.timeframe.closes_at(close_ms):
            self._close(minute, close_ms)
        elif self.document.plan.follows:
            self._watch(minute)


def _symbol(event: Event) -> str:
    return getattr(event, "symbol", "") or getattr(getattr(event, "order", None), "symbol", "")


def run_on_venue(
    document: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    recorded: Mapping[str, Recorded] | None = None,
) -> Played:
    """Play a bot on the venue over the same candles as ``backtest.run.run`` would."""
    params = MatchingParams(maker_ppm=document.fees.maker_ppm, taker_ppm=document.fees.taker_ppm)
    series = {
        SeriesKey(document.market.source, document.market.category, s, Timeframe.M1): candles[s]
        for s in sorted(document.symbols)
    }
    market = ReplayMarket(series, recorded=recorded)
    market.instruments = {symbol: instruments[symbol] for symbol in market.instruments}
    face = VenueFace(Exchange(market, lockstep=True), document, params)
    times = minutes_of(document, candles, None, None, None)
    told = {symbol: (recorded or {}).get(symbol, NOTHING_RECORDED) for symbol in sorted(document.symbols)}
    histories = {
        symbol: load(document, symbol, candles, instruments[symbol], times=times, recorded=known)
        for symbol, known in told.items()
    }
    settlements = Settlements(told, times)
    run = VenueRun(document, histories, instruments, params, times, settlements, {})
    return run.play_on(face)
