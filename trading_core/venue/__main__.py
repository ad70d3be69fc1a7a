"""``python -m trading_core.venue``: the venue without Django."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from trading_core.errors import AilonaError
from trading_core.exchanges.bybit.environments import BYBIT
from trading_core.venue.config import DEFAULT_SYMBOLS, VenueConfig
from trading_core.venue.market.listing import LISTED_MAX
from trading_core.venue.server import run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the venue's options."""
    parser.add_argument("--data-dir", type=Path, default=Path("var/venue"), help="folder of the log")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0: a free one, printed")
    parser.add_argument(
        "--market",
        choices=("synthetic", "replay", "upstream"),
        default="synthetic",
        help="where prices come from",
    )
    parser.add_argument("--mode", choices=("ticks", "candles"), default="ticks", help="candles: lock-step")
    parser.add_argument(
        "--symbols", default=",".join(DEFAULT_SYMBOLS), help="of a synthetic or upstream market"
    )
    parser.add_argument(
        "--symbol-count",
        type=int,
        default=None,
        help=f"instead of --symbols: so many of a synthetic market's listing, up to {LISTED_MAX}",
    )
    bybit = BYBIT["mainnet"]
    parser.add_argument("--upstream-rest", default=bybit.rest, help="venue that upstream follows")
    parser.add_argument("--upstream-stream", default=bybit.public_stream, help="its streams")
    parser.add_argument("--upstream-stall", type=float, default=15.0, help="seconds of silence to reconnect")
    parser.add_argument("--seed", type=int, default=7, help="of the market and of faults")
    parser.add_argument("--candles", type=Path, nargs="*", default=[], help="1m candle files of a replay")
    parser.add_argument("--start", type=_time, default=None, help="first candle: UTC ISO time or ms")
    parser.add_argument("--limit", type=int, default=None, help="how many candles are played")
    parser.add_argument("--speed", type=float, default=1.0, help="market seconds per second, mode ticks")
    parser.add_argument(
        "--history-days", type=int, default=30, help="candles before the start, but of a replay"
    )
    parser.add_argument("--funding-rate-e8", type=int, default=None, help="constant rate in 1e-8")
    parser.add_argument(
        "--request-limits", choices=("auto", "on", "off"), default="auto",
        help="requests per second and account; auto: in mode ticks",
    )  # fmt: skip
    parser.add_argument("--limit-multiplier", type=int, default=1, help="of the limits, as VIP levels have")
    parser.add_argument("--address-limits", action="store_true", help="count per client address too")
    parser.add_argument("--fsync", action="store_true", help="wait for the disk before answering")
    parser.add_argument("--snapshot-every", type=int, default=50_000, help="log records between snapshots")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the starter ends (Linux)")


def _time(text: str) -> int:
    if text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def config_of(options: argparse.Namespace, control_token: str) -> VenueConfig:
    """The configuration of parsed options."""
    return VenueConfig(
        data_dir=options.data_dir,
        control_token=control_token,
        host=options.host,
        port=options.port,
        market=options.market,
        mode=options.mode,
        symbols=tuple(s for s in options.symbols.split(",") if s),
        symbol_count=options.symbol_count,
        upstream_rest=options.upstream_rest,
        upstream_stream=options.upstream_stream,
        upstream_stall_s=options.upstream_stall,
        seed=options.seed,
        files=tuple(options.candles),
        start_ms=options.start,
        limit=options.limit,
        speed=options.speed,
        history_days=options.history_days,
        funding_rate_e8=options.funding_rate_e8,
        request_limits={"auto": None, "on": True, "off": False}[options.request_limits],
        limit_multiplier=options.limit_multiplier,
        address_limits=options.address_limits,
        fsync=options.fsync,
        snapshot_every=options.snapshot_every,
        die_with_parent=options.die_with_parent,
    )


def main() -> None:
    """Run a venue; VENUE_CONTROL_TOKEN must be set."""
    parser = argparse.ArgumentParser(prog="python -m trading_core.venue", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args()
    try:
        run(config_of(options, os.environ.get("VENUE_CONTROL_TOKEN", "")))
    except (AilonaError, OSError) as e:
        sys.exit(f"venue: {e}")


if __name__ == "__main__":
    main()
