"""``manage.py venue``: the exchange that paper accounts are on, configured as this installation is."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading_core.errors import AilonaError
from trading_core.venue.__main__ import add_arguments, config_of
from trading_core.venue.server import run


class Command(BaseCommand):
    """Runs the venue on the address of VENUE_URL until it is stopped."""

    help = "Run the venue: a server that speaks Bybit v5, at synthetic, replayed or Bybit's prices."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the venue's own options; the environment gives their defaults."""
        address = urlsplit(settings.VENUE_URL)
        add_arguments(parser)
        parser.set_defaults(
            data_dir=Path(settings.DATA_DIR) / "venue",
            host=address.hostname or "127.0.0.1",
            port=address.port or 0,
            market=settings.VENUE_MARKET,
            upstream_rest=settings.UPSTREAM_REST,
            upstream_stream=settings.UPSTREAM_STREAM,
            candles=[Path(path) for path in settings.CANDLES],
            speed=settings.SPEED,
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Serve until stopped."""
        try:
            run(config_of(Namespace(**options), settings.VENUE_CONTROL_TOKEN))
        except (AilonaError, OSError) as error:
            raise CommandError(str(error)) from None
