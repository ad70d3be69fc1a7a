"""Signatures of Bybit requests and streams: HMAC for issued secrets, RSA for keys made at home."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from trading_core.errors import InvalidInput
from trading_core.exchanges.port import Credentials

PEM_START = "-----BEGIN"


class Unsaid(bytes):
    """Bytes that hold a key: whatever prints them, such as a traceback with its locals, prints none of it."""

    def __repr__(self) -> str:
        return "Unsaid(…)"


def signature(credentials: Credentials, words: bytes) -> str:
    """Sign bytes: HMAC-SHA256 in hex, or RSA-SHA256 in base64 when the secret is a private key in PEM form.

    Raises ``InvalidInput`` for a PEM that holds no RSA key; the key itself is never in the message.
    """
    if credentials.api_secret.lstrip().startswith(PEM_START):
        signed = _private_key(credentials).sign(words, PKCS1v15(), SHA256())
        return base64.b64encode(signed).decode()
    return hmac.new(credentials.api_secret.encode(), words, hashlib.sha256).hexdigest()


@lru_cache(maxsize=1024)
def _private_key(credentials: Credentials) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(credentials.api_secret.strip().encode(), password=None)
    except (ValueError, TypeError):
        raise InvalidInput(
            "api_secret", "expected a private key in PEM form, this one can't be read"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidInput("api_secret", "expected an RSA key, was another kind")
    return key
