"""Keeps credentials out of the logs, whoever wrote the line."""

from __future__ import annotations

import logging
import re

_MASK = r"\1***"
_PATTERNS = (
    re.compile(r"(?i)(x-bapi-(?:api-key|sign)\W{1,4})[\w-]+"),
    re.compile(
        r"(?i)((?:api_?secret|api_?key|secret_?key|private_?key|password|passwd|token|session(?:id)?)['\"]?\s*[:=]\s*['\"]?)[^\s'\",&}]+"
    ),
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer |basic )?)[^\s'\",}]+"),
    re.compile(r"(?i)(/bot)\d+:[\w-]+"),
    re.compile(r"(?i)((?:postgres(?:ql)?|rediss?|amqps?)://[^:/@\s]*:)[^@\s]+(?=@)"),
)


def scrub(text: str) -> str:
    """Return the text with what looks like a credential masked."""
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return text


class ScrubFilter(logging.Filter):
    """Masks credentials in a record's message and in its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask, and let everything through."""
        record.msg, record.args = scrub(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        return True
