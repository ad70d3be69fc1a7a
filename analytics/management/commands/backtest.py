"""``manage.py backtest``: a bot document over history, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.compute.machine_code import FOLDER, USUALLY_S
from analytics.compute.patience import pays
from analytics.report.files import fresh_folder, write_tables, write_whole
from analytics.report.html import report_html
from bots.management.arguments import add_recorded_arguments, recorded_paths
from trading_core.backtest.bars import Bar, bars_of
from trading_core.backtest.compiled.choose import why_not
from trading_core.backtest.compiled.machine import is_compiled
from trading_core.backtest.inputs import (
    Market,
    folder_of_market,
    market_from,
    read_bot,
    recorded_from_files,
    tickers_from_files,
    time_of,
)
from trading_core.backtest.result import Played, equity_rows, result_document
from trading_core.backtest.run import minutes_of, run
from trading_core.engine.document import BotDocument
from trading_core.errors import AilonaError, InvalidInput

LOADING_S = 1.0
"""What it takes to load machine code that is there."""
Period = dict[str, Any]


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
        add_recorded_arguments(parser)
        parser.add_argument("--from", dest="start", metavar="TIME", help="first minute; earlier ones warm up")
        parser.add_argument("--to", dest="end", metavar="TIME", help="the minute before which to end")
        parser.add_argument("--limit", type=int, metavar="N", help="play N minutes at most")
        parser.add_argument(
            "--engine",
            choices=("auto", "compiled", "interpreted"),
            default="auto",
            help="how to play: both come to the same; auto is compiled where that pays (the first time takes a minute)",
        )
        parser.add_argument("--json", type=Path, metavar="OUT", help="write the result document there")
        parser.add_argument("--html", type=Path, metavar="OUT", help="write the report as one page there")
        for kind in ("csv", "parquet"):
            what = f"write trades, orders, executions, funding, equity and decisions as {kind} there"
            parser.add_argument(f"--{kind}", type=Path, metavar="DIR", help=f"{what}; a new or empty folder")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Play, write, print."""
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit: expected 1 or more")
        try:
            for kind in ("csv", "parquet"):
                fresh_folder(options[kind], f"--{kind}")
            played = self._play(options)
            result = result_document(played)
            self._write(played, result, options)
        except AilonaError as error:
            raise CommandError(str(error)) from None
        self._print(result)

    def _play(self, options: dict[str, Any]) -> Played:
        document, root = read_bot(options["bot"]), Path(settings.DATA_DIR) / "candles"
        market = market_from(document, options["candles"], root)
        paths = recorded_paths(options, options["candles"] or [folder_of_market(root, document)])
        period = {
            "start_ms": time_of(options["start"], "--from") if options["start"] else None,
            "end_ms": time_of(options["end"], "--to") if options["end"] else None,
            "limit": options["limit"],
        }
        return run(
            document,
            market.candles,
            market.instruments,
            **period,
            machine_code=self._machine_code(options["engine"], document, market, period),
            on_progress=self._progress,
            tickers=tickers_from_files(document, paths),
            recorded=recorded_from_files(document, paths),
        )

    def _machine_code(
        self, engine: str, document: BotDocument, market: Market, period: Period
    ) -> Path | None:
        """Where the machine code to play with lies, or is put; None: play without."""
        reason = why_not(document, market.instruments)
        if engine == "compiled" and reason:
            raise InvalidInput("--engine", f"this document can't be compiled: {reason}")
        if engine == "interpreted" or reason:
            return None
        folder = Path(settings.DATA_DIR) / FOLDER
        ready = is_compiled(folder)
        candles = len(minutes_of(document, market.candles, **period)) * len(document.symbols)
        if engine == "auto" and not pays(candles, LOADING_S if ready else USUALLY_S):
            return None
        if not ready:
            self.stderr.write("compiling the engine, once: about a minute")
        return folder

    def _write(self, played: Played, result: dict[str, Any], options: dict[str, Any]) -> None:
        ways: dict[str, Callable[[Path], None]] = {
            "json": lambda path: write_whole(path, json.dumps(result, ensure_ascii=False) + "\n"),
            "html": lambda path: write_whole(path, report_html(result, _bars(played))),
            "csv": lambda path: write_tables(path, _whole(played, result), "csv"),
            "parquet": lambda path: write_tables(path, _whole(played, result), "parquet"),
        }
        for name, write in ways.items():
            if options[name] is not None:
                try:
                    write(options[name])
                except OSError as error:
                    raise InvalidInput(f"--{name}", str(error)) from error

    def _progress(self, share: float) -> None:
        self.stderr.write(f"{share:.0%} of the candles", ending="\r" if self.stderr.isatty() else "\n")

    def _print(self, result: dict[str, Any]) -> None:
        meta, metrics = result["meta"], result["metrics"]
        self.stdout.write(
            f"{meta['bot']['name']}: {meta['candles']:,} candles, {meta['from']} to {meta['to']}"
        )
        for name, value in metrics.items():
            percent = name.endswith("_pct") and not isinstance(value, dict)
            self.stdout.write(f"  {name:28} {_shown(value)}{' %' if percent else ''}")
        self.stdout.write(f"  {'engine':28} {meta['engine']}")
        for name in ("orders", "executions"):
            self.stdout.write(f"  {name:28} {len(result[name])}")
        self.stdout.write(f"  {'funding':28} {meta['funding']}")
        self.stdout.write(f"  {'liquidation':28} {meta['liquidation']}")
        self.stdout.write(f"  {'digest':28} {meta['digest']}")


def _bars(played: Played) -> dict[str, list[Bar]]:
    return {s: bars_of(played.minutes[s], played.instruments[s]) for s in played.document.symbols}


def _whole(played: Played, result: dict[str, Any]) -> dict[str, Any]:
    """The result with every point of its equity."""
    return {**result, "equity": equity_rows(played.equity)}


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "reason" in value:
        return f"none ({value['reason']})"
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return str(value)
