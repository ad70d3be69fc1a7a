"""The whole platform under seeded misfortune. Seeds 50 to 99; two files, so that two processes share them."""

from __future__ import annotations

import pytest

from tests.simulation.seeds import TOGETHER, hold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.mark.parametrize("first", range(50, 100, TOGETHER))
def test_nothing_is_doubled_lost_or_left_without_its_stop(first: int) -> None:
    hold(first)
