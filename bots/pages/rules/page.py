"""What the page of one rule-set shows: its editor, its reading, its versions, the bots that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.pages.rules import editor
from bots.pages.rules.listing import Use, uses
from conditions.models import RuleSet, RuleSetVersion
from conditions.outline import Outline, outline
from conditions.selectors import TREE_LABELS
from conditions.services.comparing import sentences
from conditions.services.publishing import son_moved_on
from conditions.services.reading import Finding, Reading, read_draft
from conditions.son import SON
from trading_core.rules.model import RuleSet as Rules


@dataclass(frozen=True, slots=True)
class TreeText:
    """One tree: in words, and as an outline."""

    label: str
    sentences: list[str]
    outline: Outline


@dataclass(frozen=True, slots=True)
class Read:
    """A draft as it is understood."""

    trees: list[TreeText]
    faults: Sequence[Finding]
    warnings: Sequence[Finding]
    expires: int
    is_empty: bool
    is_layer: bool


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in the list."""

    number: int
    code: str
    note: str
    published_at: object
    rules_hash: str
    uses: list[Use]
    is_layer: bool
    son: int | None


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The page of one rule-set."""

    rule_set: RuleSet
    read: Read
    boxes: list[editor.Box]
    layer: list[editor.LayerTree]
    expires: str
    versions: list[VersionLine]
    moved_on: bool
    is_published: bool
    """Whether the draft says what the latest version says."""


def rules_page(rule_set: RuleSet, *, texts: Mapping[str, str] | None = None) -> RulesPage:
    """Show a rule-set; ``texts`` are what was typed where that isn't what is stored."""
    reading = read_draft(rule_set.draft)
    versions = list(rule_set.versions.order_by("-number"))
    latest = versions[0] if versions else None
    layer = rule_set.is_layer
    shown = texts or (editor.layer_texts if layer else editor.plain_texts)(rule_set.draft)
    return RulesPage(
        rule_set,
        read_of(reading),
        [] if layer else editor.boxes(shown, reading.faults),
        editor.layer_trees(shown, reading.faults) if layer else [],
        shown.get("expires", str(rule_set.draft.get("expires", SON.expires if layer else 1))),
        version_lines(versions),
        latest is not None and son_moved_on(latest),
        latest is not None and reading.rules is not None and reading.rules.hash == latest.rules_hash,
    )


def read_of(reading: Reading) -> Read:
    """A reading for the page."""
    rules = reading.rules
    if rules is None:
        empty = all(fault.path == "" for fault in reading.faults)
        faults = [Finding(fault.path, editor.short(fault.reason)) for fault in reading.faults]
        return Read([], faults, reading.warnings, 1, empty, is_layer=False)
    trees = outline(
        rules,
        reading.origins,
        base=SON if reading.source is not None else None,
        disabled=reading.disabled,
    )
    return Read(
        tree_texts(rules, trees),
        (),
        reading.warnings,
        rules.expires,
        is_empty=False,
        is_layer=reading.source is not None,
    )


def tree_texts(rules: Rules, trees: Sequence[Outline]) -> list[TreeText]:
    """Each tree in words and as an outline."""
    return [
        TreeText(
            TREE_LABELS[one.tree],
            sentences(rules, one.tree),
            one,
        )
        for one in trees
    ]


def version_lines(versions: Sequence[RuleSetVersion]) -> list[VersionLine]:
    """Versions with the bots that use them."""
    used = [use for rows in uses(reversed(versions)).values() for use in rows]
    return [
        VersionLine(
            version.number,
            version.code,
            version.note,
            version.published_at,
            version.rules_hash,
            [use for use in used if use.number == version.number],
            version.source is not None,
            version.base_version,
        )
        for version in versions
    ]
