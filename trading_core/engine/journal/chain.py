"""The hash chain over the pages of one bot and symbol: whoever changes a page must rewrite all that follow."""

from __future__ import annotations

import hashlib


def beginning(bot: str, symbol: str) -> bytes:
    """What stands before the first page: it binds the chain to its bot and symbol."""
    return hashlib.sha256(f"{bot}/{symbol}".encode()).digest()


def following(before: bytes, blob: bytes) -> bytes:
    """The digest of a page, given the one before it."""
    return hashlib.sha256(before + blob).digest()
