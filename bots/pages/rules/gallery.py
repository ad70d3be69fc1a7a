"""Templates as cards, and SON as a page."""

from __future__ import annotations

from dataclasses import dataclass

from bots.pages.rules.page import TreeText, tree_texts
from conditions.outline import BASE, outline
from conditions.selectors import TREE_LABELS
from conditions.son import SON, SON_NOTE, SON_VERSION
from conditions.templates_catalog import RULE_TEMPLATES
from trading_core.rules.text import to_text


@dataclass(frozen=True, slots=True)
class Card:
    """One template."""

    code: str
    name: str
    idea: str
    summary: str
    weakness: str
    trees: list[tuple[str, str]]
    """Label and text of each tree."""


@dataclass(frozen=True, slots=True)
class SonPage:
    """SON as it is today."""

    number: int
    note: str
    hash: str
    trees: list[TreeText]


def cards() -> list[Card]:
    """The gallery, the most active first."""
    return [
        Card(
            code,
            one.name,
            one.idea,
            one.summary,
            one.weakness,
            [(TREE_LABELS[name], to_text(tree)) for name, tree in one.rules.trees() if tree is not None],
        )
        for code, one in RULE_TEMPLATES.items()
    ]


def son_page() -> SonPage:
    """SON with its names."""
    trees = outline(SON, [BASE] * len(SON.conditions))
    return SonPage(SON_VERSION, SON_NOTE, SON.hash, tree_texts(SON, trees))
