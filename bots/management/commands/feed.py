"""``manage.py feed``: the public stream as a process of its own."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from bots.services.feed import Feed
from bots.services.feed_config import FeedConfig


class Command(BaseCommand):
    """Follows the market until it is told to stop."""

    help = "Follow the market's public stream: store closed candles and wake the bots they concern."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until SIGINT or SIGTERM."""
        asyncio.run(_main())


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await Feed(FeedConfig.from_settings()).run(stop)
