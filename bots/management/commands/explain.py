"""``manage.py explain``: one decision with every operand, from a bot document and candles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading_core.backtest.explain import Explained, explain_decision
from trading_core.backtest.inputs import market_from_files, market_from_store, read_bot, time_of
from trading_core.errors import AilonaError


class Command(BaseCommand):
    """Says why a bot did what it did at a close."""

    help = "Explain one decision of a bot: the outcome, and every condition with its numbers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--bot", type=Path, required=True, metavar="BOT.json", help="the bot document")
        parser.add_argument("--symbol", required=True)
        parser.add_argument(
            "--at", required=True, metavar="TIME", help="the close, or a time within its candle"
        )
        parser.add_argument(
            "--candles", type=Path, nargs="+", metavar="PATH", help="candle files; default: the store"
        )
        parser.add_argument(
            "--from", dest="start", metavar="TIME", help="when the bot began; default: the data's start"
        )
        parser.add_argument("--json", action="store_true", help="print data instead of text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Explain and print."""
        try:
            explained = _explained(options)
        except AilonaError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(explained.as_data(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write(explained.as_text())


def _explained(options: dict[str, Any]) -> Explained:
    document = read_bot(options["bot"])
    if options["candles"]:
        market = market_from_files(document, options["candles"])
    else:
        market = market_from_store(document, Path(settings.DATA_DIR) / "candles")
    return explain_decision(
        document,
        market.candles,
        market.instruments,
        symbol=options["symbol"],
        at_ms=time_of(options["at"], "--at"),
        start_ms=time_of(options["start"], "--from") if options["start"] else None,
    )
