"""What every test may ask for, and what none may do."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from django.conf import settings
from hypothesis import settings as hypothesis_settings

# The same examples every time: a change is judged by what it changed. `make explore` looks for new ones.
hypothesis_settings.register_profile("settled", derandomize=True)
hypothesis_settings.register_profile("explore", print_blob=True)
hypothesis_settings.load_profile("settled")

pytest_plugins = ("tests.roles", "tests.persons", "tests.fresh")

T = TypeVar("T")

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "admin_client"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what touches a database, so that the second stack runs it again; put browsers last.

    Playwright keeps an event loop running in the main thread, where asyncio's tests need theirs.
    """
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or names & DATABASE_FIXTURES:
            item.add_marker(pytest.mark.db)
        if "browser" in names or "page" in names:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session", autouse=True)
def _data_dir_removed() -> Iterator[None]:
    """Remove what the suite wrote into its own DATA_DIR."""
    yield
    shutil.rmtree(Path(settings.DATA_DIR), ignore_errors=True)


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Return the folder of recorded market data, named by MARKET_DATA."""
    root = Path(settings.MARKET_DATA)
    if not root.is_dir():
        pytest.skip("no recorded market data: set MARKET_DATA")
    return root


def wait_until(claim: Callable[[], T], *, timeout_s: float = 30.0, every_s: float = 0.02) -> T:
    """Return the first truthy answer; fail when none came in time."""
    deadline = time.monotonic() + timeout_s
    while not (answer := claim()):
        assert time.monotonic() < deadline, f"not true within {timeout_s} s: {claim}"
        time.sleep(every_s)
    return answer


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Poll instead of sleeping: ``eventually(lambda: bot.position() is not None)``."""
    return wait_until
