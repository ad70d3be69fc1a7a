"""For each environment: where it is, what its market is called, and its instruments."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

import requests

from accounts.models import Environment
from ailona.kit import clock
from bots.services.instruments import latest_instruments, save_instruments
from bots.trader.config import VENUE_ENVIRONMENTS, TraderConfig
from trading_core.errors import NotSent, OutcomeUnknown
from trading_core.exchanges.bybit.environments import BYBIT, Addresses, venue_addresses
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.market.instrument import Instrument
from trading_core.money import amount, plain

log = logging.getLogger(__name__)

CATEGORY = "linear"
BYBIT_SOURCE = "bybit"
CONTROL_TIMEOUT_S = 5.0


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


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials of an account the venue opened."""

    uid: str
    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"Issued({self.uid})"


class VenueAccounts:
    """The side of our own venue that opens accounts; raises ``NotSent`` or ``OutcomeUnknown``."""

    def __init__(self, config: TraderConfig) -> None:
        self._base = config.venue_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {config.venue_token}"

    def status(self) -> dict[str, Any]:
        """Ask what the venue plays."""
        return self._ask("GET", "/control/status")

    def open_account(self, *, reference: str, balance: int) -> Issued:
        """Open an account, or get the one opened under this reference; ``balance`` in money units."""
        body = {"reference": reference, "balance": plain(amount(balance))}
        answer = self._ask("POST", "/control/accounts", body)
        return Issued(str(answer["uid"]), str(answer["api_key"]), str(answer["api_secret"]))

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._session.request(
                method, self._base + path, json=body, timeout=CONTROL_TIMEOUT_S, allow_redirects=False
            )
        except requests.exceptions.ConnectionError as e:
            raise NotSent(f"the venue is not there: {type(e).__name__}") from None
        except requests.exceptions.RequestException as e:
            raise OutcomeUnknown(f"no answer of the venue: {type(e).__name__}") from None
        if not answer.ok:
            raise OutcomeUnknown(f"{path}: HTTP status {answer.status_code}: {answer.text[:100]}")
        try:
            found = answer.json()
        except requests.exceptions.JSONDecodeError:
            raise OutcomeUnknown(f"{path}: the answer is not JSON") from None
        return dict(found)


@dataclass(frozen=True, slots=True)
class Told:
    """What an environment told of itself."""

    addresses: Addresses
    source: str
    stop_trigger: str
    instruments: list[Instrument]
    lock_step: bool = False


def ask_market(environment: str, config: TraderConfig, venue: VenueAccounts) -> Told:
    """Ask an environment for its instruments; raises an ``ExchangeError``."""
    lock_step = False
    if environment in VENUE_ENVIRONMENTS:
        status = venue.status()
        addresses, source = venue_addresses(config.venue_url), str(status["market"]["source"])
        lock_step = status["mode"] == "candles"
        stop_trigger = "LastPrice"
    else:
        addresses, source, stop_trigger = BYBIT[Environment(environment).value], BYBIT_SOURCE, "MarkPrice"
    public = BybitMarket(endpoint=addresses.rest, wall_ms=clock.wall_ms)
    try:
        return Told(addresses, source, stop_trigger, public.instruments(CATEGORY), lock_step)
    finally:
        public.close()


def keep_market(told: Told) -> Market:
    """Store the instrument versions that are new; return the market as the rows have it."""
    new = save_instruments(told.source, told.instruments)
    log.info("%s: %d instruments, %d new versions", told.source, len(told.instruments), new)
    symbols = [instrument.symbol for instrument in told.instruments]
    instruments = latest_instruments(told.source, CATEGORY, symbols)
    return Market(told.addresses, told.source, instruments, told.stop_trigger, told.lock_step)
