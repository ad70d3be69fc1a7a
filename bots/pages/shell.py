"""What the frame around every page shows: links, workspace, market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from bots.pages.market import feeds

_LINKS = (
    ("dashboard", "Dashboard", "dashboard"),
    ("bots", "Bots", "bot"),
    ("bot-new", "New bot", "plus"),
    ("backtests", "Backtests", "history"),
    ("analytics", "Analytics", "chart"),
    ("market", "Market", "market"),
    ("rules", "Rules", "rules"),
    ("limits", "Limits", "shield"),
    ("halt", "Halt", "panic"),
    ("accounts", "Accounts", "wallet"),
    ("account_change_password", "Security", "key"),
    ("api-docs", "API", "code"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the rail."""

    url: str
    label: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame."""

    links: list[Link]
    workspace: str
    market: str
    source: str


def shell(request: HttpRequest) -> Mapping[str, Any]:
    """Context processor: ``shell``, read only by templates that show the frame."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> Shell:
    heard = feeds()
    main = next((feed for feed in heard if feed.connected), heard[0] if heard else None)
    workspace = getattr(request, "workspace", None)
    return Shell(
        links=[_link(request, *link) for link in _LINKS],
        workspace=workspace.name if workspace is not None else "",
        market=main.market if main else "No market yet",
        source=main.source if main else "",
    )


def _link(request: HttpRequest, name: str, label: str, icon: str) -> Link:
    url = reverse(name)
    match = request.resolver_match
    return Link(url, label, icon, match is not None and _leads_to(name, match.url_name or ""))


def _leads_to(name: str, page: str) -> bool:
    """Whether a page is the one an entry names, or lies below it."""
    below = {"bots": "bot", "rules": "rule", "backtests": "backtest", "accounts": "account"}.get(name, name)
    return page == name or (page.startswith(below) and page not in {link for link, _, _ in _LINKS})
