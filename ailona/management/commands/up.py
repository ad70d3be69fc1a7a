"""``manage.py up``: the embedded stack, its parts in one process, the venue and the compute process as children."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ailona.checks import refuse_unsafe_start
from ailona.env import env_str
from ailona.stack.compute import compute_child
from ailona.stack.demo import DemoLogin, ensure_demo
from ailona.stack.demo_bots import add_bot_argument, documents_of
from ailona.stack.embedded import PartDied, Stack
from ailona.stack.parts import Web
from ailona.stack.ports import AddressTaken, listen_for_pages
from ailona.stack.program import parts
from ailona.stack.venue import VenueSilent, venue_child, wait_for
from bots.services.venue_control import VenueStatus
from trading_core.errors import AilonaError

SWITCH_S = 0.0005


class Command(BaseCommand):
    """Runs everything until Ctrl-C."""

    help = "Run the whole platform in one process, the venue and backtests as its children. Ctrl-C stops every part."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--lockstep", action="store_true", help="market time waits for the platform")
        parser.add_argument("--limit", type=int, help="how many candle times are played")
        add_bot_argument(parser)
        parser.add_argument("--no-demo", action="store_true", help="create no demo workspace")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Start, and return when everything has stopped."""
        if not settings.EMBEDDED:
            raise CommandError(
                "DATABASE_URL or REDIS_URL is set: run the parts as processes of their own (compose.yaml shows how)"
            )
        if settings.MARKET == "bybit" and options["lockstep"]:
            raise CommandError("Bybit's market can't be stepped: leave out --lockstep")
        try:
            self._run(listen_for_pages(env_str("LISTEN")), options)
        except KeyboardInterrupt:
            self.stdout.write("Stopped while starting.")
        except (AddressTaken, VenueSilent, PartDied, AilonaError, OSError, ValueError) as error:
            raise CommandError(str(error)) from None

    def _run(self, pages: socket.socket, options: dict[str, Any]) -> None:
        # All parts share one interpreter: nobody should wait the usual 5 ms for a turn after each query.
        sys.setswitchinterval(SWITCH_S)
        venue = venue_child(lockstep=options["lockstep"], limit=options["limit"])
        venue.start()
        try:
            call_command("migrate", verbosity=0, interactive=False)
            refuse_unsafe_start()
            market = wait_for(venue)
            login = None if options["no_demo"] else ensure_demo(documents_of(options["bot"], market))
            stack = Stack(
                web=Web("ailona.asgi:application", pages),
                parts=parts(lockstep=options["lockstep"]),
                venue=venue,
                helpers=[compute_child()],
            )
            asyncio.run(stack.run(lambda: self._greet(pages, market, login)))
        finally:
            venue.stop()
        self.stdout.write("Stopped. The next start continues here.")

    def _greet(self, pages: socket.socket, market: VenueStatus, login: DemoLogin | None) -> None:
        host, port = pages.getsockname()[:2]
        name = f"[{host}]" if ":" in host else host
        self.stdout.write(f"\nAI-Lona   http://{name}:{port}/")
        self.stdout.write(f"Market    {market.name} (paper: no real money, no real exchange)")
        if login is not None:
            password = login.password or "(the one you set; `make demo` gives a new one)"
            self.stdout.write(f"Login     {login.email}\nPassword  {password}")
        self.stdout.write(
            "Single-user stack: its parts share one process, so it refuses testnet and mainnet keys.\n"
            "Ctrl-C stops everything.\n"
        )
        self.stdout.flush()
