"""Plays the seeds it reads, one a line, and prints one report a line: a worker of ``benchmarks.faults``."""

from __future__ import annotations

import importlib
import json
import logging
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Play on an empty database of this process; DATA_DIR and the secrets come from the environment."""
    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    # Models can only be imported once Django is set up.
    play = importlib.import_module("benchmarks.simulation.play").play
    for line in sys.stdin:
        print(json.dumps(play(int(line)).as_record()), flush=True)


if __name__ == "__main__":
    main()
