"""``manage.py backtest``: a bot document over history, without a database."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.management.arguments import add_funding_argument
from trading_core.backtest.inputs import (
    market_from,
    read_bot,
    tickers_from_files,
    time_of,
)  # fmt: skip
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run
from trading_core.errors import AilonaError


class Command(BaseCommand):
    """Plays a bot and prints its figures."""

    help = "Backtest a bot document over 1m candles from files or, without --candles, from the store."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--bot", type=Path, required=True, metavar="BOT.json", help="the bot document")
        parser.add_argument(
            "--candles", type=Path, nargs="+", metavar="PATH", help="candle files, or folders of them"
        )
        add_funding_argument(parser)
        parser.add_argument("--from", dest="start", metavar="TIME", help="first minute; earlier ones warm up")
        parser.add_argument("--to", dest="end", metavar="TIME", help="the minute before which to end")
        parser.add_argument("--limit", type=int, metavar="N", help="play N minutes at most")
        parser.add_argument("--json", type=Path, metavar="OUT", help="write the result document there")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play, write, print."""
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit: expected 1 or more")
        try:
            result = self._play(options)
            if options["json"] is not None:
                write_whole(options["json"], json.dumps(result, ensure_ascii=False) + "\n")
        except AilonaError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"--json: {error}") from None
        self._print(result)

    def _play(self, options: dict[str, Any]) -> dict[str, Any]:
        document = read_bot(options["bot"])
        market = market_from(document, options["candles"], Path(settings.DATA_DIR) / "candles")
        played = run(
            document,
            market.candles,
            market.instruments,
            start_ms=time_of(options["start"], "--from") if options["start"] else None,
            end_ms=time_of(options["end"], "--to") if options["end"] else None,
            limit=options["limit"],
            progress=self._progress,
            tickers=tickers_from_files(document, options["funding"]),
        )
        return result_document(played)

    def _progress(self, done: int, of: int) -> None:
        self.stderr.write(f"{done:,} of {of:,} candles", ending="\r" if self.stderr.isatty() else "\n")

    def _print(self, result: dict[str, Any]) -> None:
        meta, metrics = result["meta"], result["metrics"]
        self.stdout.write(
            f"{meta['bot']['name']}: {meta['candles']:,} candles, {meta['from']} to {meta['to']}"
        )
        for name, value in metrics.items():
            self.stdout.write(f"  {name:24} {_shown(value)}")
        self.stdout.write(f"  {'orders':24} {len(result['orders'])}")
        self.stdout.write(f"  {'executions':24} {len(result['executions'])}")
        self.stdout.write(f"  {'digest':24} {meta['digest']}")


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "reason" in value:
        return f"none ({value['reason']})"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return str(value)
