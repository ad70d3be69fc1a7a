"""What the form for a new bot offers: templates, symbols, first values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from bots.models import InstrumentRow
from bots.pages.market import feeds
from conditions.templates_catalog import RULE_TEMPLATES
from trading_core.rules.text import to_text

SYMBOLS_MAX = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """One template of rules."""

    key: str
    label: str
    text: str
    weakness: str
    rule: str
    """Its entry in the text form."""


def source() -> str:
    """The market new bots stand in."""
    heard = feeds()
    live = next((feed.source for feed in heard if feed.connected), None)
    return live or (heard[0].source if heard else str(settings.MARKET))


def symbols(market: str) -> list[str]:
    """Symbols that market told."""
    rows = InstrumentRow.objects.filter(source=market, category="linear").order_by("symbol")
    return list(rows.values_list("symbol", flat=True).distinct()[:SYMBOLS_MAX])


def templates() -> list[Offer]:
    """The catalog as offers."""
    return [
        Offer(
            key,
            one.name,
            one.summary,
            one.weakness,
            "" if one.rules.long is None else to_text(one.rules.long),
        )
        for key, one in RULE_TEMPLATES.items()
    ]


def rules(key: str) -> Mapping[str, Any]:
    """The rule-set document of a template."""
    return RULE_TEMPLATES[key].rules.canonical()


def initial(offers: Sequence[Offer], market: str) -> dict[str, Any]:
    """First values of the form."""
    return {"template": offers[0].key if offers else "", "symbols": symbols(market)[:2]}
