from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trading_core.engine.documents import RISING, document
from tests.trading_core.engine.facts import CLOSE_MS, PRICE, Obedient, facts, snapshot
from trading_core.engine.cycle import decide
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode
from trading_core.engine.rule_facts import (
    asked_facts,
    day_start,
    day_start_equity,
    facts_by_symbol,
    used_numbers,
)
from trading_core.engine.snapshot import Snapshot
from trading_core.execution.order import Role, Side
from trading_core.money import MONEY_SCALE
from trading_core.performance.ledger import EquityRecord
from trading_core.plan.state import Phase
from trading_core.rules.facts import Facts, fact_text
from trading_core.rules.verdict import Verdict, pack_truths

MINUTE = 60_000
DAY = 1_440 * MINUTE
UNIT = MONEY_SCALE


def asking(**trees: object) -> BotDocument:
    return document({"rules.inline": {"schema": 2, **trees}})


def ask(scope: str, field: str, op: str, value: float, **named: object) -> dict[str, object]:
    return {"left": {scope: field}, "op": op, "right": value, **named}


def held(bot: BotDocument, *, ticks: int = PRICE) -> Obedient:
    """A long position of ten lots, opened at the last close but three."""
    exchange = Obedient(bot, now_ms=CLOSE_MS - 3 * MINUTE)
    decision = decide(snapshot(bot, {"ETHUSDT": exchange.facts(yes(bot))}))
    exchange.plan = decision.plans["ETHUSDT"]
    exchange.do(decision.intents)
    exchange.fill(Role.ENTRY, ticks=ticks)
    exchange.tend()
    return exchange


def yes(bot: BotDocument) -> Verdict:
    """What the shared part says of rules whose first condition is true and all others ask facts."""
    rest = len(bot.rules.conditions) - 1
    return Verdict(long=1, leaves=pack_truths([1, *[-1] * rest]))


def at(exchange: Obedient, **changes: object) -> Snapshot:
    one = exchange.facts(yes(exchange.bot))
    symbols = {"ETHUSDT": replace(one, **changes)}  # type: ignore[arg-type]
    return snapshot(exchange.bot, symbols, close_ms=CLOSE_MS + 30_000)


def known(snap: Snapshot) -> Facts:
    return facts_by_symbol(snap)["ETHUSDT"]


BOT = asking(long=RISING, exit_long=ask("position", "pnl_pct", ">", 0.5))


def test_position_facts_are_those_of_the_open_trade() -> None:
    exchange = held(BOT)

    gained = known(at(exchange, close_ticks=PRICE * 101 // 100))

    assert gained.position_pnl_pct == 1.0
    assert gained.position_age == 3
    assert gained.position_legs == 0
    assert gained.open_positions == 1


def test_pnl_is_seen_from_the_position() -> None:
    exchange = held(BOT)
    exchange.trade(Side.SELL, PRICE, 20)

    assert known(at(exchange, close_ticks=PRICE * 99 // 100)).position_pnl_pct == 1.0


def test_legs_are_those_filled_in_this_trade() -> None:
    exchange = held(BOT)
    lowest = min(order.ticks or 0 for order in exchange.standing(Role.AVERAGE))

    exchange.fill(Role.AVERAGE, ticks=lowest, leg=1)
    exchange.fill(Role.AVERAGE, ticks=lowest, leg=2, lots=1)

    assert known(at(exchange)).position_legs == 2


def test_without_a_position_its_facts_are_not_ready() -> None:
    flat = known(snapshot(BOT, {"ETHUSDT": facts()}))

    assert (flat.position_pnl_pct, flat.position_age, flat.position_legs) == (None, None, None)
    assert flat.open_positions == 0


def points(*equities: tuple[int, int]) -> list[EquityRecord]:
    return [EquityRecord(close_ms, wallet * UNIT, 0) for close_ms, wallet in equities]


def test_day_starts_with_the_last_equity_at_or_before_midnight() -> None:
    midnight = day_start(CLOSE_MS)
    assert midnight % DAY == 0
    told = points((midnight - 5 * MINUTE, 90), (midnight, 100), (midnight + MINUTE, 110))

    assert day_start_equity(told, midnight + 2 * MINUTE) == 100 * UNIT
    assert day_start_equity(told[:1], midnight + 2 * MINUTE) == 90 * UNIT
    assert day_start_equity(told[2:], midnight + 2 * MINUTE) == 110 * UNIT
    assert day_start_equity([], midnight) is None


def test_day_gain_is_what_equity_gained_since() -> None:
    exchange = held(BOT)
    snap = replace(
        at(exchange, close_ticks=PRICE + 1_000), day_start_equity=9_990 * UNIT, wallet=9_999 * UNIT
    )

    gained = known(snap)

    assert gained.day_pnl == 10.0
    assert gained.day_pnl_pct == pytest.approx(1_000 / 9_990)


def test_a_close_at_midnight_begins_the_day() -> None:
    snap = snapshot(BOT, {"ETHUSDT": facts()}, close_ms=day_start(CLOSE_MS), day_start_equity=1)

    assert (known(snap).day_pnl, known(snap).day_pnl_pct) == (0.0, 0.0)


def test_numbers_used_read_back_as_they_were() -> None:
    bot = asking(
        long={"all": [RISING, ask("portfolio", "day_pnl_pct", ">", -3), ask("position", "age", "<", 4)]},
        exit_long=ask("position", "pnl_pct", ">", 0.5),
    )
    asked = asked_facts(bot.rules)
    assert [fact_text(fact) for fact in asked] == [
        "portfolio.day_pnl_pct",
        "position.age",
        "position.pnl_pct",
    ]

    used = used_numbers(asked, Facts(1 / 3, None, None, 2, 0.0, -1.25))

    assert used == {"portfolio.day_pnl_pct": "-1.25", "position.pnl_pct": repr(1 / 3)}
    assert float(used["position.pnl_pct"]) == 1 / 3


def test_decide_closes_on_a_rule_about_the_position() -> None:
    exchange = held(BOT)

    stays = decide(at(exchange, close_ticks=PRICE + 100))
    goes = decide(at(exchange, close_ticks=PRICE * 101 // 100))

    assert stays.outcomes["ETHUSDT"].code is OutcomeCode.IN_POSITION
    assert stays.outcomes["ETHUSDT"].details["facts"] == {"position.pnl_pct": "0.05"}
    assert goes.outcomes["ETHUSDT"].code is OutcomeCode.EXIT_RULE
    assert goes.plans["ETHUSDT"].phase is Phase.CLOSING
    assert goes.outcomes["ETHUSDT"].details["facts"] == {"position.pnl_pct": "1"}
    completed = goes.verdicts["ETHUSDT"]
    assert completed is not None
    assert (completed.exit_long, completed.leaf(1)) == (1, 1)
    before = stays.verdicts["ETHUSDT"]
    assert before is not None
    assert (before.exit_long, before.leaf(1)) == (0, 0)


def test_decide_enters_only_where_the_portfolio_allows_it() -> None:
    bot = asking(long={"all": [RISING, ask("portfolio", "open_positions", "<", 1)]})
    full = held(bot).facts(yes(bot))
    other = facts(symbol="BTCUSDT", verdict=yes(bot), close_ticks=900_000)

    decision = decide(snapshot(bot, {"ETHUSDT": full, "BTCUSDT": other}))
    alone = decide(snapshot(bot, {"BTCUSDT": other}))

    assert decision.outcomes["BTCUSDT"].code is OutcomeCode.NO_SIGNAL
    assert decision.outcomes["BTCUSDT"].details == {"facts": {"portfolio.open_positions": "1"}}
    assert alone.outcomes["BTCUSDT"].code is OutcomeCode.ENTERED


def test_an_entry_carries_the_tags_of_what_was_true() -> None:
    bot = asking(
        long={
            "any": [
                {**RISING, "tags": ["momentum"]},
                ask("portfolio", "day_pnl_pct", "<", -1, tags=["losing"]),
                ask("portfolio", "open_positions", "==", 0, tags=["first", "momentum"]),
            ]
        }
    )

    entered = decide(snapshot(bot, {"ETHUSDT": facts(verdict=yes(bot))})).outcomes["ETHUSDT"]

    assert entered.code is OutcomeCode.ENTERED
    assert entered.details["tags"] == ["momentum", "first"]


def test_rules_without_facts_or_tags_leave_no_trace_of_them() -> None:
    bot = document()
    verdict = Verdict(long=1, leaves=pack_truths([1]))

    decision = decide(snapshot(bot, {"ETHUSDT": facts(verdict=verdict)}))

    assert decision.verdicts["ETHUSDT"] is verdict
    assert not {"facts", "tags"} & decision.outcomes["ETHUSDT"].details.keys()


@pytest.mark.parametrize(
    "expires, age_s, code", [(1, 60, "entered"), (1, 61, "stale_candle"), (3, 180, "entered")]
)
def test_a_signal_lives_as_long_as_its_rules_say(expires: int, age_s: int, code: str) -> None:
    bot = asking(long=RISING, expires=expires)

    record = decide(snapshot(bot, {"ETHUSDT": facts(verdict=yes(bot))}, age_ms=age_s * 1_000)).outcomes[
        "ETHUSDT"
    ]

    assert record.code == code
    if code == "stale_candle":
        assert record.details == {"side": "long", "age": 61, "limit": 60}
