"""Alice's desk with three bots, for tests of pages and API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot
from bots.services.instruments import forget_instruments
from bots.services.regimes import forget_regimes
from bots.services.series import forget_series
from bots.services.store import forget_candles
from bots.services.tickers import forget_tickers
from tests.e2e.desk_rows import desk as write_desk
from tests.roles import acting_as


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """The tables are emptied after each test; what the process remembers of them must go as well."""
    yield
    forget_candles()
    forget_series()
    forget_tickers()
    forget_regimes()
    forget_instruments()


@pytest.fixture
def desk(alice: User) -> Workspace:
    with acting_as("engine"):
        return write_desk(alice, minutes=150)


@pytest.fixture
def bot(desk: Workspace) -> Bot:
    """The bot at work."""
    return named(desk, "Dip buyer")


def named(workspace: Workspace, name: str) -> Bot:
    with workspace_scope(workspace.pk):
        return Bot.objects.select_related("account").get(name=name)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
