from __future__ import annotations

import pytest
from pytest_django import Settings

from ailona.secrets_file import new_secrets


@pytest.fixture
def keys(settings: Settings) -> Settings:
    """A process that has every key, as the embedded stack does."""
    made = new_secrets()
    for name in ("TRADER_PUBLIC_KEY", "TRADER_PRIVATE_KEY", "MASTER_KEYS"):
        setattr(settings, name, made[name])
    return settings
