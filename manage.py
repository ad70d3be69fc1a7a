#!/usr/bin/env python
"""Command line of AI-Lona."""

from __future__ import annotations

import sys

from django.core.management import execute_from_command_line

from ailona.bootstrap import prepare


def main() -> None:
    """Run a management command under this project's settings."""
    prepare(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
