"""What every simulated run needs."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> Iterator[None]:
    """Keys of its own; what goes wrong by design fills no log."""
    settings.MASTER_KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
