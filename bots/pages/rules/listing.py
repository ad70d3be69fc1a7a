"""Rule-sets as lines of a table, and the bots that pin their versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bots.models import Bot
from bots.pages.words import Badge, state_badge
from conditions.models import RuleSet, RuleSetVersion
from conditions.selectors import rule_sets
from conditions.services.publishing import son_moved_on

ROWS_MAX = 200


@dataclass(frozen=True, slots=True)
class Use:
    """A bot whose rules are those of a version."""

    code: str
    name: str
    badge: Badge
    number: int
    version_code: str
    timeframe: str


@dataclass(frozen=True, slots=True)
class RuleSetLine:
    """One rule-set."""

    code: str
    name: str
    is_layer: bool
    latest: int | None
    uses: list[Use]
    updated_at: datetime
    archived: bool
    moved_on: bool
    """SON has, since its latest version was published."""


def rule_set_lines(*, archived: bool) -> list[RuleSetLine]:
    """The workspace's rule-sets, newest change first; three queries."""
    rows = list(rule_sets(archived=archived)[:ROWS_MAX])
    versions = list(RuleSetVersion.objects.filter(rule_set__in=rows).order_by("number"))
    newest = {version.rule_set_id: version for version in versions}
    used = uses(versions)
    return [_line(row, newest.get(row.pk), used.get(row.pk, [])) for row in rows]


def uses(versions: Iterable[RuleSetVersion]) -> dict[int, list[Use]]:
    """By rule-set: the bots that run the rules of one of these versions; one query.

    A bot holds its rules themselves, so that what pins a version is known by the rules' hash; versions
    that say the same count as the newest of them.
    """
    by_hash = {version.rules_hash: version for version in versions}
    found: dict[int, list[Use]] = {}
    for bot in Bot.objects.filter(rules_hash__in=by_hash).order_by("name", "pk"):
        version = by_hash[bot.rules_hash]
        use = Use(
            bot.code,
            bot.name,
            state_badge(bot.state, bot.state_reason),
            version.number,
            version.code,
            bot.timeframe,
        )
        found.setdefault(version.rule_set_id, []).append(use)
    return found


def _line(row: RuleSet, latest: RuleSetVersion | None, used: list[Use]) -> RuleSetLine:
    return RuleSetLine(
        row.code,
        row.name,
        row.is_layer,
        latest.number if latest else None,
        used,
        row.updated_at,
        row.archived_at is not None,
        latest is not None and son_moved_on(latest),
    )
