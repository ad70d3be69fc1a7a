"""For each environment: where it is, what its market is called, and its instruments."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.models import Environment
from ailona.kit import clock
from bots.services.instruments import close_missing, latest_instruments, save_instruments
from bots.services.venue_control import VenueControl
from bots.trader.config import VENUE_ENVIRONMENTS, TraderConfig
from trading_core.exchanges.bybit.environments import BYBIT, Addresses, venue_addresses
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.market.instrument import Instrument

log = logging.getLogger(__name__)

CATEGORY = "linear"
BYBIT_SOURCE = "bybit"


@dataclass(frozen=True, slots=True)
class Market:
    """One environment as the trader uses it; ``instruments`` is filled in place when they change."""

    addresses: Addresses
    source: str
    instruments: dict[str, Instrument]
    stop_trigger: str
    lock_step: bool = False
    """Its market clock stands still between events: no waiting helps against its rate limits."""
    refresh_wanted: threading.Event = field(default_factory=threading.Event)
    """Set when a refusal suggests that a definition is old."""
    pacers: dict[str, Pacer] = field(default_factory=dict)
    """By user id: the exchange counts an account's requests, not a session's."""

    def pacer_of(self, uid: str) -> Pacer:
        """Return the pace of an exchange account, which outlives whoever serves it."""
        return self.pacers.setdefault(uid, Pacer(still=self.lock_step))


@dataclass(frozen=True, slots=True)
class Told:
    """What an environment told of itself."""

    addresses: Addresses
    source: str
    stop_trigger: str
    instruments: list[Instrument]
    lock_step: bool = False
    decides: bool = True
    """Whether a contract it doesn't list is gone from its source."""


def ask_market(environment: str, config: TraderConfig, venue: VenueControl) -> Told:
    """Ask an environment for its instruments; raises an ``ExchangeError``."""
    lock_step, decides = False, True
    if environment in VENUE_ENVIRONMENTS:
        status = venue.status()
        addresses, source = venue_addresses(config.venue_url), status.source
        lock_step, stop_trigger = status.lock_step, "LastPrice"
    else:
        addresses, source, stop_trigger = BYBIT[Environment(environment).value], BYBIT_SOURCE, "MarkPrice"
        # The testnet lists other contracts than the market whose candles decide.
        decides = environment != Environment.TESTNET
    public = BybitMarket(endpoint=addresses.rest, wall_ms=clock.wall_ms)
    try:
        return Told(addresses, source, stop_trigger, public.instruments(CATEGORY), lock_step, decides)
    finally:
        public.close()


def keep_market(told: Told) -> Market:
    """Store the instrument versions that are new; return the market as the rows have it."""
    new = save_instruments(told.source, told.instruments)
    log.info("%s: %d instruments, %d new versions", told.source, len(told.instruments), new)
    symbols = [instrument.symbol for instrument in told.instruments]
    if told.decides:
        gone = close_missing(told.source, CATEGORY, symbols)
        if gone:
            log.warning("%s lists no more: %s", told.source, ", ".join(gone))
        symbols += gone
    instruments = latest_instruments(told.source, CATEGORY, symbols)
    return Market(told.addresses, told.source, instruments, told.stop_trigger, told.lock_step)


def changed_statuses(before: Mapping[str, Instrument], after: Mapping[str, Instrument]) -> dict[str, str]:
    """Return the new status of each known contract that has another one now."""
    return {
        symbol: instrument.status
        for symbol, instrument in after.items()
        if symbol in before and before[symbol].status != instrument.status
    }
