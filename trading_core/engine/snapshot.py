"""All a decision may know, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import Detail
from trading_core.execution.order import EndedOrder, OpenOrder
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.plan.recent import Recent, Tick
from trading_core.plan.state import PlanState
from trading_core.risk.guards import Ended
from trading_core.risk.levels import Level
from trading_core.risk.locks import Lock
from trading_core.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """What is known of one symbol of one bot."""

    instrument: Instrument
    close_ticks: int
    """The last close of the bot's timeframe in ticks; 0 when there is none yet."""
    verdict: Verdict | None
    """What the rules say at this close; None when it could not be computed. ``tend`` ignores it."""
    position: Position
    """The netting of our executions."""
    position_stop_ticks: int | None
    """The protective stop as the venue last confirmed it."""
    leverage_ppm: int
    """As the venue last confirmed it; 0 = not known."""
    plan: PlanState
    orders: tuple[OpenOrder, ...]
    """Every order of this bot and symbol that may still execute, of whatever trade."""
    stop_busy: bool
    """A SET_STOP is planned, sending or unknown."""
    claimed_by: str | None
    """Name of another bot that holds the claim; None when it is free or ours."""
    ended: tuple[EndedOrder, ...] = ()
    """The orders of trade ``plan.trade`` that have ended, in any order."""
    blocked: Mapping[str, Detail] | None = None
    """Why the account takes no entries in this symbol, with its numbers (``where``, ``until``, ``reason``);
    None when it does."""
    locks: tuple[Lock, ...] = ()
    """The locks that hold for this bot and symbol, the nearest rung first."""
    last_ms: int = 0
    """When the last candle closed; 0 = not known."""
    mark_ticks: int | None = None
    """Mark price; None when it is not known, or no guard asks."""
    funding_ppm: int | None = None
    """Funding rate of the coming settlement; None when it is not known, or no guard asks."""

    tick: Tick | None = None
    """The minute that has just closed; only for plans that follow the market."""
    recent: Recent | None = None
    """The latest candles of the bot's timeframe; only at a signal, for plans that draw distances from them."""

    @property
    def legs_locked(self) -> bool:
        """Whether a lock forbids averaging legs."""
        return any(lock.what.legs for lock in self.locks)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of one bot at one close."""

    document: BotDocument
    state: str
    """Bot state, see ``states.permits``."""
    close_ms: int
    """Market clock: the close that is decided upon."""
    wallet: int
    """Settled balance of the account, money units."""
    symbols: Mapping[str, SymbolFacts]
    """One for each symbol of the universe."""
    reserved: int = 0
    """Margin other bots of the same account hold, money units."""
    age_ms: int = 0
    """How far the market clock had gone on when this was read; too old, nothing is entered on it."""
    day_start_equity: int | None = None
    """Equity when the market day began (``rule_facts.day_start_equity``); only for rules that ask facts."""
    levels: tuple[Level, ...] = ()
    """The risk ladder, from the bot up; empty: nothing is limited."""
    trades: tuple[Ended, ...] = ()
    """Trades of the bot that are over, as far as its guards look back; only for guards that ask."""
    orders_lately: int = 0
    """Orders the bot made in the minute before; only for the guard that asks."""

    @property
    def equity(self) -> int:
        """Wallet, and what the open positions would gain at the last close; money units."""
        return self.wallet + sum(
            facts.position.unrealised(facts.close_ticks, facts.instrument)
            for facts in self.symbols.values()
            if facts.position.lots and facts.close_ticks
        )
