"""A trader in a process of its own, on the database of the test that starts it: ``name settings.json``."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402 - after setup
from django.db import connections  # noqa: E402

from bots.trader.config import Settle, TraderConfig  # noqa: E402
from bots.trader.service import Trader  # noqa: E402
from tests import roles  # noqa: E402


async def serve(config: TraderConfig) -> None:
    print("serving", flush=True)
    await Trader(config).run(asyncio.Event())


def main() -> None:
    told = json.loads(sys.argv[1])
    connections["default"].settings_dict["NAME"] = told["database"]
    settings.DATABASES["default"]["NAME"] = told["database"]
    settings.TRADER_PRIVATE_KEY, settings.MASTER_KEYS = told["private_key"], told["master_keys"]
    with roles.acting_as("engine"):
        config = TraderConfig(
            venue_url=told["venue_url"], venue_token=told["venue_token"], poll_every=0.01,
            discover_every=0.05, lookups=(0.05, 0.1), settle=Settle(venue_ms=100), lease_ttl=told["ttl"],
            renew_every=0.5,
        )  # fmt: skip
        asyncio.run(serve(config))


if __name__ == "__main__":
    main()
