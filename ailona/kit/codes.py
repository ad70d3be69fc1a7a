"""Public codes: short random names for rows that people and URLs may see."""

from __future__ import annotations

import secrets

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
CODE_LENGTH = 10


def public_code() -> str:
    """Return ten random characters of a-z and 2-7 (50 bits): unguessable in number and order."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))
