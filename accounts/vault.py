"""Seals a secret to the trader's public key. Web can seal; nothing here can open.

A sealed box is ``0x01 | ephemeral X25519 public key (32) | nonce (12) | AES-256-GCM ciphertext``; the key
comes from HKDF-SHA256 over the shared secret, and the box is bound to its workspace and account.
"""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from trading_core.errors import AilonaError

INBOUND = "inbound"
ENVELOPE = "envelope"
EXCHANGE_SECRET = "exchange_secret"  # noqa: S105 - the name of a purpose
DATA_KEY = "data_key"

BOX = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12


class SecretUnusable(AilonaError):
    """A key or a sealed value that can't be used; the message never quotes one."""


def binding(workspace_id: int, record_id: int, purpose: str, version: int) -> bytes:
    """Return the associated data that ties a ciphertext to its place."""
    return f"ailona|{workspace_id}|{record_id}|{purpose}|{version}".encode()


def seal_for_trader(workspace_id: int, account_id: int, secret: str) -> bytes:
    """Seal an exchange account's secret to the configured trader key; raises ``SecretUnusable``."""
    recipient = X25519PublicKey.from_public_bytes(key_bytes(settings.TRADER_PUBLIC_KEY, "TRADER_PUBLIC_KEY"))
    return seal(recipient, secret.encode(), binding(workspace_id, account_id, EXCHANGE_SECRET, 0))


def seal(recipient: X25519PublicKey, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt so that only the owner of the private key can read it."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    key = box_key(ephemeral.exchange(recipient), mine, recipient.public_bytes_raw())
    nonce = os.urandom(NONCE_BYTES)
    return BOX + mine + nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def box_key(shared: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    """Derive the box's key from the shared secret and both public keys."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=ephemeral + recipient, info=b"ailona sealed box 1").derive(
        shared
    )


def key_bytes(text: str, name: str) -> bytes:
    """Return a 32-byte key from base64; raises ``SecretUnusable`` naming it."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise SecretUnusable(
            f"{name}: expected {KEY_BYTES} bytes in base64" + ("" if text else "; it is not set")
        )
    return raw
