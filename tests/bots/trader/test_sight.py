"""What a trader doesn't see, it adds nothing to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bots.trader.config import TraderConfig
from bots.trader.lease import Served
from bots.trader.sight import Sight

CONFIG = TraderConfig(venue_url="", venue_token="", deaf_after=30.0, unread_after=90.0)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock."""
    now = [1_000.0]
    monkeypatch.setattr("bots.trader.sight.time.monotonic", lambda: now[0])
    return now


def sight(stream: Any = None) -> Sight:
    work: Any = SimpleNamespace()
    made = Sight(Served(1, 1, "abc", "paper", 0), CONFIG, work)
    made.stream = stream
    return made


def test_a_stream_that_is_down_for_long_blinds(passed: list[float]) -> None:
    line: Any = SimpleNamespace(is_up=True)
    one = sight(line)
    assert one.judge(holds_anything=True) == ""
    line.is_up = False
    passed[0] += 30.0
    assert one.judge(holds_anything=False) == ""
    passed[0] += 1.0
    assert one.judge(holds_anything=False) == "the private stream has been down for 31 s"


def test_an_old_reconcile_blinds_who_holds_something(passed: list[float]) -> None:
    one = sight(SimpleNamespace(is_up=True))
    one.read()
    passed[0] += 91.0
    assert one.judge(holds_anything=False) == ""
    assert one.judge(holds_anything=True) == "the account was last read whole 91 s ago"


def test_two_complete_passes_make_it_see_again(passed: list[float]) -> None:
    line: Any = SimpleNamespace(is_up=False)
    one = sight(line)
    passed[0] += 31.0
    assert one.judge(holds_anything=False)
    one._blind = True
    line.is_up = True
    assert "0 of 2" in one.judge(holds_anything=False)
    one.read()
    assert "1 of 2" in one.judge(holds_anything=False)
    one.read()
    assert one.judge(holds_anything=False) == ""
