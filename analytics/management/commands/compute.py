"""``manage.py compute``: the process that plays backtests."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics.compute.process import Compute

NICE = 10
"""Trading goes first."""


class Command(BaseCommand):
    """Runs until it is told to stop."""

    help = "Play backtests that people asked for, one at a time, and keep the engine's machine code warm."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument(
            "--warm", action="store_true", help="compile the engine at the start, not with the first backtest"
        )
        parser.add_argument("--once", action="store_true", help="play what waits, then end")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Work until stopped."""
        os.nice(NICE)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        compute = Compute.from_settings(stop)
        if options["warm"]:
            compute.code.begin()
        if options["once"]:
            while compute.play_next():
                pass
            compute.code.stop()
            return
        compute.run()
