"""Whether the platform is quiet: nothing decided late, nothing asked and unanswered, everything heard.

Read in this order: what was heard of the venue, what is to be done, then what the venue has said by
now. With no work in the rows nothing can be on its way to the venue; so if it has by then said nothing
that the rows didn't know before, all is quiet.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from accounts.models import ExchangeAccount
from ailona.kit.tenancy import across_workspaces
from bots.models import Bot, BotState, FeedStatus, IntentRow
from bots.models.trading import UNSETTLED
from bots.services.venue_control import VenueStatus
from bots.states import ACTIVE, LISTENING


@dataclass(frozen=True, slots=True)
class Activity:
    """What the rows say."""

    busy: str
    """What is under way, in words; empty when nothing is."""
    marks: dict[str, str | None]
    """By account uid of the venue: the last private message applied."""
    last_close_ms: int


def activity(source: str, *, in_words: bool = True) -> Activity:
    """Read what is under way on a market.

    What was heard is read before what is to be done: whatever it led to stands in the rows by then.
    Without words a busy platform is only called busy, which costs one small statement.
    """
    with across_workspaces("quiet"):
        if not in_words and _is_busy(source):
            return Activity(BUSY, {}, 0)
        heard = FeedStatus.objects.filter(source=source).values_list("last_close_ms", flat=True)
        last_close_ms = max(heard, default=0)
        marks = _marks(source)
        busy = _is_busy(source)
        return Activity(_work(source) or BUSY if busy else "", marks, last_close_ms)


def _marks(source: str) -> dict[str, str | None]:
    accounts = ExchangeAccount.objects.filter(bots__source=source, bots__state__in=ACTIVE)
    return dict(accounts.values_list("venue_uid", "lease__stream_mark"))


def _is_busy(source: str) -> bool:
    """Whether a bot is behind or starting, or an intent unsettled."""
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, [source, BotState.STARTING, *LISTENING, *UNSETTLED])
        row = cursor.fetchone()
    return bool(row and row[0])


BUSY = "bots or intents are under way"
_BUSY = """
SELECT EXISTS (
        SELECT 1 FROM bots_bot
        WHERE source = %s AND (state = %s OR wanted > done AND state IN (%s, %s, %s, %s)))
    OR EXISTS (SELECT 1 FROM bots_intentrow WHERE state IN (%s, %s, %s))
"""


def _behind(source: str) -> str:
    behind = Bot.objects.filter(source=source, state__in=LISTENING, wanted__gt=F("done"))
    found = behind.values_list("code", "wanted").first()
    return f"bot {found[0]} has not decided the close {found[1]}" if found else ""


def _work(source: str) -> str:
    """Name something under way; bots first, then what their decisions left to be asked."""
    behind = _behind(source)
    if behind:
        return behind
    intent = (
        IntentRow.objects.filter(bot__source=source, state__in=UNSETTLED)
        .values_list("pk", "kind", "symbol", "state")
        .first()
    )
    if intent:
        return "intent {} ({} {}) is {}".format(*intent)
    starting = Bot.objects.filter(source=source, state=BotState.STARTING)
    code = starting.values_list("code", flat=True).first()
    return f"bot {code} is starting" if code else ""


def difference(seen: Activity, status: VenueStatus) -> str:
    """Return what the venue has said that the rows don't know, in words; empty when all is quiet."""
    if seen.busy:
        return seen.busy
    if seen.last_close_ms < status.last_close_ms:
        return f"the feed has heard the close {seen.last_close_ms}, the venue is at {status.last_close_ms}"
    if not status.listeners:
        return "nobody listens to the market"  # a close nobody hears is taken over without its ticker
    for uid, mark in seen.marks.items():
        if mark is None:
            return f"no trader listens to account {uid}"
        if status.marks.get(uid) is None:
            return f"nobody listens to account {uid} at the venue"
        if mark != status.marks[uid]:
            return f"account {uid} has applied message {mark!r}, the venue has sent {status.marks[uid]!r}"
    return ""
