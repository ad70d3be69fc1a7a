"""The pages of one bot, as tabs."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from bots.models import Bot

_TABS = (
    ("bot", "Desk", "bot"),
    ("bot-decisions", "Why?", "why"),
    ("bot-blockers", "Blockers", "blockers"),
    ("bot-what-if", "What if", "branch"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of them."""

    label: str
    url: str
    icon: str
    current: bool


def tabs(bot: Bot, current: str) -> list[Tab]:
    """The tabs of a bot, the one of that route marked."""
    return [Tab(label, reverse(name, args=[bot.code]), icon, name == current) for name, label, icon in _TABS]
