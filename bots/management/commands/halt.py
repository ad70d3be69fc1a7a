"""``manage.py halt``: the kill switch."""

from __future__ import annotations

import getpass
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bots.services.halting import Standing, Subject, find_subject, halt, lift_halts, standing
from trading_core.errors import InvalidInput
from trading_core.risk.levels import What, Where

LOOK_S = 0.1
WAIT_S = 10.0


class Command(BaseCommand):
    """Writes the halt down and watches the traders carry it out; needs neither broker nor workers."""

    help = "Halt a bot, an account, a workspace or the whole platform, or lift that again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--scope", required=True, choices=[where.value for where in Where])
        parser.add_argument("code", nargs="?", default="", help="of the bot, account or workspace")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--no-entries", dest="what", action="store_const", const=What.ENTRIES,
            help="no entries; standing ones are given up, averaging legs, targets and stops go on",
        )  # fmt: skip
        how.add_argument(
            "--cancel-entries", dest="what", action="store_const", const=What.ALL,
            help="averaging legs are taken off too; targets and stops stand (default)",
        )  # fmt: skip
        how.add_argument(
            "--flatten", dest="what", action="store_const", const=What.FLATTEN,
            help="everything is cancelled and closed at the market",
        )  # fmt: skip
        how.add_argument("--lift", action="store_true", help="lift what was halted by hand")
        parser.add_argument("--reason", default="halted by an operator", help="shown wherever it refuses")
        parser.add_argument(
            "--wait", type=float, default=WAIT_S, metavar="SECONDS",
            help="how long to watch it being carried out (default 10; 0 doesn't wait)",
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        """Halt or lift; ends with 1 if something still stands after the wait. The halt holds all the same."""
        where = Where(options["scope"])
        if where is not Where.PLATFORM and not options["code"]:
            raise CommandError(f"which {where.value}? Give its code: halt --scope {where.value} CODE")
        actor = f"{getpass.getuser()} (command)"
        try:
            subject = find_subject(where, options["code"])
            if options["lift"]:
                lifted = lift_halts(subject, options["reason"], actor=actor)
                self.stdout.write(f"{subject.name}: {lifted} halts are lifted")
                return
            what = options["what"] or What.ALL
            self.stdout.write(f"{subject.name}: {words(standing(subject))}")
            halt(subject, what, options["reason"], actor=actor)
        except InvalidInput as error:
            raise CommandError(f"{error.path}: {error.reason}") from error
        self.stdout.write(f"{subject.name} is halted ({what.value}): {options['reason']}")
        self._watch(subject, what, options["wait"])

    def _watch(self, subject: Subject, what: What, wait_s: float) -> None:
        began = time.monotonic()
        while (left := standing(subject)).left_under(what):
            if time.monotonic() - began >= wait_s:
                if not wait_s:
                    return
                raise CommandError(
                    f"after {wait_s:g} s there are still {words(left)}. The halt holds, and a trader that runs "
                    "carries it out; protective stops stand on the exchange. Is the trader up?"
                )
            time.sleep(LOOK_S)
        self.stdout.write(f"carried out within {time.monotonic() - began:.1f} s; {words(left)}")


def words(found: Standing) -> str:
    """Return what stands, in one line."""
    bare = f" ({found.unprotected} without a confirmed stop)" if found.unprotected else ""
    return f"{found.entries} entries, {found.legs} averaging legs, {found.positions} positions{bare}"
