"""``manage.py explain``: one decision with every operand.

Of a bot document played over candles (``--bot``), or of a bot in the database as it was recorded
(``--code``), or what another version of rules would have said then (``--code`` and ``--rules``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.management.arguments import add_recorded_arguments, recorded_paths
from bots.models import Bot
from bots.services.explaining import Explained as Recorded
from bots.services.explaining import explain_decision as recorded
from bots.services.explaining import explain_hypothetical
from bots.services.journal import decisions
from conditions.selectors import resolve
from trading_core.backtest.explain import Explained, explain_decision
from trading_core.backtest.inputs import (
    folder_of_market,
    market_from,
    read_bot,
    recorded_from_files,
    tickers_from_files,
    time_of,
)  # fmt: skip
from trading_core.errors import AilonaError, InvalidInput
from trading_core.market.timeframe import Timeframe
from trading_core.rules.explain import Explanation


class Command(BaseCommand):
    """Says why a bot did what it did at a close."""

    help = "Explain one decision of a bot: the outcome, and every condition with its numbers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--bot", type=Path, metavar="BOT.json", help="a bot document, played over candles")
        whose.add_argument(
            "--code", metavar="BOT", help="a bot in the database, as its decision was recorded"
        )
        parser.add_argument(
            "--rules", metavar="VERSION", dest="rules_version",
            help="with --code: what this published version of rules would have said then",
        )  # fmt: skip
        parser.add_argument("--symbol", required=True)
        parser.add_argument(
            "--at", required=True, metavar="TIME", help="the close, or a time within its candle"
        )
        parser.add_argument(
            "--candles", type=Path, nargs="+", metavar="PATH", help="candle files; default: the store"
        )
        add_recorded_arguments(parser)
        parser.add_argument(
            "--from", dest="start", metavar="TIME", help="when the bot began; default: the data's start"
        )
        parser.add_argument("--json", action="store_true", help="print data instead of text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Explain and print."""
        try:
            explained = _recorded(options) if options["code"] else _played(options)
        except AilonaError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(explained.as_data(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(explained.as_text())


def _recorded(options: dict[str, Any]) -> Recorded | Explanation:
    with across_workspaces("journal"):
        workspace = Bot.objects.filter(code=options["code"]).values_list("workspace_id", flat=True).first()
    if workspace is None:
        raise InvalidInput("--code", f"there is no bot {options['code']!r:.40}")
    with workspace_scope(workspace, reading=True):
        bot = Bot.objects.get(code=options["code"])
        symbol, at_ms = options["symbol"], time_of(options["at"], "--at")
        found = decisions(bot, symbol=symbol, from_ms=at_ms, newest_first=False, limit=1)
        if not found or found[0].close_ms - at_ms >= Timeframe(bot.timeframe).ms:
            raise InvalidInput("--at", f"{bot.code} has no decision on {symbol} then")
        if options["rules_version"]:
            rules = resolve(options["rules_version"])
            return explain_hypothetical(bot, rules, symbol, found[0].close_ms)
        return recorded(bot, found[0])


def _played(options: dict[str, Any]) -> Explained:
    document = read_bot(options["bot"])
    root = Path(settings.DATA_DIR) / "candles"
    market = market_from(document, options["candles"], root)
    paths = recorded_paths(options, options["candles"] or [folder_of_market(root, document)])
    return explain_decision(
        document,
        market.candles,
        market.instruments,
        symbol=options["symbol"],
        at_ms=time_of(options["at"], "--at"),
        start_ms=time_of(options["start"], "--from") if options["start"] else None,
        tickers=tickers_from_files(document, paths),
        recorded=recorded_from_files(document, paths),
    )
