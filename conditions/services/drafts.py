"""Rule-sets before they are published: made, saved, renamed, forked, put out of the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.audit import record
from ailona.kit import clock
from conditions.models import RuleSet, RuleSetVersion
from trading_core.errors import RulesInvalid
from trading_core.rules.limits import MAX_BYTES
from trading_core.rules.model import SCHEMA

MAX_NAME = 80
_NUL = "\\u0000"
"""As JSON writes it. A database can't store it."""
EMPTY: Mapping[str, Any] = {"schema": SCHEMA}
"""A draft that says nothing yet."""
ON_SON: Mapping[str, Any] = {"schema": SCHEMA, "extends": "son"}
"""A layer that leaves SON as it is."""


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


def rename(rule_set: RuleSet, *, name: str) -> RuleSet:
    """Give a rule-set another name; its versions keep their codes."""
    rule_set.name = _named(name)
    rule_set.updated_at = clock.now()
    rule_set.save(update_fields=["name", "updated_at"])
    return rule_set


def fork(version: RuleSetVersion, *, name: str) -> RuleSet:
    """Start a rule-set of its own from a version: the layer where it was one, else the rules."""
    return create_rule_set(name=name, document=version.source or version.document)


def fork_draft(rule_set: RuleSet, *, name: str) -> RuleSet:
    """Start a rule-set of its own from a draft."""
    return create_rule_set(name=name, document=rule_set.draft)


def archive(rule_set: RuleSet, *, actor: str = "system") -> RuleSet:
    """Put a rule-set out of the way. Nothing is deleted, and bots that pin a version go on."""
    _put(rule_set, clock.now(), "rules.archived", actor)
    return rule_set


def unarchive(rule_set: RuleSet, *, actor: str = "system") -> RuleSet:
    """Bring an archived rule-set back."""
    _put(rule_set, None, "rules.restored", actor)
    return rule_set


def _put(rule_set: RuleSet, archived_at: datetime | None, action: str, actor: str) -> None:
    """Do it once and write it down, whoever else is doing it."""
    with transaction.atomic():
        elsewhere = RuleSet.objects.filter(pk=rule_set.pk, archived_at__isnull=archived_at is not None)
        if elsewhere.update(archived_at=archived_at):
            record(action, rule_set.code, actor, {"name": rule_set.name})
    rule_set.refresh_from_db(fields=["archived_at"])


def _named(name: str) -> str:
    short = name.replace("\0", "").strip()
    if not short or len(short) > MAX_NAME:
        raise RulesInvalid("name", f"expected 1 to {MAX_NAME} characters, were {len(short)}")
    return short


def _sized(document: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise RulesInvalid("", f"expected an object, was {type(document).__name__}")
    try:
        text = json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as e:
        raise RulesInvalid("", "expected plain JSON with finite numbers") from e
    if len(text) > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} bytes, were {len(text)}")
    if _NUL in text:
        raise RulesInvalid("", "expected text without the character NUL")
    return dict(document)
