"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from trading_core.market.recorded_files import beside


def add_recorded_arguments(parser: CommandParser) -> None:
    """Declare ``--funding`` and ``--mark``: files of what candles don't tell."""
    for name, what in (("--funding", "funding-rate"), ("--mark", "mark-price")):
        parser.add_argument(
            name,
            type=Path,
            nargs="+",
            metavar="PATH",
            default=[],
            help=f"{what} files, or folders of them; without any named, those that stand beside the candles",
        )


def recorded_paths(options: Mapping[str, Any], candles: Sequence[Path]) -> list[Path]:
    """The files and folders named, else the folders beside those of the candles."""
    named = [*options["funding"], *options["mark"]]
    return named or beside(candles)
