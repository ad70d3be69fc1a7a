from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from ailona.kit.tenancy import TenantQuerySet, workspace_scope
from bots.models import Bot, DecisionPage, Outcome
from bots.services import journal, packing
from bots.services.journal import Decision, decision, decisions, last_decisions, span
from bots.services.packing import RowsChanged, pack_journal, pack_journals, verify
from bots.tasks import journal as journal_task
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, NEVER, World
from trading_core.engine.journal.page import pack

pytestmark = pytest.mark.django_db(transaction=True)

CODES = ("no_signal", "no_signal", "no_signal", "in_position", "entered", "not_ready")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "KEEP", 4)
    monkeypatch.setattr(packing, "PAGE_MIN", 3)
    monkeypatch.setattr(packing, "PAGE_MAX", 5)


def written(world: World, bot: Bot, count: int, *, first: int = 1) -> list[Decision]:
    """Decisions of both symbols as a cycle leaves them; returns them oldest first."""
    made = []
    for number in range(first, first + count):
        for symbol in world.symbols:
            details: dict[str, Any] = {"lots": number, "side": "long"} if number % 3 else {}
            leaves = bytes([number % 251]) if number % 5 else b""
            code = CODES[(number + len(symbol)) % len(CODES)]
            made.append(Decision(symbol, START_MS + number * MINUTE, code, leaves, details))
    with acting_as("engine"), world.inside():
        rows = [
            Outcome(bot=bot, symbol=d.symbol, close_ms=d.close_ms, code=d.code, leaves=d.leaves, details=d.details)
            for d in made
        ]  # fmt: skip
        Outcome.objects.bulk_create(rows)
        Bot.objects.filter(pk=bot.pk).update(done=made[-1].close_ms, wanted=made[-1].close_ms)
        bot.refresh_from_db()
    return made


@pytest.fixture
def bot(world: World) -> Bot:
    return world.bot(start=False, universe={"symbols": list(world.symbols)})


def packed(bot: Bot) -> int:
    with acting_as("engine"):
        return pack_journal(bot.pk, bot.workspace_id)


@pytest.fixture
def inside(world: World, bot: Bot) -> Iterator[None]:
    with workspace_scope(bot.workspace_id, reading=True):
        yield


def counted(world: World) -> tuple[int, int]:
    with world.inside():
        return Outcome.objects.count(), DecisionPage.objects.count()


def read(world: World, bot: Bot, **wanted: Any) -> list[Decision]:
    with workspace_scope(bot.workspace_id, reading=True):
        return decisions(bot, **wanted)


def test_packing_moves_all_but_the_newest_and_changes_no_answer(world: World, bot: Bot) -> None:
    made = written(world, bot, 20)

    assert packed(bot) == 2 * 3  # five closes each, then one more than must stay: too little for a page
    assert counted(world) == (2 * 5, 2 * 3)
    assert read(world, bot, newest_first=False) == made
    assert read(world, bot) == made[::-1]


FILTERS: list[dict[str, Any]] = [
    {"symbol": "ETHUSDT"},
    {"symbol": "NOPEUSDT"},
    {"codes": ["entered", "not_ready"]},
    {"codes": []},
    {"from_ms": START_MS + 3 * MINUTE, "to_ms": START_MS + 17 * MINUTE},
    {"from_ms": START_MS + 7 * MINUTE, "symbol": "BTCUSDT", "codes": ["no_signal"]},
    {"limit": 7},
    {"limit": 25},
    {"limit": 3, "codes": ["entered"], "to_ms": START_MS + 9 * MINUTE},
]


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("newest_first", [True, False])
def test_filters_mean_the_same_before_and_after_packing(
    world: World, bot: Bot, wanted: dict[str, Any], newest_first: bool
) -> None:
    made = written(world, bot, 20)
    before = read(world, bot, newest_first=newest_first, **wanted)
    packed(bot)

    assert read(world, bot, newest_first=newest_first, **wanted) == before
    symbol, codes, limit = wanted.get("symbol"), wanted.get("codes"), wanted.get("limit")
    expected = [
        d for d in (made[::-1] if newest_first else made)
        if (symbol is None or d.symbol == symbol) and (codes is None or d.code in codes)
        and wanted.get("from_ms", 0) <= d.close_ms <= wanted.get("to_ms", 1 << 60)
    ]  # fmt: skip
    assert before == expected[:limit]


def test_one_decision_is_found_wherever_it_is(world: World, bot: Bot, inside: None) -> None:
    made = written(world, bot, 12)
    packed(bot)

    for one in made:
        assert decision(bot, one.symbol, one.close_ms) == one
    assert decision(bot, "BTCUSDT", START_MS + MINUTE // 2) is None
    assert decision(bot, "BTCUSDT", START_MS + 99 * MINUTE) is None
    assert span(bot) == (made[0].close_ms, made[-1].close_ms)


def test_the_newest_decisions_of_many_bots(world: World, bot: Bot, inside: None) -> None:
    made = written(world, bot, 12)
    packed(bot)

    assert last_decisions([bot]) == {bot.pk: made[-2:]}


def test_packing_goes_on_page_by_page_and_rests_when_there_is_nothing(world: World, bot: Bot) -> None:
    made = written(world, bot, 12)
    packed(bot)
    with acting_as("engine"):
        assert pack_journals() == 0
    for first in range(13, 60):
        made += written(world, bot, 1, first=first)
        with acting_as("engine"):
            pack_journals()

    rows, _ = counted(world)
    assert rows <= 2 * (4 + 3 - 1)
    assert read(world, bot, newest_first=False) == made
    with world.inside():
        assert verify(bot) is None


def test_a_run_is_bounded_and_the_next_one_goes_on(world: World, bot: Bot) -> None:
    made = written(world, bot, 40)
    with acting_as("engine"):
        assert [pack_journals(pages=3) for _ in range(6)] == [3, 3, 3, 3, 2, 0]

    assert read(world, bot, newest_first=False) == made


def test_a_missed_range_stays_one_record(world: World, bot: Bot) -> None:
    written(world, bot, 5)
    details = {"from_ms": 1, "to_ms": 2, "closes": 900, "reason": "it was down or too slow"}
    with acting_as("engine"), world.inside():
        close_ms = START_MS + 906 * MINUTE
        for symbol in world.symbols:
            Outcome.objects.create(
                bot=bot, symbol=symbol, close_ms=close_ms, code="missed", leaves=b"", details=details
            )
    written(world, bot, 9, first=907)
    packed(bot)

    found = read(world, bot, codes=["missed"])
    assert [(d.close_ms, d.leaves, d.details) for d in found] == [(close_ms, b"", details)] * 2


STEPS: dict[str, Callable[[], tuple[Any, str]]] = {
    "before the page is written": lambda: (DecisionPage.objects, "create"),
    "before the rows are removed": lambda: (TenantQuerySet, "delete"),
    "while the page is packed": lambda: (packing, "pack"),
}


class Killed(BaseException):
    """What a SIGKILL looks like from inside."""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_loses_and_doubles_nothing(
    world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    made = written(world, bot, 20)

    def kill(*_args: Any, **_named: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step](), kill)
        with pytest.raises(Killed):
            packed(bot)

    assert counted(world) == (40, 0)
    packed(bot)
    assert read(world, bot, newest_first=False) == made


def test_rows_that_somebody_else_packed_are_left_alone(
    world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker packs the same rows between our reading and our writing."""
    made = written(world, bot, 20)
    real = pack
    others: list[int] = []

    def late(rows: Any) -> bytes:
        if not others:
            others.append(0)
            others.append(pack_journal(bot.pk, bot.workspace_id))
        return real(rows)

    monkeypatch.setattr(packing, "pack", late)
    with acting_as("engine"), pytest.raises((IntegrityError, RowsChanged)):
        pack_journal(bot.pk, bot.workspace_id)

    assert others[1] > 0
    assert read(world, bot, newest_first=False) == made
    with world.inside():
        assert verify(bot) is None


def test_a_reader_beside_the_move_loses_and_doubles_nothing(
    world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = written(world, bot, 20)
    real = journal.Wanted.rows

    def moved_meanwhile(wanted: journal.Wanted) -> Any:
        found = list(real(wanted))
        pack_journal(bot.pk, bot.workspace_id)

        class Read(list[Any]):
            def __getitem__(self, part: Any) -> Any:
                return found[part]

        return Read()

    monkeypatch.setattr(journal.Wanted, "rows", moved_meanwhile)
    with acting_as("engine"):
        found = read(world, bot, newest_first=False)

    assert found == made
    assert counted(world)[1] > 0


def test_a_cycle_that_decides_meanwhile_is_not_disturbed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A close comes in between reading and writing: it is a row afterwards, exactly once."""
    bot = world.bot(universe={"symbols": ["BTCUSDT"]}, rules={"inline": NEVER, "son": False})
    for _ in range(9):
        world.close()
        world.decide(bot)
    real = pack

    def late(rows: Any) -> bytes:
        world.close()
        world.decide(bot)
        return real(rows)

    with monkeypatch.context() as patch:
        patch.setattr(packing, "pack", late)
        assert packed(bot) == 1

    found = read(world, bot, newest_first=False)
    assert [d.close_ms for d in found] == [START_MS + n * MINUTE for n in range(1, 11)]


def test_a_packed_close_never_comes_back_as_a_row(world: World) -> None:
    """``done`` only rises: a doorbell rung again for an old close does nothing."""
    bot = world.bot(universe={"symbols": ["BTCUSDT"]}, rules={"inline": NEVER, "son": False})
    for _ in range(12):
        world.close()
        world.decide(bot)
    packed(bot)
    before = read(world, bot)
    with acting_as("engine"), world.inside():
        Bot.objects.filter(pk=bot.pk).update(wanted=START_MS + 2 * MINUTE)

    assert world.decide(bot) == 0
    assert read(world, bot) == before


def test_the_digests_are_what_the_format_says(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with world.inside():
        pages = list(DecisionPage.objects.filter(symbol="BTCUSDT").order_by("first_close_ms"))
    digest = hashlib.sha256(f"{bot.code}/BTCUSDT".encode()).digest()
    for page in pages:
        digest = hashlib.sha256(digest + bytes(page.blob)).digest()
        assert bytes(page.digest) == digest


def test_a_bot_is_deleted_with_all_its_decisions(world: World, bot: Bot) -> None:
    written(world, bot, 20)
    packed(bot)
    with acting_as("engine"), world.inside():
        Bot.objects.get(pk=bot.pk).delete()

    assert counted(world) == (0, 0)


def test_the_task_packs_and_the_command_verifies(
    world: World, bot: Bot, capsys: pytest.CaptureFixture[str]
) -> None:
    written(world, bot, 20)
    with acting_as("engine"):
        journal_task()
        call_command("verify_journal", bot=bot.code)

    assert counted(world)[1] > 0
    assert "whole" in capsys.readouterr().out
