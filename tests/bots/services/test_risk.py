"""The ladder over rows: equity of day and peak, locks by losses and by people, exposure across bots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import verify_chain
from accounts.models import AuditEvent, ExchangeAccount, PlatformLimits, Workspace
from bots.models import Bot, Claim, EquityMark, IntentRow, OrderRow, Outcome, RiskLock
from bots.services import lifecycle
from bots.services.cycle import run_cycle
from bots.services.enforcing import enforce_lock
from bots.services.limits import Loosening, change_limits, ladder
from bots.services.locks import NoSuchLock, lift_lock, locks_of, set_lock
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import NEVER, World, document
from trading_core.errors import DocumentInvalid, InvalidInput
from trading_core.execution.order import OrderState
from trading_core.market.timeframe import MINUTE_MS, Timeframe
from trading_core.money import money

pytestmark = pytest.mark.django_db

DAY = Timeframe.D1.ms
NEVER_RULES = {"inline": NEVER, "son": False}


def risky(**risk: Any) -> dict[str, Any]:
    """A document's risk section with more in it."""
    return {"risk": {**document()["risk"], "cooldown_candles": 0, **risk}}


def lose(world: World, bot: Bot, units: int) -> None:
    """Take money off the account's wallet, as a closed trade does."""
    with world.inside():
        account = ExchangeAccount.objects.get(pk=bot.account_id)
        account.wallet -= units
        account.save(update_fields=["wallet"])


def last(world: World, bot: Bot, symbol: str = "BTCUSDT") -> Outcome:
    with world.inside():
        return Outcome.objects.filter(bot=bot, symbol=symbol).latest("close_ms")


def turn(world: World, bot: Bot, price: float = 100.0) -> Outcome:
    """The next minute closes and the bot decides."""
    world.close(price)
    world.decide(bot)
    return last(world, bot)


def limit(world: World, account: ExchangeAccount | None = None, **limits: Any) -> None:
    with world.inside():
        change_limits(limits, account=account, confirmed=True, actor="alice")


def entered(world: World, bot: Bot) -> None:
    """The bot's entry is filled at 100 and its legs and target stand."""
    world.hear(world.execution(next(o for o in world.accept(bot) if o.role == "entry"), ticks=1000), bot)
    world.accept(bot)


def averaging() -> dict[str, Any]:
    legs = {
        "legs": 2, "deviation_pct": "1", "step_scale": "1", "quote": "100", "volume_scale": "1", "resting": 2,
    }  # fmt: skip
    return {"plan": {**document()["plan"], "averaging": legs}}


def planned(world: World, bot: Bot) -> list[tuple[str, str]]:
    with world.inside():
        rows = IntentRow.objects.filter(bot=bot, state="planned").order_by("pk")
        return [(row.kind, row.order.role if row.order else "") for row in rows]


def test_a_cycle_remembers_how_the_day_began_and_the_peak(world: World) -> None:
    bot = world.bot(rules=NEVER_RULES)
    turn(world, bot)
    lose(world, bot, -money(50))
    turn(world, bot)
    lose(world, bot, money(80))
    turn(world, bot)

    with world.inside():
        mark = EquityMark.objects.get(account=bot.account_id)
    assert (mark.day_start, mark.peak, mark.equity) == (money(10_000), money(10_050), money(9_970))
    assert mark.day_ms == START_MS


def test_a_reset_account_begins_anew(world: World) -> None:
    bot = world.bot(rules=NEVER_RULES)
    turn(world, bot)
    with world.inside():
        ExchangeAccount.objects.filter(pk=bot.account_id).update(generation=2, wallet=money(500))
    turn(world, bot)

    with world.inside():
        mark = EquityMark.objects.get(account=bot.account_id)
    assert (mark.generation, mark.day_start, mark.peak) == (2, money(500), money(500))


def test_a_days_loss_locks_entries_until_the_next_day_of_the_workspace(world: World) -> None:
    with world.inside():
        Workspace.objects.filter(pk=world.workspace.pk).update(timezone="Asia/Kathmandu")
    next_midnight = START_MS + 18 * 60 * MINUTE_MS + 15 * MINUTE_MS
    bot = world.bot(**risky(limits={"day_loss": {"no_entries_pct": "2"}}))
    with world.inside():
        Bot.objects.filter(pk=bot.pk).update(state="entries_paused")
    turn(world, bot)
    with world.inside():
        Bot.objects.filter(pk=bot.pk).update(state="running")
    lose(world, bot, money(200))

    refused = turn(world, bot)

    assert refused.code == "locked"
    assert "2.00 %" in refused.details["reason"]
    with world.inside():
        lock = RiskLock.objects.get()
    assert (lock.where, lock.what, lock.cause, lock.until_ms) == ("bot", "entries", "day_loss", next_midnight)
    world.minute = (next_midnight - START_MS) // MINUTE_MS - 2
    assert turn(world, bot).code == "locked"
    assert turn(world, bot).code == "entered"


def test_a_lifted_loss_lock_stays_lifted_and_is_audited(world: World) -> None:
    bot = world.bot(**risky(limits={"drawdown": {"close_only_pct": "1"}}), rules=NEVER_RULES)
    turn(world, bot)
    lose(world, bot, money(150))
    turn(world, bot)
    with world.inside():
        lock = RiskLock.objects.get()
        assert (lock.what, lock.until_ms) == ("all", None)
        lift_lock(lock, actor="alice@example.com")
        with pytest.raises(NoSuchLock):
            lift_lock(lock, actor="alice@example.com")

    turn(world, bot)

    with world.inside():
        assert RiskLock.objects.count() == 1
        actions = list(AuditEvent.objects.filter(action__startswith="lock.").values_list("action", "actor"))
        assert actions == [("lock.set", "engine"), ("lock.lifted", "alice@example.com")]
        verify_chain()


def test_a_flattening_loss_closes_what_is_held(world: World) -> None:
    bot = world.bot(**risky(limits={"drawdown": {"flatten_pct": "1"}}))
    turn(world, bot)
    entered(world, bot)
    lose(world, bot, money(200))

    outcome = turn(world, bot)

    assert outcome.code == "exit_risk"
    assert ("place", "exit") in planned(world, bot)
    with world.inside():
        assert OrderRow.objects.get(bot=bot, role="exit").reason == "risk"


def test_a_lock_by_hand_takes_legs_off_at_once_and_leaves_the_target(world: World) -> None:
    bot = world.bot(**averaging())
    turn(world, bot)
    entered(world, bot)
    with world.inside():
        lock = set_lock(what="averaging", reason="News", now_ms=bot.done, bot=bot, actor="alice")

    with acting_as("engine"):
        asked = enforce_lock(lock.pk, world.workspace.pk)

    assert asked == 2
    assert planned(world, bot) == [("cancel", "average"), ("cancel", "average")]
    with acting_as("engine"):
        assert enforce_lock(lock.pk, world.workspace.pk) == 0


def test_a_lock_flattens_a_bot_that_was_left_with_its_position(world: World) -> None:
    bot = world.bot()
    turn(world, bot)
    entered(world, bot)
    lifecycle.stop_bot(bot, "leave")
    with world.inside():
        lock = set_lock(what="flatten", reason="Leaving", now_ms=bot.done, actor="alice")

    with acting_as("engine"):
        enforce_lock(lock.pk, world.workspace.pk)

    assert ("place", "exit") in planned(world, bot)


def test_a_lock_is_about_its_symbol_and_ends_in_time(world: World) -> None:
    bot = world.bot(universe={"symbols": ["BTCUSDT", "ETHUSDT"]})
    with world.inside():
        set_lock(
            what="entries", reason="Listing", now_ms=START_MS, until_ms=START_MS + 2 * MINUTE_MS, bot=bot,
            symbol="BTCUSDT", actor="alice",
        )  # fmt: skip

    assert turn(world, bot).details["until"] == "2025-01-01 00:02 UTC"
    assert last(world, bot, "ETHUSDT").code == "entered"
    assert turn(world, bot).code == "entered"


@pytest.mark.parametrize(
    "asked, path",
    [
        ({"what": "warn"}, "what"), ({"what": "everything"}, "what"), ({"reason": "  "}, "reason"),
        ({"until_ms": 5}, "until"),
    ],
)  # fmt: skip
def test_a_lock_that_makes_no_sense_is_refused(world: World, asked: dict[str, Any], path: str) -> None:
    values: dict[str, Any] = {"what": "all", "reason": "Why", "now_ms": 10, "actor": "alice"} | asked
    with world.inside(), pytest.raises(InvalidInput) as refused:
        set_lock(**values)
    assert refused.value.path == path


def test_bots_on_one_account_share_its_positions_and_exposure(world: World) -> None:
    account = world.shared_account()
    limit(world, account, max_positions=1)
    first = world.bot(account)
    second = world.bot(account, universe={"symbols": ["ETHUSDT"]})
    world.close(100.0)
    world.decide(first)
    world.decide(second)

    refused = last(world, second, "ETHUSDT")
    assert refused.code == "level_positions"
    assert refused.details == {"side": "long", "where": "the account", "open": 1, "limit": 1}

    limit(world, account, gross="0.03", net="0.03")
    world.close(100.0)
    world.decide(second)
    assert last(world, second, "ETHUSDT").code == "net_exposure"
    limit(world, account, gross="0.04")
    world.close(100.0)
    world.decide(second)
    assert last(world, second, "ETHUSDT").code == "entered"
    with world.inside():
        assert sorted(Claim.objects.values_list("exposure", flat=True)) == [money(200), money(200)]


def test_the_workspace_takes_accounts_of_one_environment_together(world: World) -> None:
    first, second = world.bot(), world.bot()
    simulated = world.bot(world.shared_account())
    limit(world, max_positions=1)
    world.close(100.0)
    for bot in (first, second, simulated):
        world.decide(bot)

    assert last(world, first).code == "entered"
    refused = last(world, second)
    assert (refused.code, refused.details["where"]) == ("level_positions", "the workspace")
    assert last(world, simulated).code == "entered"


@pytest.mark.django_db(transaction=True)
@pytest.mark.role("engine")
@pytest.mark.parametrize("of_workspace", [True, False])
def test_entries_at_the_same_moment_pass_no_limit(world: World, *, of_workspace: bool) -> None:
    shared = None if of_workspace else world.shared_account()
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
    world = World(world.workspace, symbols)
    bots = [world.bot(shared, universe={"symbols": [symbol]}) for symbol in symbols]
    with acting_as("web"):
        limit(world, shared, max_positions=2)
    world.close(100.0)

    def work(bot: Bot) -> int:
        try:
            return run_cycle(bot.pk, bot.workspace_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bots)) as pool:
        assert sum(pool.map(work, bots)) == len(bots)
    codes = sorted(last(world, bot, symbol).code for bot, symbol in zip(bots, symbols, strict=True))
    assert codes == ["entered", "entered", "level_positions", "level_positions"]


def test_a_loss_of_the_workspace_locks_its_accounts_of_that_environment(world: World) -> None:
    limit(world, day_loss={"close_only_pct": "1"})
    loser, sleeper = world.bot(rules=NEVER_RULES), world.bot()
    simulated = world.bot(world.shared_account())
    with world.inside():
        Bot.objects.update(state="entries_paused")
    world.close(100.0)
    for bot in (loser, sleeper, simulated):
        world.decide(bot)
    with world.inside():
        Bot.objects.update(state="running")
    lose(world, loser, money(200))
    world.close(100.0)
    for bot in (loser, sleeper, simulated):
        world.decide(bot)

    assert last(world, sleeper).code == "locked"
    assert last(world, sleeper).details["where"] == "the workspace"
    assert last(world, simulated).code == "entered"
    with world.inside():
        lock = RiskLock.objects.get()
        assert (lock.account, lock.environment, lock.what) == (None, "paper", "all")


def test_the_platforms_newest_limits_hold_for_every_account(world: World) -> None:
    PlatformLimits.objects.create(limits={"gross": "0.01"}, note="Storm")
    bot = world.bot()
    refused = turn(world, bot)
    assert (refused.code, refused.details["where"]) == ("gross_exposure", "the platform")

    PlatformLimits.objects.create(limits={}, note="Over")
    assert turn(world, bot).code == "entered"


def test_a_streak_is_read_from_executions_and_pauses(world: World) -> None:
    bot = world.bot(**risky(guards={"losses_in_a_row": 1, "losses_pause_minutes": 2}))
    turn(world, bot)
    entered(world, bot)
    with world.inside():
        target = OrderRow.objects.get(bot=bot, role="take_profit")
    world.hear(world.execution(target, ticks=990), bot)
    world.hear(world.order_news(target, OrderState.FILLED, filled=target.lots), bot)

    refused = turn(world, bot)

    assert (refused.code, refused.details["losses"]) == ("losing_streak", 1)
    assert turn(world, bot).code == "entered"


def test_a_stop_ends_a_bot_that_says_so_until_somebody_resumes_it(world: World) -> None:
    bot = world.bot(**risky(guards={"after_stop": "close_only"}))
    turn(world, bot)
    entered(world, bot)
    with world.inside():
        target = OrderRow.objects.get(bot=bot, role="take_profit")
    hit = world.execution(target, ticks=960, link="", venue_order_id="v-stop", stop_order_type="StopLoss")
    world.hear(hit, bot)
    world.hear(world.order_news(target, OrderState.CANCELLED), bot)

    assert world.state_of(bot) == "close_only"
    assert turn(world, bot).code == "entries_paused"
    with world.inside():
        bot.refresh_from_db()
    assert "ended by stop" in bot.state_reason
    lifecycle.resume_bot(bot)
    assert turn(world, bot).code == "entered"


def test_wider_limits_must_be_confirmed(world: World) -> None:
    account = world.account()
    limit(world, account, gross="2", day_loss={"flatten_pct": "5"}, reserve_pct="10")
    with world.inside():
        for wider in ({}, {"gross": "3", "day_loss": {"flatten_pct": "5"}, "reserve_pct": "10"}):
            with pytest.raises(Loosening, match="gross"):
                change_limits(wider, account=account, actor="alice")
        tighter = {"gross": "1", "day_loss": {"flatten_pct": "4"}, "reserve_pct": "20", "net": "1"}
        change_limits(tighter, account=account, actor="alice")
        told = AuditEvent.objects.filter(action="limits.changed").latest("pk")
        assert (told.details["from"]["gross"], told.details["to"]["gross"]) == ("2", "1")
        with pytest.raises(DocumentInvalid):
            change_limits({"gross": "-1"}, account=account, actor="alice")


def test_another_workspaces_limits_and_locks_are_not_ours(world: World, strangers_world: World) -> None:
    limit(strangers_world, max_positions=1, gross="0.01")
    with strangers_world.inside():
        set_lock(what="flatten", reason="Theirs", now_ms=START_MS, actor="charlie")
    bot = world.bot()

    assert turn(world, bot).code == "entered"
    with world.inside():
        account = ExchangeAccount.objects.select_related("workspace").get(pk=bot.account_id)
        assert locks_of(account) == []
        assert RiskLock.objects.count() == 0
        assert [rung.code for rung in ladder().accounts] == [account.code]


def test_the_ladder_costs_a_cycle_one_query_at_most(world: World) -> None:
    bot = world.bot(rules=NEVER_RULES)
    turn(world, bot)
    turn(world, bot)

    def queries() -> list[str]:
        world.close(100.0)
        with CaptureQueriesContext(connection) as seen:
            world.decide(bot)
        return [query["sql"] for query in seen if "equitymark" in query["sql"] or "risklock" in query["sql"]]

    joined = [sql for sql in queries() if "accounts_exchangeaccount" not in sql]
    assert joined == []
    lose(world, bot, money(1))
    (written,) = [sql for sql in queries() if "accounts_exchangeaccount" not in sql]
    assert written.startswith("UPDATE")
