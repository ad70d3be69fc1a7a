"""What the roles may do with the tables of the framework and of allauth, which have no migration of ours."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.db import connections

from ailona.kit.rls import MIGRATOR, READ, READ_WRITE, Grants, ensure_roles, grant

_LOOKUP = Grants(web=READ, engine=READ, ops=READ)
_WEB_ONLY = Grants(web=READ_WRITE, engine="", ops="")

FRAMEWORK: dict[str, Grants] = {
    "django_content_type": _LOOKUP,
    "django_migrations": _LOOKUP,
    "auth_permission": _LOOKUP,
    "auth_group": _LOOKUP,
    "auth_group_permissions": _LOOKUP,
    "django_session": _WEB_ONLY,
    "django_admin_log": Grants(web="SELECT, INSERT", engine="", ops="SELECT, INSERT"),
    "account_emailaddress": Grants(web=READ_WRITE, engine=READ, ops=READ),
    "account_emailconfirmation": _WEB_ONLY,
}


def grant_framework_tables(sender: AppConfig, using: str, **kwargs: object) -> None:
    """After ``migrate``: grant what the roles need; safe to repeat."""
    connection = connections[using]
    if connection.vendor != "postgresql" or "plan" not in kwargs:  # flush emits the same signal
        return
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        ensure_roles(cursor)
        for table in sorted(tables & set(FRAMEWORK)):
            grant(cursor, table, FRAMEWORK[table])


def become_migrator(sender: object, connection: object, **kwargs: object) -> None:
    """Take the migrator's role on a fresh connection, once it is sure that the role exists.

    The other roles come with the connection's options; this one may have to be created first.
    """
    alias = getattr(connection, "alias", "")
    if settings.AILONA_ROLE != "migrator" or alias != "default":
        return
    with connections[alias].cursor() as cursor:
        ensure_roles(cursor)
        cursor.execute(f"SET ROLE {MIGRATOR}")
