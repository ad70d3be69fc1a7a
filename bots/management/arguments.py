"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandParser


def add_funding_argument(parser: CommandParser) -> None:
    """Declare ``--funding``: files of what candles don't tell."""
    parser.add_argument(
        "--funding",
        type=Path,
        nargs="+",
        metavar="PATH",
        default=[],
        help="funding-rate and mark-price files, or folders of them; what none tells is unknown",
    )
