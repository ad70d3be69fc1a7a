"""Pages of people: the mailbox of a stack without a mail server."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import mailbox

_LINK = re.compile(r"https?://[^\s<>\"']+")


@require_GET
@never_cache
def dev_mail(request: HttpRequest) -> HttpResponseBase:
    """Letters that would have been sent; only on this machine, and only without a mail server."""
    if not mailbox.is_open():
        raise Http404("mail goes to a real server here")
    letters = [(letter, linked(letter.body)) for letter in mailbox.letters()]
    return render(request, "accounts/mailbox.html", {"letters": letters})


def linked(body: str) -> SafeString:
    """Return a letter's text with its addresses as links; everything else is escaped."""
    parts: list[str] = []
    at = 0
    for match in _LINK.finditer(body):
        parts += [
            conditional_escape(body[at : match.start()]),
            format_html('<a href="{0}">{0}</a>', match.group()),
        ]
        at = match.end()
    return mark_safe("".join([*parts, conditional_escape(body[at:])]))  # noqa: S308 - every part is escaped above
