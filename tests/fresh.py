"""Each test that touches the database is a process that has just started, and none outlives the suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.worlds import forget_everything

_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def _process_is_fresh(request: pytest.FixtureRequest) -> None:
    """What a process remembers of the tables goes with them."""
    if request.node.get_closest_marker("db"):
        forget_everything()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the databases as pytest-django does; before they are dropped, end what still looks at them."""
    yield
    with django_db_blocker.unblock():
        _end_other_sessions()


def _end_other_sessions() -> None:
    """A thread that lives as long as the process keeps its connection as long; PostgreSQL drops no such database."""
    for connection in connections.all():
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
    default = connections["default"]
    if default.vendor == "postgresql":
        with default._nodb_cursor() as cursor:
            cursor.execute(_END_OTHERS, [default.settings_dict["NAME"]])
