"""On PostgreSQL, tests run as the roles the product runs as.

The login creates and migrates the test database; then every connection of every thread takes the role
``ailona_web``, or ``ailona_engine`` in a test marked ``role("engine")``, until the database is cleaned.
``acting_as("web")`` changes the role for a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.signals import connection_created


class _Acting:
    """The role of every connection; None is the login itself."""

    role: str | None = None


# SQLite cleans a database row by row, which the audit log's trigger would refuse.
_SQLITE_TRIGGER = "accounts_auditevent_no_delete"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "role(name): the PostgreSQL role of this test, web (default) or engine"
    )
    config.addinivalue_line("markers", "postgresql: about PostgreSQL itself; runs on that stack only")
    config.addinivalue_line(
        "markers", "sqlite: needs a database on a simulated clock; runs on that stack only"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = "sqlite" if "postgresql" in settings.DATABASES["default"]["ENGINE"] else "postgresql"
    elsewhere = [item for item in items if item.get_closest_marker(other)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


@pytest.fixture
def _django_db_helper(request: pytest.FixtureRequest, _django_db_helper: None) -> Iterator[None]:
    marker = request.node.get_closest_marker("role")
    with acting_as(marker.args[0] if marker else "web"):
        _guard_audit_log()
        yield
        _release_audit_log()


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Take a role, on the open connections of this thread and on all that are made meanwhile."""
    former, _Acting.role = _Acting.role, role
    _apply_to_open_connections()
    try:
        yield
    finally:
        _Acting.role = former
        _apply_to_open_connections()


def current_role() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def _apply_to_open_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.needs_rollback:
            _apply(connection)


def _apply(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor != "postgresql":
        return
    role = "ops" if connection.alias == "ops" and _Acting.role else _Acting.role
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE ailona_{role}" if role else "RESET ROLE")


def _on_connect(sender: object, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    _apply(connection)  # from the pool it may come with the role of its last user


def _delete_instead_of_truncate(
    self: DatabaseOperations, style: object, tables: list[str], **kwargs: Any
) -> list[str]:
    """Clean the database in milliseconds: TRUNCATE gives every table and index a new file."""
    if not tables:
        return []
    quiet, loud = (f"SET session_replication_role = {mode}" for mode in ("replica", "DEFAULT"))
    return [quiet, *(f'DELETE FROM "{table}"' for table in tables), loud]


connection_created.connect(_on_connect, dispatch_uid="tests.roles")
DatabaseOperations.sql_flush = _delete_instead_of_truncate  # type: ignore[assignment]


def _guard_audit_log() -> None:
    connection = connections["default"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {_SQLITE_TRIGGER} BEFORE DELETE ON accounts_auditevent "
                "BEGIN SELECT RAISE(ABORT, 'accounts_auditevent is append-only'); END"
            )


def _release_audit_log() -> None:
    connection = connections["default"]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER IF EXISTS {_SQLITE_TRIGGER}")
