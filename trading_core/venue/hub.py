"""The venue while it runs: the exchange, its journal, and everybody who listens."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import urlsplit

from trading_core.errors import InvalidInput
from trading_core.market.candle import Candle
from trading_core.simulator.orders import CancelReason, StandingOrder
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.spot.orders import SpotOrder
from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.config import VenueConfig
from trading_core.venue.disconnects import Disconnects
from trading_core.venue.exchange import FIRST_UID, Exchange, Outcome
from trading_core.venue.faults.active import Faults
from trading_core.venue.faults.visibility import note
from trading_core.venue.journal import Journal, Record
from trading_core.venue.keys import KeyRights
from trading_core.venue.limits import RateLimits
from trading_core.venue.market.replay import ReplayMarket
from trading_core.venue.market.source import MINUTE_MS, MarketSource
from trading_core.venue.market.synthetic import SyntheticMarket
from trading_core.venue.market.upstream_rest import UpstreamRest, upstream_market
from trading_core.venue.streams.private import PrivateStreams
from trading_core.venue.streams.public import PublicStreams
from trading_core.venue.streams.sockets import Sockets


class Forming(Protocol):
    """Whoever moves prices in mode ``ticks``."""

    def forming(self, symbol: str) -> Candle | None:
        """The minute being played, as far as it was played."""


class Venue:
    """One market, its accounts, its log."""

    def __init__(self, config: VenueConfig) -> None:
        self.config = config
        folder = config.data_dir / _folder_name(config)
        self.journal, snapshot, records = Journal.open(folder, fsync=config.fsync)
        source = _source(config, start_ms=_known_start(snapshot, records))
        self.exchange = Exchange(source, lockstep=config.mode == "candles")
        self._recover(snapshot, records)
        self.public = PublicStreams(self.exchange)
        self.private = PrivateStreams(
            Disconnects(lambda uid: self.exchange.accounts[uid].dcp_s, self._cancel_orders)
        )
        self.sockets = Sockets()
        self.limits = RateLimits(multiplier=config.limit_multiplier)
        self.faults = Faults(seed=config.seed)
        self.pacer: Forming | None = None
        """None in mode ``candles``."""

    def _recover(self, snapshot: Record | None, records: list[Record]) -> None:
        if snapshot is not None:
            self.exchange.wake(snapshot)
        for record in records:
            if record["op"] != "market":
                self.exchange.play(record)
        self.exchange.forget_recent()
        if snapshot is None and not records:
            self.journal.append({"op": "market", "start_ms": self.exchange.source.start_ms})

    def submit(self, record: Record) -> Outcome:
        """Carry a record out and write it down; raise SimRefused, having changed nothing.

        Nobody is told yet: the answer goes first, then ``publish``.
        """
        outcome = self.exchange.play(record)
        self.journal.append(record)
        if self.faults:
            note(self.faults, outcome)
        if self.journal.written >= self.config.snapshot_every:
            self.journal.snapshot(self.exchange.as_record())
        return outcome

    def publish(self, outcome: Outcome) -> None:
        """Tell accounts what happened to them, then everybody which candles closed."""
        for told in outcome.told:
            self.private.tell(told.account, told.events)
            self.public.happened(told.events)
        if outcome.closed:
            self.public.candles_closed(outcome.closed)

    def _cancel_orders(self, uid: int) -> None:
        """Cancel the open orders of an account whose owner has been gone too long."""
        account = self.exchange.accounts[uid]
        for order in account.open_orders():
            if account.orders[order.number].is_open:
                self.publish(self.cancel(account, order, CancelReason.BY_DISCONNECT))

    def cancel(self, account: VenueAccount, order: StandingOrder, reason: CancelReason) -> Outcome:
        """Cancel an open order of either market."""
        values = {"number": order.number, "reason": reason.value}
        if isinstance(order, SpotOrder):
            return self.command(account, "spot_cancel", order.symbol, **values)
        return self.command(account, "cancel", order.symbol, index=order.index, **values)

    def command(self, account: VenueAccount, name: str, symbol: str, **values: Any) -> Outcome:
        """Submit an account's command at the price that stands now."""
        record: Record = {"op": name, "uid": account.uid, "symbol": symbol, **values}
        if not self.exchange.is_lockstep and symbol in self.exchange.quotes:
            record["q"] = list(self.exchange.quotes[symbol])
            record["m"] = self.exchange.marks_of({symbol, *account.sim.ledger.symbols})
        return self.submit(record)

    def open_account(
        self,
        reference: str,
        *,
        deposit: int,
        params: MatchingParams,
        rights: KeyRights | None = None,
        coins: dict[str, int] | None = None,
    ) -> VenueAccount:
        """The account of that reference, opened now if there is none; the key may what ``rights`` say.

        It begins with ``deposit`` of the settle coin and ``coins`` of others, in 10⁻⁸.
        """
        known = self.exchange.by_reference.get(reference)
        if known is not None:
            return known
        uid = FIRST_UID + len(self.exchange.accounts)
        record = {
            "op": "account", "uid": uid, "reference": reference, "deposit": deposit, "at": wall_ms(),
            "key": secrets.token_hex(9), "secret": secrets.token_hex(18), "params": asdict(params),
            "rights": (rights or KeyRights()).as_record(), "coins": coins or {},
        }  # fmt: skip
        self.submit(record)
        return self.exchange.accounts[uid]


def _folder_name(config: VenueConfig) -> str:
    """Each market and mode has a folder of its own: states never mix."""
    if config.market == "synthetic":
        return f"synthetic-{config.seed}-{config.mode}"
    if config.market == "upstream":
        return f"upstream-{re.sub(r'[^a-zA-Z0-9.-]', '_', urlsplit(config.upstream_rest).netloc)}"
    names = "+".join(sorted(file.stem for file in config.files))
    return f"replay-{names[:120]}-{config.start_ms or 0}-{config.limit or 0}-{config.mode}"


def _known_start(snapshot: Record | None, records: list[Record]) -> int | None:
    """Where the market began, if this folder already holds one."""
    if snapshot is not None:
        return int(snapshot["start_ms"])
    if records and records[0]["op"] == "market":
        return int(records[0]["start_ms"])
    if records:
        raise InvalidInput("log line 1", "expected the market record")
    return None


def _source(config: VenueConfig, *, start_ms: int | None) -> MarketSource:
    if config.market == "upstream":
        return upstream_market(
            UpstreamRest(config.upstream_rest, config.symbols),
            config.upstream_rest,
            start_ms=start_ms,
            history_days=config.history_days,
            seed=config.seed,
        )
    start = config.start_ms if start_ms is None else start_ms
    if config.market == "replay":
        return ReplayMarket.read(
            config.files,
            start_ms=start,
            limit=config.limit,
            funding_rate_e8=config.funding_rate_e8,
            seed=config.seed,
        )
    return SyntheticMarket(
        config.listed,
        seed=config.seed,
        start_ms=wall_ms() // MINUTE_MS * MINUTE_MS if start is None else start,
        limit=config.limit,
        history_days=config.history_days,
        funding_rate_e8=config.funding_rate_e8,
    )
