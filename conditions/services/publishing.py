"""Publishing: a draft becomes a version that never changes."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.audit import record
from ailona.kit import clock
from conditions.models import RuleSet, RuleSetVersion
from conditions.services.reading import OWN, Reading, read_draft, valid
from trading_core.errors import RulesInvalid
from trading_core.rules.model import SCHEMA
from trading_core.rules.parse import parse_rules
from trading_core.rules.son import SON, SON_VERSION

MAX_NOTE = 200


def publish_version(rule_set: RuleSet, *, note: str = "", actor: str = "system") -> RuleSetVersion:
    """Freeze the draft as the next version; raise RulesInvalid naming the place if it is not valid.

    Of a layer the effective rules are frozen, with the layer and SON's hash beside them: a later SON
    changes nothing in it. A draft that says what the latest version says, over the same SON, makes no
    new one: that version is returned.
    """
    if len(note) > MAX_NOTE:
        raise RulesInvalid("note", f"expected at most {MAX_NOTE} characters, were {len(note)}")
    with transaction.atomic():
        held = RuleSet.objects.select_for_update().get(pk=rule_set.pk)
        made = frozen(held)
        latest = held.versions.order_by("number").last()
        if latest is not None and _same(latest, made):
            return latest
        number = latest.number + 1 if latest is not None else 1
        version = RuleSetVersion.objects.create(
            rule_set=held, number=number, note=note.strip(), published_at=clock.now(), **made
        )
        facts = {"number": number, "version": version.code, "rules_hash": version.rules_hash}
        record("rules.published", held.code, actor, facts)
    return version


def frozen(rule_set: RuleSet) -> dict[str, Any]:
    """What a version of the draft would hold now; raise RulesInvalid for the first fault."""
    read = valid(read_draft(rule_set.draft))
    assert read.rules is not None
    made: dict[str, Any] = {
        "document": read.rules.canonical(),
        "rules_hash": read.rules.hash,
        "schema": SCHEMA,
    }
    if read.source is not None:
        made |= {
            "source": read.source,
            "base_version": SON_VERSION,
            "base_hash": SON.hash,
            "origins": list(read.origins),
        }
    return made


def son_moved_on(version: RuleSetVersion) -> bool:
    """Whether a layer was frozen over an earlier SON than today's."""
    return version.source is not None and version.base_hash != SON.hash


def read_version(version: RuleSetVersion) -> Reading:
    """A version as it was frozen.

    ``disabled`` is empty once SON has moved on: what it said in those places is not kept.
    """
    rules = parse_rules(version.document)
    origins = tuple(version.origins or [OWN] * len(rules.conditions))
    off = () if version.source is None or son_moved_on(version) else tuple(version.source.get("disable", ()))
    return Reading(rules, origins, off, version.source)


def _same(version: RuleSetVersion, made: dict[str, Any]) -> bool:
    return (version.rules_hash, version.source, version.base_hash) == (
        made["rules_hash"],
        made.get("source"),
        made.get("base_hash", ""),
    )
