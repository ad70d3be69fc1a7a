from __future__ import annotations

import pytest
from pytest_django import Settings

from ailona.checks import UnsafeStart, refuse_unsafe_settings


def test_the_suite_itself_would_start() -> None:
    refuse_unsafe_settings()


def test_a_server_with_a_default_secret_does_not_start(settings: Settings) -> None:
    settings.SECRET_KEY = "changeme"

    with pytest.raises(UnsafeStart, match=r"ailona\.E001"):
        refuse_unsafe_settings()
