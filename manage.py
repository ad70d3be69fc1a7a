#!/usr/bin/env python
"""Command line of AI-Lona."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from ailona.bootstrap import prepare
from ailona.env import EnvironmentInvalid


def main() -> None:
    """Run a management command under this project's settings."""
    try:
        prepare(sys.argv)
        execute_from_command_line(sys.argv)
    except EnvironmentInvalid as error:
        sys.exit(f"{error}. See .env.example.")


if __name__ == "__main__":
    main()
