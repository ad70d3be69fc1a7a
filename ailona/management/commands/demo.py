"""``manage.py demo``: the demo workspace and its login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from ailona.stack.demo import EMAIL, WORKSPACE, DemoLogin, demo_bots, ensure_demo, reset_password
from ailona.stack.demo_bots import add_bot_argument, documents_of
from ailona.stack.venue import ask
from bots.services.venue_control import VenueUnreachable
from trading_core.errors import InvalidInput


class Command(BaseCommand):
    """Creates the demo workspace, or gives its person a new password."""

    help = "Create the demo workspace with three paper bots, or print a new password for its login."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        add_bot_argument(parser)
        parser.add_argument(
            "--reset-password", action="store_true", help="give the demo login a new password"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the login."""
        login = self._reset() if options["reset_password"] else self._ensure(options["bot"])
        self.stdout.write(f"{WORKSPACE}: {login.email}  {login.password}")
        for code, name in demo_bots():
            self.stdout.write(f"bot {code} {name}")

    def _reset(self) -> DemoLogin:
        try:
            return reset_password()
        except User.DoesNotExist:
            raise CommandError(f"{EMAIL} does not exist yet; run `manage.py demo` first") from None

    def _ensure(self, paths: list[Path]) -> DemoLogin:
        try:
            return ensure_demo(documents_of(paths, ask()))
        except (VenueUnreachable, InvalidInput, OSError) as error:
            raise CommandError(str(error)) from None
