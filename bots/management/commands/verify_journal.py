"""``manage.py verify_journal``: whether the packed decisions of bots are what was written."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot
from bots.services.packing import verify


class Command(BaseCommand):
    """Follows the hash chains."""

    help = "Check every page of a bot's decision journal against its hash chain; names the first broken one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--bot", metavar="CODE", help="only this bot; default: all bots")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check and say."""
        with across_workspaces("journal"):
            found = Bot.objects.order_by("pk")
            if options["bot"]:
                found = found.filter(code=options["bot"])
            bots = list(found.values_list("workspace_id", "pk"))
        if options["bot"] and not bots:
            raise CommandError(f"--bot: there is no bot {options['bot']!r}")
        broken = [text for workspace, pk in bots if (text := _fault(workspace, pk))]
        for text in broken:
            self.stderr.write(text)
        if broken:
            raise CommandError(f"{len(broken)} of {len(bots)} journals are broken")
        self.stdout.write(f"{len(bots)} journals are whole")


def _fault(workspace: int, pk: int) -> str:
    with workspace_scope(workspace, reading=True):
        bot = Bot.objects.get(pk=pk)
        broken = verify(bot)
    if broken is None:
        return ""
    closes = f"{broken.first_close_ms} to {broken.last_close_ms}"
    return f"{bot.code}: page of {broken.symbol}, closes {closes}: {broken.reason}"
