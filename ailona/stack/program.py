"""Which parts the embedded stack has beside the web server and the venue, in the order they start."""

from __future__ import annotations

from ailona.celery import QUEUES, app
from ailona.stack.parts import Beat, LoopPart, Part, Worker
from bots.services.conductor import Conductor, ConductorConfig
from bots.services.feed import Feed
from bots.services.feed_config import FeedConfig
from bots.trader.config import TraderConfig
from bots.trader.service import Trader


def parts(*, lockstep: bool) -> list[Part]:
    """Return the parts; what makes news comes last, so that it is stopped first."""
    # The lock on the data folder proves that whoever held the leases before is dead.
    trader = Trader(TraderConfig.from_settings(takeover=True))
    feed = Feed(FeedConfig.from_settings())
    found: list[Part] = [
        Worker(app, QUEUES),
        Beat(app),
        LoopPart("trader", trader.run),
        LoopPart("feed", feed.run),
    ]
    if lockstep:
        found.append(LoopPart("conductor", Conductor(ConductorConfig.from_settings()).run))
    return found
