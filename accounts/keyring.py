"""Opens secrets. Imported by the trader alone.

Inbound boxes (sealed by web) are opened with the trader's private key and sealed again under the
workspace's data key. Data keys are random, wrapped by a versioned master key; the newest version writes,
all can be read. Deleting a workspace's data keys makes everything under them unreadable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import AccountStatus, ExchangeAccount, SealedSecret, WorkspaceKey
from accounts.vault import (
    BOX,
    DATA_KEY,
    ENVELOPE,
    EXCHANGE_SECRET,
    INBOUND,
    KEY_BYTES,
    NONCE_BYTES,
    SecretUnusable,
    binding,
    box_key,
    key_bytes,
)  # fmt: skip
from ailona.kit.tenancy import across_workspaces, current_workspace_id, workspace_scope


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An API key and its secret; shows neither, and can't be copied out of the process."""

    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return "Credentials(***)"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("credentials are not serialised or copied")


def credentials_for(account: ExchangeAccount) -> Credentials:
    """Open an account's secret, inside its workspace's scope; raises ``SecretUnusable``.

    A secret that is still inbound is re-sealed under the workspace's data key on the way.
    """
    row = SealedSecret.objects.filter(account_id=account.pk).first()
    if row is None:
        raise SecretUnusable(f"account {account.code} has no secret")
    secret = _open_row(row)
    if row.form == INBOUND:
        _reseal(row, secret)
    return Credentials(account.api_key, secret)


def store_issued(
    account: ExchangeAccount, key: str, secret: str, uid: str, *, generation: int | None = None
) -> None:
    """Keep the credentials the venue issued for a generation of an account, and call it ready."""
    with transaction.atomic():
        _store(account, secret)
        account.api_key = key
        account.venue_uid = uid
        account.opened_generation = account.generation if generation is None else generation
        account.status, account.status_reason = AccountStatus.READY, ""
        account.save(update_fields=["api_key", "venue_uid", "opened_generation", "status", "status_reason"])
        record(
            "account.opened", account.code, "trader", {"generation": account.opened_generation, "uid": uid}
        )


def rotate_master() -> int:
    """Wrap every data key with the newest master key; returns how many were behind. Safe to repeat."""
    masters = _masters()
    newest = max(masters)
    with across_workspaces("trader"):
        behind = list(
            WorkspaceKey.objects.exclude(master_version=newest)
            .order_by("pk")
            .values_list("pk", "workspace_id")
        )
    for pk, workspace_id in behind:
        with workspace_scope(workspace_id):
            row = WorkspaceKey.objects.get(pk=pk)
            row.wrapped = _wrap(_unwrap(row, masters), row.version, masters)
            row.master_version = newest
            row.save(update_fields=["wrapped", "master_version"])
    return len(behind)


def rotate_data_key() -> int:
    """Give the active workspace a new data key, seal its secrets with it and shred the old ones."""
    with transaction.atomic():
        secrets = [(row, _open_row(row)) for row in SealedSecret.objects.select_related("account")]
        version = _new_data_key()
        for row, secret in secrets:
            _store(row.account, secret)
        WorkspaceKey.objects.exclude(version=version).delete()
        record("key.rotated", str(version), "trader", {"resealed": len(secrets)})
    return version


def shred() -> None:
    """Destroy the active workspace's secrets and the keys they were sealed with."""
    with transaction.atomic():
        SealedSecret.objects.all().delete()
        WorkspaceKey.objects.all().delete()
        record("key.shredded", str(current_workspace_id()), "trader")


def _reseal(row: SealedSecret, secret: str) -> None:
    """Seal an inbound secret under the data key, unless another one has taken its place meanwhile."""
    version, data_key = _data_key()
    bound_to = binding(row.workspace_id, row.account_id, EXCHANGE_SECRET, version)
    blob = _encrypt(data_key, secret.encode(), bound_to)
    SealedSecret.objects.filter(pk=row.pk).update(form=ENVELOPE, blob=blob, data_key_version=version)


def _store(account: ExchangeAccount, secret: str) -> None:
    version, data_key = _data_key()
    bound_to = binding(account.workspace_id, account.pk, EXCHANGE_SECRET, version)
    blob = _encrypt(data_key, secret.encode(), bound_to)
    SealedSecret.objects.update_or_create(
        account=account, defaults={"form": ENVELOPE, "blob": blob, "data_key_version": version}
    )


def _open_row(row: SealedSecret) -> str:
    bound_to = binding(row.workspace_id, row.account_id, EXCHANGE_SECRET, row.data_key_version)
    if row.form == INBOUND:
        return open_box(_private_key(), bytes(row.blob), bound_to).decode()
    key = WorkspaceKey.objects.filter(version=row.data_key_version).first()
    if key is None:
        raise SecretUnusable(f"the data key {row.data_key_version} of workspace {row.workspace_id} is gone")
    return _decrypt(_unwrap(key, _masters()), bytes(row.blob), bound_to).decode()


def open_box(private: X25519PrivateKey, blob: bytes, bound_to: bytes) -> bytes:
    """Open what ``vault.seal`` closed; raises ``SecretUnusable`` if it was changed, moved or cut."""
    if blob[:1] != BOX or len(blob) <= 1 + KEY_BYTES + NONCE_BYTES:
        raise SecretUnusable("not a sealed box")
    ephemeral, rest = blob[1 : 1 + KEY_BYTES], blob[1 + KEY_BYTES :]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    except ValueError:
        raise SecretUnusable("not a sealed box") from None
    return _decrypt(box_key(shared, ephemeral, private.public_key().public_bytes_raw()), rest, bound_to)


def _data_key() -> tuple[int, bytes]:
    row = WorkspaceKey.objects.order_by("-version").first()
    if row is None:
        try:
            with transaction.atomic():
                _new_data_key()
        except IntegrityError:
            pass  # another trader was first: use its key
        row = WorkspaceKey.objects.order_by("-version").get()
    return row.version, _unwrap(row, _masters())


def _new_data_key() -> int:
    last = WorkspaceKey.objects.order_by("-version").first()
    version = last.version + 1 if last else 1
    masters = _masters()
    wrapped = _wrap(os.urandom(KEY_BYTES), version, masters)
    WorkspaceKey.objects.create(version=version, master_version=max(masters), wrapped=wrapped)
    return version


def _wrap(data_key: bytes, version: int, masters: Mapping[int, bytes]) -> bytes:
    newest = max(masters)
    return _encrypt(masters[newest], data_key, binding(current_workspace_id(), version, DATA_KEY, newest))


def _unwrap(row: WorkspaceKey, masters: Mapping[int, bytes]) -> bytes:
    if row.master_version not in masters:
        raise SecretUnusable(f"MASTER_KEYS: version {row.master_version} is missing")
    bound_to = binding(row.workspace_id, row.version, DATA_KEY, row.master_version)
    return _decrypt(masters[row.master_version], bytes(row.wrapped), bound_to)


def _encrypt(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def _decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag:
        raise SecretUnusable("a sealed value was changed, moved, or sealed with another key") from None


def _private_key() -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(key_bytes(settings.TRADER_PRIVATE_KEY, "TRADER_PRIVATE_KEY"))


def parse_masters(text: str) -> dict[int, bytes]:
    """Return master keys by version from ``version:base64`` words; raises ``SecretUnusable``."""
    keys: dict[int, bytes] = {}
    for word in text.replace(",", " ").split():
        version, mark, key = word.partition(":")
        if not mark or not version.isdecimal() or int(version) < 1 or int(version) in keys:
            raise SecretUnusable("MASTER_KEYS: expected words like 1:<base64>, each version once")
        keys[int(version)] = key_bytes(key, f"MASTER_KEYS version {version}")
    if not keys:
        raise SecretUnusable("MASTER_KEYS: no key; expected words like 1:<base64>")
    return keys


def _masters() -> dict[int, bytes]:
    return parse_masters(settings.MASTER_KEYS)
