"""The accounts application."""

from __future__ import annotations

from django.apps import AppConfig
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from accounts.grants import become_migrator, grant_framework_tables


class AccountsConfig(AppConfig):
    """People, workspaces and exchange accounts."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """On PostgreSQL, migrations run as their own role and end with the grants."""
        if connection.vendor == "postgresql":
            post_migrate.connect(grant_framework_tables, sender=self, dispatch_uid="accounts.grants")
            connection_created.connect(become_migrator, dispatch_uid="accounts.migrator")
