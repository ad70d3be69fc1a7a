"""``manage.py trader``: the process that alone opens keys, signs, sends and listens to private streams."""

from __future__ import annotations

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bots.trader.config import TraderConfig
from bots.trader.service import Trader


class Command(BaseCommand):
    """Run a trader until it is told to stop."""

    help = "Carry out what bots decided: serve the exchange accounts of one shard until interrupted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shard",
            default="0/1",
            metavar="I/N",
            help="serve the accounts whose id leaves I when divided by N",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        config = TraderConfig.from_settings(shard=shard_of(options["shard"]))
        self.stdout.write(f"trader {config.holder} on {config.venue_url}")
        asyncio.run(_run(config))


def shard_of(text: str) -> tuple[int, int]:
    """Return (i, n) of ``i/n``."""
    part, mark, parts = text.partition("/")
    if not mark or not part.isdecimal() or not parts.isdecimal() or not int(part) < int(parts):
        raise CommandError(f"--shard: expected I/N with I below N, was {text!r}")
    return int(part), int(parts)


async def _run(config: TraderConfig) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    await Trader(config).run(stop)
