"""System checks: a process that would be unsafe does not start.

Those that need the database run at ``refuse_unsafe_start``, which every long-lived process calls, and
with ``manage.py check --database default``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks  # noqa: A004 - Django's name
from django.db import connections

from accounts.models import AccountStatus, ExchangeAccount
from accounts.services import REAL
from accounts.vault import SecretUnusable, key_bytes
from ailona.kit.rls import ROLES
from ailona.kit.tenancy import across_workspaces

MIN_KEY_LENGTH = 50
MIN_KEY_VARIETY = 10
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1", "testserver"}
_DEFAULTS = ("django-insecure", "changeme", "change-me", "secret", "default", "example")


class UnsafeStart(SystemExit):
    """A process refused to start; the text says why."""


def refuse_unsafe_start() -> None:
    """Run every check, those of the database too; raises ``UnsafeStart`` with what is wrong."""
    _refuse(run_checks(databases=["default"]))


def refuse_unsafe_settings() -> None:
    """Run our checks that need no database: for servers, which no command starts."""
    _refuse([*check_secrets(None), *check_exposure(None)])


def _refuse(found: Sequence[CheckMessage]) -> None:
    serious = [message for message in found if message.is_serious()]
    if serious:
        raise UnsafeStart(
            "\n".join(f"{message.id}: {message.msg} {message.hint or ''}".strip() for message in serious)
        )


def _collect(found: Iterator[CheckMessage]) -> list[CheckMessage]:
    return list(found)


@register(Tags.security)
def check_secrets(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse default, short or dull secrets, and keys in a process that must not have them."""
    return _collect(_secrets())


def _secrets() -> Iterator[CheckMessage]:
    key = settings.SECRET_KEY
    hint = "Set SECRET_KEY (or SECRET_KEY_FILE) to 64 random characters: openssl rand -base64 48"
    if len(key) < MIN_KEY_LENGTH:
        yield Error(
            f"SECRET_KEY has {len(key)} characters; {MIN_KEY_LENGTH} are needed.", hint=hint, id="ailona.E001"
        )
    elif key.lower().startswith(_DEFAULTS) or len(set(key)) < MIN_KEY_VARIETY:
        yield Error("SECRET_KEY is a default or not random.", hint=hint, id="ailona.E002")
    if settings.TRADER_PUBLIC_KEY or (_serves_pages() and not settings.EMBEDDED):
        yield from _trader_key()
    if (
        settings.AILONA_ROLE == "web"
        and not settings.EMBEDDED
        and (settings.TRADER_PRIVATE_KEY or settings.MASTER_KEYS)
    ):
        yield Error(
            "The web process was given TRADER_PRIVATE_KEY or MASTER_KEYS.",
            hint="Only the trader opens keys: unset them here.",
            id="ailona.E004",
        )


def _trader_key() -> Iterator[CheckMessage]:
    try:
        key_bytes(settings.TRADER_PUBLIC_KEY, "TRADER_PUBLIC_KEY")
    except SecretUnusable as error:
        yield Error(
            f"{error}.",
            hint="Make a pair with `manage.py trader_key`; web gets the public half, the trader the private one.",
            id="ailona.E003",
        )


@register(Tags.security)
def check_exposure(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse DEBUG outside loopback, any host, and plain HTTP outside loopback."""
    return _collect(_exposure()) if _serves_pages() else []


def _serves_pages() -> bool:
    """Return whether this process may answer browsers; a process that was given no role may."""
    return settings.AILONA_ROLE in {"", "web", "login"}


def _exposure() -> Iterator[CheckMessage]:
    local = settings.LISTENS_ON_LOOPBACK and set(settings.ALLOWED_HOSTS) <= LOOPBACK
    if settings.DEBUG and not local:
        yield Error(
            "DEBUG is on outside loopback.",
            hint="Unset DEBUG, or LISTEN and ALLOWED_HOSTS.",
            id="ailona.E005",
        )
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS must name the hosts this site is served at.", id="ailona.E006")
    yield from _https(local=local)
    if not settings.EMAIL_HOST and not settings.EMBEDDED:
        yield Warning("EMAIL_HOST is not set: mail is printed, not sent.", id="ailona.W001")


def _https(*, local: bool) -> Iterator[CheckMessage]:
    if not settings.BEHIND_HTTPS and not local:
        yield Error(
            "The site is reachable from outside without HTTPS.",
            hint="Put a proxy with HTTPS in front and set BEHIND_HTTPS=1, or listen on loopback.",
            id="ailona.E007",
        )
    needed = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS")
    missing = [name for name in needed if settings.BEHIND_HTTPS and not getattr(settings, name)]
    if missing:
        yield Error(f"Behind HTTPS, but off: {', '.join(missing)}.", id="ailona.E008")


@register(Tags.database)
def check_database(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a database role that row-level security does not bind, and real money on the embedded stack."""
    if not databases or "default" not in databases:
        return []
    if settings.EMBEDDED:
        return _collect(_real_accounts())
    return _collect(_role()) if connections["default"].vendor == "postgresql" else []


def _role() -> Iterator[CheckMessage]:
    if settings.AILONA_ROLE == "migrator":
        return
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, r.rolsuper OR r.rolbypassrls, "
            "EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relname = 'accounts_workspace') "
            "FROM pg_roles r WHERE rolname = current_user"
        )
        row = cursor.fetchone()
    name, unbound, owner = row or ("nobody", True, True)
    why = ""
    if unbound or owner:
        why = "is superuser or bypasses row-level security" if unbound else "owns the tables"
    elif name not in ROLES:
        why = "is none of the roles made for it"
    if why:
        yield Error(
            f"The database role {name} {why}: the wall between tenants would not hold.",
            hint="Set AILONA_ROLE to web, engine or ops.",
            id="ailona.E009",
        )


def _real_accounts() -> Iterator[CheckMessage]:
    if ExchangeAccount._meta.db_table not in connections["default"].introspection.table_names():
        return
    with across_workspaces("checks"):
        found = ExchangeAccount.objects.filter(environment__in=REAL).exclude(status=AccountStatus.REVOKED)
        codes = ", ".join(found.values_list("code", flat=True)[:10])
    if codes:
        yield Error(
            f"Testnet or mainnet accounts on the embedded stack: {codes}.",
            hint="Its process walls do not exist. Run the parts as separate processes, or revoke the accounts.",
            id="ailona.E010",
        )
