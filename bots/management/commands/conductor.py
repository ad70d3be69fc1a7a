"""``manage.py conductor``: steps a lock-step market."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.services.conductor import Conductor, ConductorConfig, NotLockStep
from bots.services.venue_control import VenueControl


class Command(BaseCommand):
    """Plays until the end of the market."""

    help = "Let the venue's market go on whenever the platform is quiet (mode candles), until its end."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--candles", type=int, help="stop after so many candle times")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play, saying how far it is."""
        if options["candles"] is not None and options["candles"] < 1:
            raise CommandError("--candles: expected at least 1")
        conductor = Conductor(
            ConductorConfig(control=VenueControl.from_settings, say=self._say, candles=options["candles"])
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: conductor.stop())
        try:
            conductor.play()
        except NotLockStep as error:
            raise CommandError(str(error)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
