"""``manage.py result``: what a bot's run on the live path came to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot
from bots.services.result import result_of
from trading_core.errors import InvalidInput


class Command(BaseCommand):
    """Writes the result document of a bot, comparable with a backtest's."""

    help = "Write a bot's decisions, orders, executions, trades, equity and metrics as one JSON document."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--bot", required=True, metavar="CODE", help="the bot's public code")
        parser.add_argument(
            "--json", type=Path, metavar="OUT", help="file to write; without it, standard output"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Collect and write."""
        with across_workspaces("conductor"):
            workspace = Bot.objects.filter(code=options["bot"]).values_list("workspace_id", flat=True).first()
        if workspace is None:
            raise CommandError(f"--bot: there is no bot {options['bot']!r}")
        with workspace_scope(workspace, reading=True):
            bot = Bot.objects.select_related("account").get(code=options["bot"])
            try:
                result = result_of(bot)
            except InvalidInput as error:
                raise CommandError(str(error)) from None
        text = json.dumps(result, indent=1)
        if options["json"] is None:
            self.stdout.write(text)
            return
        written = options["json"].with_name(f".{options['json'].name}.part")
        written.write_text(text, encoding="utf-8")
        written.replace(options["json"])
        self.stdout.write(
            f"{options['json']}: {len(result['decisions'])} decisions, {len(result['trades'])} trades"
        )
