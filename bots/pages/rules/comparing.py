"""Versions beside each other: what publishing would change, what a version changed, and files of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bots.pages.rules.listing import Use
from bots.pages.rules.page import TreeText, tree_texts, version_lines
from bots.pages.rules.trying import bot_using, impact_at
from bots.services.impact import Impact
from conditions.models import RuleSet, RuleSetVersion
from conditions.outline import outline
from conditions.selectors import TREE_LABELS, latest_version, version_of
from conditions.services.comparing import ChangeLine, changes
from conditions.services.mirroring import SIDES, mirrored
from conditions.services.publishing import read_version, son_moved_on
from conditions.services.reading import Finding, read_draft
from conditions.services.transfer import exported, exported_draft
from conditions.son import SON, SON_NOTE, SON_VERSION
from trading_core.errors import RulesInvalid
from trading_core.rules.text import to_text


@dataclass(frozen=True, slots=True)
class PublishPage:
    """What publishing a draft would change."""

    latest: RuleSetVersion | None
    number: int
    """What the new version would be called."""
    faults: Sequence[Finding]
    warnings: Sequence[Finding]
    changes: list[ChangeLine]
    impact: Impact | None
    is_rebase: bool
    son_version: int
    son_note: str
    is_idle: bool
    """Whether the draft says what the latest version says."""
    uses: list[Use]
    """Bots that run an earlier version, and go on with it."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A version and what it changed."""

    trees: list[TreeText]
    uses: list[Use]
    other: RuleSetVersion | None
    changes: list[ChangeLine]
    moved_on: bool
    numbers: list[int]
    off: list[str]
    """Names of SON that the layer switched off."""


@dataclass(frozen=True, slots=True)
class MirrorSide:
    """What mirroring would write."""

    side: str
    trees: list[tuple[str, str]]
    kept: int
    """Conditions without a mirror."""
    refused: str


def publish_page(row: RuleSet) -> PublishPage:
    """Compare the draft with the latest version, in words and over the last days."""
    reading = read_draft(row.draft)
    versions = list(row.versions.order_by("-number"))
    latest = versions[0] if versions else None
    used = [use for line in version_lines(versions) for use in line.uses]
    old = None if latest is None else read_version(latest).rules
    new = reading.rules
    is_rebase = latest is not None and son_moved_on(latest) and reading.source is not None
    return PublishPage(
        latest,
        latest.number + 1 if latest else 1,
        reading.faults,
        reading.warnings,
        changes(old, new) if new is not None and old is not None else [],
        None if new is None else impact_at(old, new, bot_using([one.rules_hash for one in versions])),
        is_rebase,
        SON_VERSION,
        SON_NOTE,
        latest is not None and new is not None and latest.rules_hash == new.hash and not is_rebase,
        used,
    )


def version_page(version: RuleSetVersion, other: RuleSetVersion | None) -> VersionPage:
    """Show a version beside another of the same rule-set."""
    reading = read_version(version)
    rules = reading.rules
    assert rules is not None
    before = None if other is None else read_version(other).rules
    trees = outline(rules, reading.origins, base=SON if reading.disabled else None, disabled=reading.disabled)
    siblings = RuleSetVersion.objects.filter(rule_set=version.rule_set).order_by("-number")
    lines = version_lines(list(siblings))
    return VersionPage(
        tree_texts(rules, trees),
        next((line.uses for line in lines if line.number == version.number), []),
        other,
        [] if before is None else changes(before, rules),
        son_moved_on(version),
        [line.number for line in lines],
        [] if version.source is None else version.source.get("disable", []),
    )


def mirror_page(row: RuleSet) -> list[MirrorSide]:
    """What each way of mirroring would write."""
    return [_mirror_side(row, side) for side in SIDES]


def _mirror_side(row: RuleSet, side: str) -> MirrorSide:
    try:
        made = mirrored(row, side=side)
    except RulesInvalid as error:
        return MirrorSide(side, [], 0, str(error))
    trees = [
        (TREE_LABELS[name], to_text(tree))
        for name, tree in made.rules.trees()
        if tree is not None and name.endswith(side)
    ]
    return MirrorSide(side, trees, len(made.kept), "")


def export_of(row: RuleSet, number: str) -> dict[str, Any] | None:
    """The file of a version, ``draft``, or the latest version; None if there is no such version."""
    if number == "draft":
        return exported_draft(row)
    version = latest_version(row) if not number else _numbered(row, number)
    if version is None:
        return exported_draft(row) if not number else None
    return exported(version)


def _numbered(row: RuleSet, number: str) -> RuleSetVersion | None:
    return version_of(row, int(number)) if number.isdecimal() and len(number) < 6 else None  # noqa: PLR2004


def file_name(row: RuleSet, data: dict[str, Any], ending: str) -> str:
    """A plain name for the file."""
    name = re.sub(r"[^a-z0-9]+", "-", row.name.lower()).strip("-") or row.code
    return f"{name}-{'draft' if data['version'] is None else 'v' + str(data['version'])}.{ending}"
