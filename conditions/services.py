"""What can be done with rule-sets: save, publish, fork."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from ailona.kit import clock
from conditions.models import RuleSet, RuleSetVersion
from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_BYTES
from trading_core.rules.model import SCHEMA
from trading_core.rules.parse import parse_rules

_MAX_NAME = 80


def create_rule_set(*, name: str, document: Mapping[str, Any]) -> RuleSet:
    """Create a rule-set with a draft; raise RulesInvalid if name or size won't do."""
    now = clock.now()
    return RuleSet.objects.create(name=_named(name), draft=_sized(document), created_at=now, updated_at=now)


def save_draft(rule_set: RuleSet, *, document: Mapping[str, Any], name: str | None = None) -> RuleSet:
    """Replace the draft, and the name if given. A draft need not be valid, only small enough."""
    rule_set.draft = _sized(document)
    if name is not None:
        rule_set.name = _named(name)
    rule_set.updated_at = clock.now()
    rule_set.save(update_fields=["draft", "name", "updated_at"])
    return rule_set


def publish_version(rule_set: RuleSet) -> RuleSetVersion:
    """Freeze the draft as the next version; raise RulesInvalid naming the place if it is not valid.

    A draft that says what the latest version says makes no new one: that version is returned.
    """
    with transaction.atomic():
        held = RuleSet.objects.select_for_update().get(pk=rule_set.pk)
        rules = parse_rules(held.draft)
        latest = held.versions.order_by("number").last()
        if latest is not None and latest.rules_hash == rules.hash:
            return latest
        highest = held.versions.aggregate(highest=Max("number"))["highest"] or 0
        return RuleSetVersion.objects.create(
            rule_set=held,
            number=highest + 1,
            document=rules.canonical(),
            rules_hash=rules.hash,
            schema=SCHEMA,
            published_at=clock.now(),
        )


def fork(version: RuleSetVersion, *, name: str) -> RuleSet:
    """Start a rule-set of its own from a version."""
    return create_rule_set(name=name, document=version.document)


def _named(name: str) -> str:
    short = name.strip()
    if not short or len(short) > _MAX_NAME:
        raise RulesInvalid("name", f"expected 1 to {_MAX_NAME} characters, were {len(short)}")
    return short


def _sized(document: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise RulesInvalid("", f"expected an object, was {type(document).__name__}")
    try:
        size = len(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as e:
        raise RulesInvalid("", "expected plain JSON with finite numbers") from e
    if size > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} bytes, were {size}")
    return dict(document)
