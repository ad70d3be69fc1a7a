"""The exchange as a state machine: records in, news out. Deterministic, no clock, no I/O.

The same machine runs live, where each accepted record is journalled before it is told, and in
recovery, where the journal is played into it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trading_core.market.candle import Candle
from trading_core.market.instrument import Instrument
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.settlement import mark_span
from trading_core.simulator.spot.desk import SpotDesk
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks
from trading_core.venue.account import VenueAccount, check_listed
from trading_core.venue.activity import Activity
from trading_core.venue.commands import COMMANDS
from trading_core.venue.instruments import spot_instrument
from trading_core.venue.interventions import NAMES, check_tradable, intervene
from trading_core.venue.journal import Record
from trading_core.venue.keys import KeyRights
from trading_core.venue.market.source import MINUTE_MS, MarketSource
from trading_core.venue.marking import LazyMarks, Marker
from trading_core.venue.spot_commands import SPOT_COMMANDS

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
        self.spot: Mapping[str, Instrument] = {s: spot_instrument(i) for s, i in source.instruments.items()}
        """The spot pair at each contract's prices."""
        self._marker = Marker(source)
        self.marks: LazyMarks | None = None if lockstep else LazyMarks(self._derived)
        """None in mode candles: the last price is mark and index too, as it is in a backtest."""
        self.accounts: dict[int, VenueAccount] = {}
        self.by_key: dict[str, VenueAccount] = {}
        self.by_reference: dict[str, VenueAccount] = {}
        self.clock_ms = source.start_ms
        """Market clock: the last boundary in mode candles, the last step in mode ticks."""
        self.open_ms: int | None = source.open_from(source.start_ms)
        """Open time of the candle being played; None: the market is over."""
        self.settled = False
        """Lock-step: whether the candle has ended and what was settled at its close is told, but not the candle."""
        self.last_closed: dict[str, int] = {}
        self.statuses: dict[str, str] = {}
        """Instruments that are not simply trading."""
        self.activity = Activity()
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
        ticks = self.source.instruments[symbol].nearest_ticks(price)
        self.quotes[symbol] = (ticks, self.clock_ms)
        if symbol in self.activity.symbols and self.marks is not None:
            self.marks[symbol] = self.marks_at(symbol, ticks)
        else:
            self.forget_mark(symbol)

    def _derived(self, symbol: str) -> tuple[int, int]:
        return self.marks_at(symbol, self.quotes[symbol][0])

    def forget_mark(self, symbol: str) -> None:
        """The last price of a symbol without accounts has moved: who asks for its mark has it derived anew."""
        if self.marks is not None:
            self.marks.pop(symbol, None)

    def marks_at(self, symbol: str, ticks: int) -> tuple[int, int]:
        """(mark, index) in ticks at a last price in the minute being played."""
        return self._marker.at(symbol, ticks, self.open_ms)

    def marks_of(self, symbols: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Mark and index of those symbols, for a record."""
        return {} if self.marks is None else {s: self.marks[s] for s in sorted(symbols)}

    def mark(self, symbol: str) -> int:
        """Mark price, ticks."""
        return self.quotes[symbol][0] if self.marks is None else self.marks[symbol][0]

    def _begin(self) -> None:
        """Open the candles of ``open_ms``."""
        closed, self._candles = {} if self.is_lockstep else self._bars(), {}
        if self.open_ms is None:
            return
        for symbol in self.source.instruments:
            candle = self.source.candle(symbol, self.open_ms)
            if candle is not None:
                self._candles[symbol] = candle
        if self.is_lockstep:
            self.steps.begin(self._bars(), open_ms=self.clock_ms, close_ms=self.open_ms + MINUTE_MS)
            return
        # Nobody knows yet how much an upstream's minute will trade: the one before stands for it.
        volumes = self.steps.volumes
        volumes.candles = self._bars() or {**volumes.candles, **closed}
        volumes.close_ms = self.open_ms + MINUTE_MS

    def _bars(self) -> dict[str, CandleBar]:
        return {symbol: self._bar(symbol, candle) for symbol, candle in self._candles.items()}

    def _bar(self, symbol: str, candle: Candle) -> CandleBar:
        instrument, recorded = self.source.instruments[symbol], self.source.recorded(symbol)
        mark = mark_span(recorded, instrument, candle.open_time)
        return CandleBar(CandleTicks.of(candle, instrument), candle.volume, mark)

    def current(self, symbol: str) -> Candle | None:
        """The candle being played, which nobody may see before it closed."""
        return self._candles.get(symbol)

    # Records

    def play(self, record: Record) -> Outcome:
        """Carry a record out; raise SimRefused, having changed nothing."""
        name = record["op"]
        if name in COMMANDS or name in SPOT_COMMANDS:
            return self._command(record)
        if name in NAMES:
            return Outcome([self._hear(account, events) for account, events in intervene(self, record)], {})
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
        if name == "mark":
            return Outcome(self._mark(record), {})
        if name == "close":
            self._learn(record)
            return self._close([*self._end_candle(), *self._funding()])
        raise ValueError(f"unknown record {name!r}")

    def _command(self, record: Record) -> Outcome:
        if self.done and self.is_lockstep and record["op"] in ("place", "spot_place"):
            # Nothing opens after the last candle: an order decided at its close has no price.
            raise SimRefused(Refusal.PARAMETER, "params error: the market is over")
        check_tradable(self, record)
        account = self.accounts[record["uid"]]
        if "q" in record:
            ticks, at = record["q"]
            self.quotes[record["symbol"]] = (ticks, at)
            self.clock_ms = max(self.clock_ms, at)
            self._take_marks(record, record["symbol"], ticks)
        spot = SPOT_COMMANDS.get(record["op"])
        events = spot(account.desk, record) if spot else COMMANDS[record["op"]](account.sim, record)
        return Outcome([self._hear(account, events)], {})

    def _hear(self, account: VenueAccount, events: list[Event]) -> Told:
        told = [*events, *account.hear(events)]
        self.activity.note(account, events)
        return Told(account, told)

    def _open_account(self, record: Record) -> None:
        params = MatchingParams.from_record(record["params"])
        sim = SimAccount(
            self.source.instruments,
            quotes=self.quotes,
            params=params,
            wallet=record["deposit"],
            marks=self.marks,
        )
        account = VenueAccount(
            uid=record["uid"],
            reference=record["reference"],
            api_key=record["key"],
            api_secret=record["secret"],
            opened_ms=record["at"],
            deposit=record["deposit"],
            rights=KeyRights.from_record(record.get("rights")),
            sim=sim,
            desk=SpotDesk(sim.ledger, self.spot, record.get("coins")),
        )
        self._enlist(account)

    def _enlist(self, account: VenueAccount) -> None:
        self.accounts[account.uid] = account
        self.by_key[account.api_key] = account
        self.by_reference[account.reference] = account
        account.sim.ledger.volumes = self.steps.volumes
        self.activity.join(account)

    def _step(self) -> Outcome:
        """Lock-step: the next fill of the candle, else what is settled at its close, else the close."""
        if self.settled or self.open_ms is None:
            return self._close([])
        for account in self.activity.waiting():
            self.steps.accounts = [account.sim]
            step = self.steps.advance()
            if step is not None:
                return Outcome([self._hear(account, step.events)], {})
        told = self._end_candle()
        funding = self._funding()
        # Who decides at the close must have heard of it: the candle comes with the next step.
        self.settled = bool(funding)
        return Outcome([*told, *funding], {}) if funding else self._close(told)

    def _learn(self, record: Record) -> None:
        """Take over what an upstream told of the minute: it can't be asked again after a restart."""
        heard = None if self.open_ms is None else self.source.close(self.open_ms, record)
        if heard is None:
            return
        self._candles = dict(heard)
        self.quotes.update({s: (q[0], q[1]) for s, q in record["quotes"].items()})

    def _end_candle(self) -> list[Told]:
        """The clock goes to the close; spot orders that the candle traded through are filled."""
        if self.open_ms is None:
            return []
        played = dict(self.steps.volumes.candles) if self.is_lockstep else {}
        self.clock_ms = self.open_ms + MINUTE_MS
        if self.is_lockstep:
            self.steps.accounts = [account.sim for account in self.activity.stage.values()]
            self.steps.finish()
        else:
            for symbol, candle in self._candles.items():
                self._stand(symbol, candle.close)
        return self._spot_fills(played)

    def _close(self, told: list[Told]) -> Outcome:
        """The candle that has ended is told, and the next one opens."""
        if self.open_ms is None:
            return Outcome([], {})
        closed, self.settled = self._candles, False
        for symbol in closed:
            self.last_closed[symbol] = self.open_ms
        self.activity.begin()
        self.open_ms = self.source.open_from(self.clock_ms)
        self._begin()
        return Outcome(told, closed)

    def _spot_fills(self, played: Mapping[str, CandleBar]) -> list[Told]:
        """Lock-step: spot orders that the candles traded through, told with their close."""
        told = []
        for symbol, bar in played.items():
            if bar.volume <= 0:
                continue
            for account in self.activity.on(symbol):
                events = account.desk.play(symbol, bar.ticks, close_ms=self.clock_ms)
                if events:
                    told.append(self._hear(account, events))
        return told

    def _funding(self) -> list[Told]:
        told = []
        for symbol, instrument in self.source.instruments.items():
            if self.clock_ms % (instrument.funding_interval_min * MINUTE_MS) or symbol not in self.quotes:
                continue
            rate, mark = self.source.funding_rate_e8(symbol, self.clock_ms), self._settlement_mark(symbol)
            if not rate:
                continue
            for account in self.activity.on(symbol):
                events = account.sim.funding(symbol, rate_e8=rate, mark_ticks=mark, time_ms=self.clock_ms)
                if events:
                    told.append(self._hear(account, events))
        return told

    def _settlement_mark(self, symbol: str) -> int:
        """The mark price funding is reckoned at: the recorded one, if there is one."""
        recorded = self.source.recorded(symbol).mark_at(self.clock_ms)
        return (
            self.mark(symbol) if recorded is None else self.source.instruments[symbol].nearest_ticks(recorded)
        )

    def _move(self, record: Record) -> list[Told]:
        """Mode ticks: the price of a symbol goes from ``f`` to ``t``."""
        symbol, at = record["s"], record["at"]
        self.quotes[symbol] = (record["f"], at)
        self.clock_ms = max(self.clock_ms, at)
        self._take_marks(record, symbol, record["t"])
        told = []
        candle = self._candles.get(symbol)  # an upstream's is unknown, and its price moves by trades alone
        volume = 1.0 if candle is None else candle.volume
        for account in self.activity.on(symbol):
            events = account.sim.move(symbol, record["t"], time_ms=at, volume=volume)
            low, high = sorted((record["f"], record["t"]))
            events += account.desk.move(symbol, low, high, time_ms=at)
            if events:
                told.append(self._hear(account, events))
        self.quotes[symbol] = (record["t"], at)
        return told if "m" in record else [*told, *self._follow_mark(symbol)]

    def _take_marks(self, record: Record, symbol: str, ticks: int) -> None:
        """Mark and index as they stood; logs of older versions know one price only."""
        if self.marks is not None:
            told = record.get("m", {symbol: (ticks, ticks)})
            self.marks.update({s: (mark, index) for s, (mark, index) in told.items()})

    def _mark(self, record: Record) -> list[Told]:
        """Mode ticks: mark and index of a symbol go to ``m`` while the last price is ``l``."""
        symbol, at = record["s"], record["at"]
        self.quotes[symbol] = (record["l"], at)
        self.clock_ms = max(self.clock_ms, at)
        self._take_marks(record, symbol, record["l"])
        return self._follow_mark(symbol)

    def _follow_mark(self, symbol: str) -> list[Told]:
        active = self.activity.on(symbol)
        return [self._hear(a, events) for a in active if (events := a.sim.follow_mark(symbol))]

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
            "settled": self.settled,
            "start_ms": self.source.start_ms,
            "last_closed": self.last_closed,
            "quotes": self.quotes,
            "marks": self.marks,
            "bars": {s: [list(bar.ticks), bar.volume] for s, bar in self.steps.volumes.candles.items()},
            "statuses": self.statuses,
            "accounts": [account.as_record() for account in self.accounts.values()],
        }

    def wake(self, record: Record) -> None:
        """Take over the state written by ``as_record``."""
        self.clock_ms, self.open_ms = record["clock_ms"], record["open_ms"]
        self.settled = record.get("settled", False)
        self.steps.volumes.candles = {
            symbol: CandleBar(CandleTicks(*ticks), volume)
            for symbol, (ticks, volume) in record.get("bars", {}).items()
        }
        self._begin()
        listed = self.source.instruments  # it may have grown since, and shrunk
        # In place: every account looks at this very dict.
        self.quotes.update({s: (q[0], q[1]) for s, q in record["quotes"].items() if s in listed})
        self.last_closed.update({s: ms for s, ms in record["last_closed"].items() if s in listed})
        if self.marks is not None:
            told = record.get("marks") or {}
            self.marks.clear()
            self.marks.update({s: (mark, index) for s, (mark, index) in told.items() if s in listed})
        self.statuses = record.get("statuses", {})
        for kept in record["accounts"]:
            check_listed(kept, listed)
            account = VenueAccount.from_record(
                kept, self.source.instruments, self.spot, quotes=self.quotes, marks=self.marks
            )
            self._enlist(account)
