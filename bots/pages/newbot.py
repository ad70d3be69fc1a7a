"""What the form for a new bot offers: templates, symbols, first values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from bots.models import InstrumentRow
from bots.pages.market import feeds
from conditions.selectors import pinnable, resolve
from conditions.templates_catalog import RULE_TEMPLATES, RuleTemplate
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.text import to_text

SYMBOLS_MAX = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """Rules a bot can be made with: a template, or a published version."""

    key: str
    label: str
    text: str
    weakness: str
    rule: str
    """Its entry in the text form; the long one if it has both."""


def source() -> str:
    """The market new bots stand in."""
    heard = feeds()
    live = next((feed.source for feed in heard if feed.connected), None)
    return live or (heard[0].source if heard else str(settings.MARKET))


def symbols(market: str) -> list[str]:
    """Symbols that market told."""
    rows = InstrumentRow.objects.filter(source=market, category="linear").order_by("symbol")
    return list(rows.values_list("symbol", flat=True).distinct()[:SYMBOLS_MAX])


def templates(asked: str = "") -> list[Offer]:
    """The workspace's own rules, each at its latest version or the one asked for, then the catalog."""
    return [*_own(asked), *(_offer(key, one) for key, one in RULE_TEMPLATES.items())]


def _offer(key: str, one: RuleTemplate) -> Offer:
    return Offer(key, one.name, one.summary, one.weakness, _entry(one.rules))


def _own(asked: str) -> list[Offer]:
    return [
        Offer(
            version.code,
            str(version),
            version.note or "Your own rules.",
            "",
            _entry(parse_rules(version.document)),
        )
        for version in pinnable(asked)
    ]


def _entry(rules: RuleSet) -> str:
    entry = rules.long or rules.short
    return "" if entry is None else to_text(entry)


def rules(key: str) -> Mapping[str, Any]:
    """The rule-set document of an offer."""
    return RULE_TEMPLATES[key].rules.canonical() if key in RULE_TEMPLATES else resolve(key)


def initial(offers: Sequence[Offer], market: str, asked: str = "") -> dict[str, Any]:
    """First values of the form; what is asked for if it is offered, else the first template."""
    keys = [one.key for one in offers]
    first = next((key for key in keys if key in RULE_TEMPLATES), "")
    return {"template": asked if asked in keys else first, "symbols": symbols(market)[:2]}
