"""``manage.py import_candles``: candle files into the history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.services.imports import Imported, candle_files, import_files
from trading_core.errors import CandlesInvalid
from trading_core.market.files import CATEGORIES
from trading_core.market.series import SeriesKey


class Command(BaseCommand):
    """Takes over files or whole folders."""

    help = (
        "Import Parquet, CSV or Feather candles. Source and category come from the folder's name "
        "(bybit-linear), symbol and timeframe from the file's (BTCUSDT_1m_....parquet)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a candle file, or a folder of them"
        )
        parser.add_argument("--source", help="name of the market, instead of the folder's")
        parser.add_argument("--category", choices=CATEGORIES, help="instead of the folder's")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check everything, then store everything."""
        try:
            files = candle_files(options["paths"])
            self.stdout.write(f"checking {len(files)} files")
            done = import_files(
                files,
                source=options["source"],
                category=options["category"],
                checked=self._checked,
                stored=self._stored,
            )
        except CandlesInvalid as error:
            raise CommandError(str(error)) from None
        rows, new = sum(i.rows for i in done), sum(i.new for i in done)
        self.stdout.write(
            f"{len(done)} files, {len({i.key for i in done})} series: {rows} candles, {new} of them new"
        )

    def _checked(self, path: Path, key: SeriesKey, rows: int) -> None:
        self.stdout.write(f"  good   {key}: {rows} candles in {path.name}")

    def _stored(self, imported: Imported) -> None:
        self.stdout.write(f"  stored {imported.key}: {imported.new} new of {imported.rows}")
