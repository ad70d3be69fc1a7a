from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Outcome, Study, StudyState
from bots.services import studies, whatif
from bots.services.studies import drop_expired_studies, ring_forgotten_studies, run_study
from bots.services.whatif import cancel_study, start_what_if, study
from bots.services.whatif_result import answer
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, World
from trading_core.errors import InvalidInput, RulesInvalid

pytestmark = pytest.mark.django_db(transaction=True)

CLOSE: Any = {"price": "close"}
RULES: Any = {"schema": 2, "long": {"left": CLOSE, "op": "<", "right": 50}}
PRICES = [100.0, 99.0, 101.0, 97.0, 100.0, 100.5, 98.0, 103.0, 100.0, 100.0]
LOWER = [{"path": "long.right", "value": 98.5}]


@pytest.fixture
def bot(world: World) -> Bot:
    """A bot that saw ten closes and never entered."""
    bot = world.bot(rules={"inline": RULES, "son": False})
    for price in PRICES:
        world.close(price, symbols=("BTCUSDT",))
        world.decide(bot)
    with world.inside():
        bot.refresh_from_db()
    return bot


def started(world: World, bot: Bot, change: Any = LOWER, days: int = 1) -> Study:
    with world.inside():
        return start_what_if(bot, change, days)


def worked(world: World, row: Study) -> Study:
    with acting_as("engine"):
        run_study(row.pk, row.workspace_id)
    with world.inside():
        return study(row.code)


def test_a_changed_threshold_is_played_beside_the_rules_as_they_are(world: World, bot: Bot) -> None:
    done = worked(world, started(world, bot))

    assert (done.state, done.progress, done.error) == ("done", 100, "")
    result = done.result
    assert result is not None
    assert (result["symbols"], result["candles"]) == (["BTCUSDT"], 10)
    assert (result["original"]["signals"], result["changed"]["signals"]) == (0, 2)
    assert result["original"]["outcomes"] == {"no_signal": 10}
    assert result["changed"]["entered"] == 1
    first = result["differing"]["shown"][0]
    assert (first["close_ms"], first["original"]["code"], first["changed"]["code"]) == (
        START_MS + 4 * MINUTE, "no_signal", "entered",
    )  # fmt: skip
    assert result["differing"]["count"] == len(result["differing"]["shown"])
    assert result["equity"][0][1] == "10000"
    assert result["equity"][-1][0] == START_MS + 10 * MINUTE


def test_unchanged_rules_reproduce_the_bots_own_journal(world: World, bot: Bot) -> None:
    result = worked(world, started(world, bot, change=RULES)).result

    assert result is not None
    assert result["differing"] == {"count": 0, "shown": []}
    assert result["original"] == result["changed"]
    assert result["journal"] == {
        "compared": 10, "equal": 10, "same_answers": 10, "missed": 0, "first_difference": None,
    }  # fmt: skip


def test_where_the_replay_parts_from_the_journal_it_says_so(world: World, bot: Bot) -> None:
    with acting_as("engine"), world.inside():
        Outcome.objects.filter(bot=bot, close_ms=START_MS + 3 * MINUTE).update(code="entries_paused")
        missed = {"closes": 4, "from_ms": 0, "to_ms": 0, "reason": "it was down or too slow"}
        Outcome.objects.filter(bot=bot, close_ms=START_MS + 5 * MINUTE).update(
            code="missed", leaves=b"", details=missed
        )
    result = worked(world, started(world, bot)).result

    assert result is not None
    assert result["journal"] == {
        "compared": 9, "equal": 8, "same_answers": 9, "missed": 4,
        "first_difference": {"symbol": "BTCUSDT", "close_ms": START_MS + 3 * MINUTE,
                             "recorded": "entries_paused", "replayed": "no_signal"},
    }  # fmt: skip
    assert any("missed closes" in note for note in result["notes"])


@pytest.mark.parametrize("change, path", [
    ([{"path": "long.left", "value": {"indicator": "nope"}}], "long.left"),
    ([{"path": "short.right", "value": 1}], "short.right"),
    ([{"path": "long[0]", "value": 1}], "long[0]"),
    ([{"path": "long.right", "value": "much"}], "long.right"),
    ([{"path": "long..right", "value": 1}], "long..right"),
    ([{"path": "long.right"}], "change[0]"),
    ([{"path": 7, "value": 1}], "change[0].path"),
    ([], "change"),
    ("long", "change"),
    (None, "change"),
    ({"schema": 2, "long": {"nothing": 1}}, "long"),
    ({"schema": 2, "exit_long": RULES["long"]}, ""),
])  # fmt: skip
def test_a_bad_change_is_refused_with_its_place(world: World, bot: Bot, change: Any, path: str) -> None:
    with pytest.raises(RulesInvalid) as refused:
        started(world, bot, change=change)

    assert refused.value.path.startswith(path)
    with world.inside():
        assert not Study.objects.exists()


@pytest.mark.parametrize("days", [0, -1, whatif.DAYS_MAX + 1])
def test_a_period_out_of_range_is_refused(world: World, bot: Bot, days: int) -> None:
    with pytest.raises(InvalidInput, match="days"):
        started(world, bot, days=days)


def test_a_workspace_has_so_many_at_a_time(world: World, bot: Bot) -> None:
    first, _ = (started(world, bot) for _ in range(whatif.RUNNING_MAX))
    with pytest.raises(InvalidInput, match="under way"):
        started(world, bot)
    with world.inside():
        cancel_study(first)

    assert started(world, bot).state == "waiting"


def test_a_cancelled_study_is_not_computed(world: World, bot: Bot) -> None:
    row = started(world, bot)
    with world.inside():
        assert cancel_study(row).state == "cancelled"

    assert worked(world, row).state == "cancelled"
    assert row.result is None


def test_cancelling_stops_a_worker_and_its_result_is_dropped(
    world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = started(world, bot)

    def cancelled_meanwhile(_question: Any, progress: Any) -> dict[str, Any]:
        with world.inside():
            cancel_study(row)
        progress(0.5)
        raise AssertionError("it went on")

    monkeypatch.setattr(studies, "answer", cancelled_meanwhile)

    assert worked(world, row).state == "cancelled"


def test_progress_is_seen_from_outside(world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    row, seen = started(world, bot), []
    real = answer

    def told(question: Any, progress: Any) -> dict[str, Any]:
        progress(0.421)
        with world.inside():
            seen.append((study(row.code).state, study(row.code).progress))
        return real(question, progress)

    monkeypatch.setattr(studies, "answer", told)
    worked(world, row)

    assert seen == [("running", 42)]


def test_a_fault_of_ours_is_no_result(world: World, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    row = started(world, bot)
    monkeypatch.setattr(studies, "answer", lambda *_: 1 / 0)
    done = worked(world, row)

    assert (done.state, done.result) == ("failed", None)
    assert "logged" in done.error


def test_without_candles_it_says_so(world: World) -> None:
    row = started(world, world.bot(rules={"inline": RULES, "son": False}))
    done = worked(world, row)

    assert done.state == "failed"
    assert "no candles of BTCUSDT" in done.error


def test_a_study_whose_worker_died_is_taken_up_again(world: World, bot: Bot) -> None:
    row = started(world, bot)
    with acting_as("engine"):
        long_ago = timezone.now() - studies.SILENCE - timedelta(seconds=1)
        with world.inside():
            Study.objects.filter(pk=row.pk).update(state=StudyState.RUNNING, touched_at=long_ago)
        assert ring_forgotten_studies() == 1

    assert worked(world, row).state == "done"
    with acting_as("engine"):
        assert ring_forgotten_studies() == 0


def test_a_running_study_is_not_started_twice(world: World, bot: Bot) -> None:
    row = started(world, bot)
    with acting_as("engine"):
        with world.inside():
            Study.objects.filter(pk=row.pk).update(state=StudyState.RUNNING)
        assert not run_study(row.pk, row.workspace_id)


def test_expired_studies_are_dropped(world: World, bot: Bot) -> None:
    old, fresh, waiting = started(world, bot), started(world, bot), None
    worked(world, old)
    worked(world, fresh)
    waiting = started(world, bot)
    with acting_as("engine"):
        with world.inside():
            Study.objects.filter(pk__in=[old.pk, waiting.pk]).update(expires_at=timezone.now() - timedelta(1))
        assert drop_expired_studies() == 1
    with world.inside():
        assert set(Study.objects.values_list("pk", flat=True)) == {fresh.pk, waiting.pk}


def test_studies_of_others_are_not_found(world: World, strangers_world: World, bot: Bot) -> None:
    row = started(world, bot)
    with workspace_scope(strangers_world.workspace.pk), pytest.raises(Study.DoesNotExist):
        study(row.code)
