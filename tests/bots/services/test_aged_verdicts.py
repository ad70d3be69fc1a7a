"""Old verdicts go, young ones stay, and a bot that comes late computes its own."""

from __future__ import annotations

import pytest

from bots.models import FeedStatus, VerdictRow
from bots.services import aged_verdicts
from bots.services.aged_verdicts import KEPT_MS, drop_aged_verdicts
from bots.services.cycle import run_cycle
from bots.services.verdicts import forget_verdicts, run_verdicts
from tests.worlds import LINEAR, MINUTE, SOURCE, World

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]


def closes() -> list[int]:
    return list(VerdictRow.objects.order_by("close_ms").values_list("close_ms", flat=True))


def test_what_is_older_than_an_hour_by_the_markets_clock_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bot()
    told = []
    for _ in range(5):
        told.append(world.close())
        run_verdicts(SOURCE, LINEAR, told[-1])
    FeedStatus.objects.update_or_create(
        source=SOURCE, defaults={"market": "test", "last_close_ms": told[2] + KEPT_MS}
    )
    monkeypatch.setattr(aged_verdicts, "CHUNK", 2)
    assert drop_aged_verdicts() == 2
    assert closes() == told[2:]
    assert drop_aged_verdicts() == 0


def test_a_market_without_a_clock_keeps_its_verdicts(world: World) -> None:
    world.bot()
    run_verdicts(SOURCE, LINEAR, world.close())
    FeedStatus.objects.all().delete()
    assert drop_aged_verdicts() == 0


def test_a_bot_that_comes_after_its_verdict_went_decides_the_same(world: World) -> None:
    bot = world.bot()
    close_ms = world.close()
    run_verdicts(SOURCE, LINEAR, close_ms)
    late = close_ms + KEPT_MS + MINUTE
    FeedStatus.objects.update_or_create(source=SOURCE, defaults={"market": "test", "last_close_ms": late})
    assert drop_aged_verdicts() == 1
    forget_verdicts()
    assert run_cycle(bot.pk, bot.workspace_id) == 1
    assert closes() == [close_ms]
