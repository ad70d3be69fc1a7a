"""API keys: what they may do, from where, and how their signatures are proven."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from trading_core.errors import InvalidInput

GROUPS = (
    "ContractTrade", "Spot", "Wallet", "Options", "Derivatives", "Exchange", "CopyTrading", "BlockTrade",
    "Affiliate", "Earn", "FiatP2P", "FiatBitPay", "FiatConvertBroker", "BitCard", "ByXPost",
)  # fmt: skip
"""Permission groups of ``/v5/user/query-api``."""

KeyState = Literal["active", "revoked", "expired"]
ANYWHERE = "*"
KEY_FIELDS: tuple[str, ...] = ("permissions", "read_only", "ips", "rsa_public_key")
"""What may be chosen when an account is opened, and changed afterwards."""


def _trading() -> dict[str, list[str]]:
    return {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"]}


@dataclass(frozen=True, slots=True)
class KeyRights:
    """What a key may do; a new account's key may trade contracts and pairs from anywhere and nothing else."""

    permissions: dict[str, list[str]] = field(default_factory=_trading)
    """By group; a group that is missing is empty."""
    read_only: bool = False
    ips: tuple[str, ...] = (ANYWHERE,)
    """Addresses it is bound to."""
    rsa_public_key: str = ""
    """PEM of a self-generated key; empty: signatures are HMACs with the secret."""
    state: KeyState = "active"

    def may(self, group: str, name: str) -> bool:
        """Whether a permission is granted."""
        return name in self.permissions.get(group, ())

    def is_bound_to(self, address: str) -> bool:
        """Whether requests may come from that address."""
        return ANYWHERE in self.ips or address in self.ips

    def as_record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any] | None) -> Self:
        """The rights written by ``as_record``; None: those of a new account."""
        if record is None:
            return cls()
        return cls(**{**record, "ips": tuple(record["ips"])})


def checked_rights(given: dict[str, Any]) -> dict[str, Any]:
    """Fields of ``KeyRights`` as they came from outside; raise InvalidInput naming the field."""
    checks: dict[str, tuple[bool, str]] = {
        "permissions": (_are_permissions(given.get("permissions", {})), "lists of names by known group"),
        "read_only": (isinstance(given.get("read_only", False), bool), "true or false"),
        "ips": (_are_texts(given.get("ips", [])), "a list of addresses"),
        "rsa_public_key": (isinstance(given.get("rsa_public_key", ""), str), "a key in PEM"),
    }
    for name, (fits, expected) in checks.items():
        if not fits:
            raise InvalidInput(name, f"expected {expected}")
    if given.get("rsa_public_key"):
        try:
            rsa_key(given["rsa_public_key"])
        except ValueError as e:
            raise InvalidInput("rsa_public_key", str(e)) from e
    return {**given, "ips": tuple(given["ips"])} if "ips" in given else given


def _are_permissions(value: Any) -> bool:
    return isinstance(value, dict) and all(g in GROUPS and _are_texts(names) for g, names in value.items())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def proves(rights: KeyRights, secret: str, origin: bytes, sign: bytes) -> bool:
    """Whether a signature over the origin string was made with the key.

    Lower-case hex of an HMAC-SHA256, or base64 of an RSA-SHA256 for a self-generated key.
    """
    if rights.rsa_public_key:
        return _rsa_proves(rights.rsa_public_key, origin, sign)
    expected = hmac.digest(secret.encode(), origin, "sha256").hex().encode()
    return hmac.compare_digest(expected, sign.lower())


def _rsa_proves(pem: str, origin: bytes, sign: bytes) -> bool:
    try:
        rsa_key(pem).verify(base64.b64decode(sign, validate=True), origin, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True


@lru_cache(maxsize=1_024)
def rsa_key(pem: str) -> RSAPublicKey:
    """An RSA public key; raise ValueError for any other text."""
    try:
        key = load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as e:
        raise ValueError(str(e)) from e
    if not isinstance(key, RSAPublicKey):
        raise ValueError("expected an RSA public key")  # noqa: TRY004 - the text is wrong, not its type
    return key
