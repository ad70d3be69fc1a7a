"""What is packed can't be changed or taken away unnoticed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from bots.models import Bot, DecisionPage
from bots.services.packing import verify
from tests.bots.services.test_journal import _small_pages, bot, packed, read, written  # noqa: F401 - fixtures
from tests.roles import acting_as
from tests.worlds import World
from trading_core.engine.journal.page import PageBroken

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_flipped_byte_is_named_by_verification(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with world.inside():
        row = DecisionPage.objects.filter(symbol="ETHUSDT").order_by("first_close_ms")[1]
    for place in range(0, len(row.blob), 7):
        broken = bytearray(row.blob)
        broken[place] ^= 1
        _overwrite(row, "blob", bytes(broken))
        with world.inside():
            found = verify(bot)
        assert found is not None
        assert (found.symbol, found.first_close_ms) == ("ETHUSDT", row.first_close_ms)
    _overwrite(row, "blob", bytes(row.blob))
    with world.inside():
        assert verify(bot) is None


def test_a_page_that_was_taken_out_is_noticed(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with acting_as("engine"), world.inside():
        pages = list(DecisionPage.objects.filter(symbol="BTCUSDT").order_by("first_close_ms"))
        pages[0].delete()
        found = verify(bot)

    assert found is not None
    assert found.first_close_ms == pages[1].first_close_ms


def test_a_page_whose_row_lies_is_noticed(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with world.inside():
        row = DecisionPage.objects.filter(symbol="BTCUSDT").order_by("first_close_ms").first()
    assert row is not None
    _overwrite(row, "counts", json.dumps({"entered": 5}))
    with world.inside():
        found = verify(bot)

    assert found is not None
    assert "other decisions" in found.reason


@pytest.mark.parametrize("left", [1, 0])
def test_a_newest_page_that_was_taken_away_is_missed(world: World, bot: Bot, left: int) -> None:
    written(world, bot, 30)
    packed(bot)
    with world.inside():
        rows = list(DecisionPage.objects.filter(symbol="BTCUSDT").order_by("first_close_ms"))
    assert len(rows) > 1
    with acting_as(""), connection.cursor() as cursor:
        for row in rows[left:]:
            cursor.execute("DELETE FROM bots_decisionpage WHERE id = %s", [row.pk])
    with world.inside():
        bot.refresh_from_db()
        found = verify(bot)
    assert found is not None
    assert (found.symbol, found.last_close_ms) == ("BTCUSDT", rows[0].last_close_ms if left else 0)
    assert "missing" in found.reason


def test_reading_a_broken_page_names_it(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with world.inside():
        row = DecisionPage.objects.filter(symbol="BTCUSDT").order_by("first_close_ms").first()
    assert row is not None
    _overwrite(row, "blob", b"\x01nonsense")

    with pytest.raises(PageBroken, match=f"page {row.pk} of BTCUSDT, closes {row.first_close_ms}"):
        read(world, bot)


def _overwrite(row: DecisionPage, column: str, value: Any) -> None:
    """Past every wall, as somebody with the database's keys could."""
    with acting_as(""), connection.cursor() as cursor:
        cursor.execute(f"UPDATE bots_decisionpage SET {column} = %s WHERE id = %s", [value, row.pk])
        assert cursor.rowcount == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ["web", "engine", "ops"])
def test_nobody_may_change_a_page(world: World, bot: Bot, role: str) -> None:
    with acting_as(role), connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'bots_decisionpage', 'UPDATE')", [f"ailona_{role}"])
        assert cursor.fetchone() == (False,)
