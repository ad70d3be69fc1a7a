"""The exchange as a state machine: records in, news out. Deterministic, no clock, no I/O.

The same machine runs live, where each accepted record is journalled before it is told, and in
recovery, where the journal is played into it again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from trading_core.execution.order import Side
from trading_core.market.candle import Candle
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import CandleBar, Lockstep
from trading_core.simulator.orders import CancelReason, SimOrder, TimeInForce, TriggerBy
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.walk import CandleTicks
from trading_core.venue.account import VenueAccount
from trading_core.venue.interventions import NAMES, check_tradable, intervene
from trading_core.venue.journal import Record
from trading_core.venue.keys import KeyRights
from trading_core.venue.market.source import MINUTE_MS, MarketSource
from trading_core.venue.market.upstream import UpstreamMarket

FIRST_UID = 100_001
FAR_MS = 30 * 86_400_000
"""How far ahead the first price of a symbol is looked for that has none before."""


class Told(NamedTuple):
    """What happened to one account."""

    account: VenueAccount
    events: list[Event]


class Outcome(NamedTuple):
    """What a record led to."""

    told: list[Told]
    closed: dict[str, Candle]
    """Candles that closed, by symbol."""


class Exchange:
    """Accounts and the market they stand in."""

    def __init__(self, source: MarketSource, *, lockstep: bool) -> None:
        self.source = source
        self.is_lockstep = lockstep
        self.quotes: Quotes = {}
        self.accounts: dict[int, VenueAccount] = {}
        self._order: list[VenueAccount] = []
        self.by_key: dict[str, VenueAccount] = {}
        self.by_reference: dict[str, VenueAccount] = {}
        self.clock_ms = source.start_ms
        """Market clock: the last boundary in mode candles, the last step in mode ticks."""
        self.open_ms: int | None = source.open_from(source.start_ms)
        """Open time of the candle being played; None: the market is over."""
        self.last_closed: dict[str, int] = {}
        self.statuses: dict[str, str] = {}
        """Instruments that are not simply trading."""
        self.steps = Lockstep([], self.quotes)
        self._candles: dict[str, Candle] = {}
        self._begin_history()
        self._begin()

    @property
    def done(self) -> bool:
        """Whether nothing is left to play."""
        return self.open_ms is None

    def _begin_history(self) -> None:
        """Prices before the first candle: the last close before it, else the first open."""
        for symbol in self.source.instruments:
            before = self.source.candles(symbol, self.source.start_ms - 60 * MINUTE_MS, self.source.start_ms)
            if len(before):
                self.last_closed[symbol] = int(before.open_time[-1])
                self._stand(symbol, float(before.close[-1]))
                continue
            after = self.source.candles(symbol, self.source.start_ms, self.source.start_ms + FAR_MS)
            if len(after):
                self._stand(symbol, float(after.open[0]))

    def _stand(self, symbol: str, price: float) -> None:
        self.quotes[symbol] = (self.source.instruments[symbol].nearest_ticks(price), self.clock_ms)

    def _begin(self) -> None:
        """Open the candles of ``open_ms``."""
        self._candles = {}
        if self.open_ms is None:
            return
        for symbol in self.source.instruments:
            candle = self.source.candle(symbol, self.open_ms)
            if candle is not None:
                self._candles[symbol] = candle
        if self.is_lockstep:
            self.steps.begin(self._bars(), open_ms=self.clock_ms, close_ms=self.open_ms + MINUTE_MS)

    def _bars(self) -> dict[str, CandleBar]:
        instruments = self.source.instruments
        return {s: CandleBar(CandleTicks.of(c, instruments[s]), c.volume) for s, c in self._candles.items()}

    def current(self, symbol: str) -> Candle | None:
        """The candle being played, which nobody may see before it closed."""
        return self._candles.get(symbol)

    # Records

    def play(self, record: Record) -> Outcome:
        """Carry a record out; raise SimRefused, having changed nothing."""
        name = record["op"]
        if name in _COMMANDS:
            return self._command(record)
        if name in NAMES:
            return Outcome([Told(account, events) for account, events in intervene(self, record)], {})
        if name == "account":
            self._open_account(record)
            return Outcome([], {})
        if name == "dcp":
            self.accounts[record["uid"]].dcp_s = record["window_s"]
            return Outcome([], {})
        if name == "step":
            return self._step()
        if name == "move":
            return Outcome(self._move(record), {})
        if name == "close":
            self._learn(record)
            return self._close()
        raise ValueError(f"unknown record {name!r}")

    def _command(self, record: Record) -> Outcome:
        if self.done and self.is_lockstep and record["op"] == "place":
            # Nothing opens after the last candle: an order decided at its close has no price.
            raise SimRefused(Refusal.PARAMETER, "params error: the market is over")
        check_tradable(self, record)
        account = self.accounts[record["uid"]]
        if "q" in record:
            ticks, at = record["q"]
            self.quotes[record["symbol"]] = (ticks, at)
            self.clock_ms = max(self.clock_ms, at)
        events = _COMMANDS[record["op"]](account.sim, record)
        account.hear(events)
        return Outcome([Told(account, events)], {})

    def _open_account(self, record: Record) -> None:
        params = MatchingParams(**record["params"])
        sim = SimAccount(self.source.instruments, quotes=self.quotes, params=params, wallet=record["deposit"])
        account = VenueAccount(
            uid=record["uid"],
            reference=record["reference"],
            api_key=record["key"],
            api_secret=record["secret"],
            opened_ms=record["at"],
            deposit=record["deposit"],
            rights=KeyRights.from_record(record.get("rights")),
            sim=sim,
        )
        self._enlist(account)

    def _enlist(self, account: VenueAccount) -> None:
        self.accounts[account.uid] = account
        self.by_key[account.api_key] = account
        self.by_reference[account.reference] = account
        self._order.append(account)
        self.steps.accounts.append(account.sim)

    def _step(self) -> Outcome:
        """Lock-step: the next fill of the candle, else its close."""
        step = self.steps.advance()
        if step is None:
            return self._close()
        account = self._order[step.account]
        account.hear(step.events)
        return Outcome([Told(account, step.events)], {})

    def _learn(self, record: Record) -> None:
        """Take over what an upstream told of the minute: it can't be asked again after a restart."""
        if not isinstance(self.source, UpstreamMarket) or self.open_ms is None:
            return
        self._candles = {s: Candle(self.open_ms, *values) for s, values in record["candles"].items()}
        for symbol, candle in self._candles.items():
            self.source.learn(symbol, candle)
        for symbol, rate_e8 in record["rates"].items():
            self.source.learn_rate(symbol, self.open_ms + MINUTE_MS, rate_e8)
        self.quotes.update({s: (q[0], q[1]) for s, q in record["quotes"].items()})

    def _close(self) -> Outcome:
        """End the candle: clock, funding, the candle itself, then the next one opens."""
        if self.open_ms is None:
            return Outcome([], {})
        closed = self._candles
        self.clock_ms = self.open_ms + MINUTE_MS
        if self.is_lockstep:
            self.steps.finish()
        else:
            for symbol, candle in closed.items():
                self._stand(symbol, candle.close)
        for symbol in closed:
            self.last_closed[symbol] = self.open_ms
        told = self._funding()
        self.open_ms = self.source.open_from(self.clock_ms)
        self._begin()
        return Outcome(told, closed)

    def _funding(self) -> list[Told]:
        told = []
        for symbol, instrument in self.source.instruments.items():
            if self.clock_ms % (instrument.funding_interval_min * MINUTE_MS) or symbol not in self.quotes:
                continue
            rate = self.source.funding_rate_e8(symbol, self.clock_ms)
            if not rate:
                continue
            for account in self.accounts.values():
                events = account.sim.funding(
                    symbol, rate_e8=rate, mark_ticks=self.quotes[symbol][0], time_ms=self.clock_ms
                )
                if events:
                    account.hear(events)
                    told.append(Told(account, events))
        return told

    def _move(self, record: Record) -> list[Told]:
        """Mode ticks: the price of a symbol goes from ``f`` to ``t``."""
        symbol, at = record["s"], record["at"]
        self.quotes[symbol] = (record["f"], at)
        self.clock_ms = max(self.clock_ms, at)
        told = []
        for account in self.accounts.values():
            if symbol not in account.sim.ledger.active:
                continue
            events = account.sim.move(symbol, record["t"], time_ms=at, volume=1)
            if events:
                account.hear(events)
                told.append(Told(account, events))
        self.quotes[symbol] = (record["t"], at)
        return told

    # Sleep and wake

    def forget_recent(self) -> None:
        """Drop the closed orders that ``order/realtime`` still knew, as a restart of Bybit's does."""
        for account in self.accounts.values():
            account.recent.clear()

    def as_record(self) -> Record:
        """Plain values of the whole exchange."""
        return {
            "clock_ms": self.clock_ms,
            "open_ms": self.open_ms,
            "start_ms": self.source.start_ms,
            "last_closed": self.last_closed,
            "quotes": self.quotes,
            "statuses": self.statuses,
            "accounts": [account.as_record() for account in self.accounts.values()],
        }

    def wake(self, record: Record) -> None:
        """Take over the state written by ``as_record``."""
        self.clock_ms, self.open_ms = record["clock_ms"], record["open_ms"]
        self._begin()
        self.quotes.clear()  # in place: every account looks at this very dict
        self.quotes.update({s: (q[0], q[1]) for s, q in record["quotes"].items()})
        self.last_closed = record["last_closed"]
        self.statuses = record.get("statuses", {})
        for kept in record["accounts"]:
            account = VenueAccount.from_record(kept, self.source.instruments, quotes=self.quotes)
            self._enlist(account)


def _place(sim: SimAccount, record: Record) -> list[Event]:
    return sim.place(
        SimOrder(
            record["symbol"],
            Side(record["side"]),
            record["lots"],
            record["ticks"],
            link=record["link"],
            reduce_only=record["reduce_only"],
            time_in_force=TimeInForce(record["tif"]),
            stop_ticks=record["stop"],
            close_on_trigger=record["close_on_trigger"],
            trigger_ticks=record.get("trigger"),
            trigger_direction=record.get("direction", 0),
            trigger_by=TriggerBy(record.get("trigger_by", TriggerBy.LAST)),
            target_ticks=record.get("target"),
            slippage_ticks=record.get("slippage"),
        )
    )


def _amend(sim: SimAccount, record: Record) -> list[Event]:
    return sim.amend(
        record["symbol"],
        number=record["number"],
        lots=record["lots"],
        ticks=record["ticks"],
        trigger_ticks=record.get("trigger"),
    )


def _cancel(sim: SimAccount, record: Record) -> list[Event]:
    reason = CancelReason(record.get("reason", CancelReason.BY_USER))
    return sim.cancel(record["symbol"], number=record["number"], reason=reason)


def _protect(sim: SimAccount, record: Record) -> list[Event]:
    return sim.set_protection(record["symbol"], **record["set"], active=record["active"])


def _stop(sim: SimAccount, record: Record) -> list[Event]:
    """Logs of older versions hold the stop alone."""
    return sim.set_stop(record["symbol"], record["stop"])


def _leverage(sim: SimAccount, record: Record) -> list[Event]:
    return sim.set_leverage(record["symbol"], record["ppm"])


_COMMANDS: dict[str, Any] = {
    "place": _place,
    "amend": _amend,
    "cancel": _cancel,
    "protect": _protect,
    "stop": _stop,
    "leverage": _leverage,
}
