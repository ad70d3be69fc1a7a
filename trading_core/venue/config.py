"""What a venue is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit.environments import BYBIT
from trading_core.simulator.params import MatchingParams
from trading_core.venue.market.listing import LISTED_MAX, listing

DEFAULT_SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT")

SPEED_MAX = 10_000
"""Faster is what mode ``candles`` is for."""

Mode = Literal["candles", "ticks"]


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """Everything a venue process needs; ``validate`` raises InvalidInput naming the field."""

    data_dir: Path
    """Folder of the log; the venue makes a sub-folder for each market in it."""
    control_token: str
    """Bearer token of ``/control``."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one; it is printed."""
    market: Literal["synthetic", "replay", "upstream"] = "synthetic"
    mode: Mode = "ticks"
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    """Of a synthetic or an upstream market."""
    symbol_count: int | None = None
    """How many symbols of its listing a synthetic market has, from the best known on; None: ``symbols``."""
    upstream_rest: str = BYBIT["mainnet"].rest
    """Address of the venue that an upstream market follows, without a path."""
    upstream_stream: str = BYBIT["mainnet"].public_stream
    """Address of its streams, without a path."""
    upstream_stall_s: float = 15.0
    """Silence of the upstream after which the line to it is made anew; a third of it lies between pings."""
    seed: int = 7
    files: tuple[Path, ...] = ()
    """Candle files of a replay, one per symbol."""
    start_ms: int | None = None
    """First candle played; None: the first there is (replay), this minute (synthetic)."""
    limit: int | None = None
    """How many candle times are played; None: all (replay), no end (synthetic)."""
    speed: float = 1.0
    """Market seconds per wall second in mode ``ticks``."""
    history_days: int = 30
    """How far back a synthetic or an upstream market can be asked for candles."""
    funding_rate_e8: int | None = None
    """Constant funding rate in 10⁻⁸; None: seeded (synthetic), recorded beside the candles (replay)."""
    params: MatchingParams = field(default_factory=MatchingParams)
    request_limits: bool | None = None
    """Whether requests are counted per account; None: in mode ticks, where the wall clock is the market's."""
    limit_multiplier: int = 1
    """Of the documented limits: VIP levels have 2 to 6."""
    address_limits: bool = False
    """Whether requests and sockets are counted per address too. Off: own bots share one address."""
    fsync: bool = False
    """Wait for the disk, not only for the kernel, before a command is answered."""
    snapshot_every: int = 50_000
    """Log records between two snapshots."""
    die_with_parent: bool = False
    """Linux: be killed when the process that started this one ends."""

    @property
    def counts_requests(self) -> bool:
        """Whether an account can ask too often."""
        return self.mode == "ticks" if self.request_limits is None else self.request_limits

    @property
    def listed(self) -> tuple[str, ...]:
        """The symbols of a synthetic market."""
        return self.symbols if self.symbol_count is None else listing()[: self.symbol_count]

    def validate(self) -> None:
        """Raise InvalidInput for what can't be run."""
        if not self.control_token:
            raise InvalidInput("control_token", "expected a token, was empty")
        if self.market == "replay" and not self.files:
            raise InvalidInput("files", "expected at least one candle file for a replay")
        if self.market != "replay" and not self.symbols:
            raise InvalidInput("symbols", "expected at least one symbol")
        if self.symbol_count is not None and not (
            self.market == "synthetic" and 1 <= self.symbol_count <= LISTED_MAX
        ):
            raise InvalidInput(
                "symbol_count",
                f"expected 1 to {LISTED_MAX} symbols of a synthetic market, was {self.symbol_count}",
            )
        if self.market == "upstream":
            self._validate_upstream()
        if not 0 < self.speed <= SPEED_MAX:
            raise InvalidInput("speed", f"expected more than 0 and at most {SPEED_MAX}, was {self.speed}")
        if self.limit_multiplier < 1:
            raise InvalidInput("limit_multiplier", f"expected 1 or more, was {self.limit_multiplier}")
        if self.limit is not None and self.limit <= 0:
            raise InvalidInput("limit", f"expected a positive count, was {self.limit}")

    def _validate_upstream(self) -> None:
        """An upstream has its own pace and its own beginning."""
        if self.mode != "ticks":
            raise InvalidInput("mode", "expected ticks: an upstream market can't be stepped")
        if self.speed != 1.0 or self.limit is not None or self.start_ms is not None:
            raise InvalidInput("speed", "expected no speed, start or limit: an upstream market has its own")
        for name, schemes in (("upstream_rest", ("http", "https")), ("upstream_stream", ("ws", "wss"))):
            address = urlsplit(getattr(self, name))
            if address.scheme not in schemes or not address.netloc:
                raise InvalidInput(name, f"expected an address that begins with {schemes[0]}(s)://")
        if self.upstream_stall_s <= 0:
            raise InvalidInput("upstream_stall", f"expected more than 0 s, was {self.upstream_stall_s}")
