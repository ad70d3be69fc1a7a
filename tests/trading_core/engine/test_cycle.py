from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.trading_core.engine.documents import FALLING, RISING, document
from tests.trading_core.engine.facts import CLOSE_MS, PRICE, Obedient, facts, snapshot
from trading_core.engine.cycle import decide
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode, OutcomeRecord, sentence
from trading_core.engine.snapshot import SymbolFacts
from trading_core.execution.difference import priority
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import OrderState, Role, Side
from trading_core.plan.state import Phase, PlanState
from trading_core.rules.verdict import Verdict

LONG, SHORT, BOTH = Verdict(long=1), Verdict(short=1), Verdict(long=1, short=1)


def outcome(bot: BotDocument, one: SymbolFacts, **more: object) -> OutcomeRecord:
    return decide(snapshot(bot, {"ETHUSDT": one}, **more)).outcomes["ETHUSDT"]


def test_decide_enters_with_leverage_first_and_stop_attached() -> None:
    decision = decide(snapshot(document(), {"ETHUSDT": facts(verdict=LONG)}))

    leverage, entry = decision.intents
    assert leverage.kind is IntentKind.LEVERAGE
    assert leverage.leverage_ppm == 2_000_000
    assert (entry.kind, entry.role, entry.side, entry.ticks) == (IntentKind.PLACE, Role.ENTRY, Side.BUY, None)
    assert entry.lots == 10
    assert entry.stop_ticks == PRICE * 96 // 100
    assert decision.plans["ETHUSDT"].phase is Phase.ENTERING
    assert decision.outcomes["ETHUSDT"].code is OutcomeCode.ENTERED


def test_decide_places_limit_entry_at_its_offset() -> None:
    bot = document({"plan.entry": {"type": "limit", "offset_pct": "0.05", "timeout_candles": 2}})

    entry = decide(snapshot(bot, {"ETHUSDT": facts(verdict=SHORT, leverage_ppm=2_000_000)})).intents[0]

    assert (entry.side, entry.ticks) == (Side.SELL, 200_100)
    assert entry.stop_ticks == 208_104


REFUSALS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("no_signal", {"verdict": Verdict()}, {}, {}),
    ("not_ready", {"verdict": None}, {}, {}),
    ("not_ready", {"verdict": Verdict(long=-1)}, {}, {}),
    ("conflict", {"verdict": BOTH}, {}, {}),
    ("stale_candle", {}, {"age_ms": 600_001}, {}),
    ("entries_paused", {}, {"state": "entries_paused"}, {}),
    ("entries_paused", {}, {"state": "close_only"}, {}),
    ("symbol_claimed", {"claimed_by": "Other bot"}, {}, {}),
    ("cooldown", {"plan": PlanState(trade=1, closed_ms=CLOSE_MS - 1)}, {}, {}),
    ("leverage_limit", {}, {}, {"risk.leverage": "20"}),
    ("too_small", {}, {}, {"plan.size.quote": "4.9"}),
    ("too_small", {}, {}, {"plan.averaging.quote": "4.9"}),
    ("too_large", {}, {}, {"plan.size.quote": "90000000", "risk.max_position_quote": "900000000"}),
    ("no_margin", {}, {"wallet": 500 * 10**8}, {}),
    (
        "max_exposure",
        {},
        {},
        {"plan.size": {"mode": "equity_pct", "pct": "1"}, "risk.max_position_quote": "950"},
    ),
]


@pytest.mark.parametrize("code, given, around, changes", REFUSALS, ids=[r[0] for r in REFUSALS])
def test_decide_refuses_with_the_first_gate(
    code: str, given: dict[str, Any], around: dict[str, Any], changes: dict[str, Any]
) -> None:
    bot = document({"plan.stop.pct": "3.9", **changes})
    one = facts(**{"verdict": LONG, **given})
    if code == "leverage_limit":
        one = replace(one, instrument=replace(one.instrument, max_leverage=one.instrument.max_leverage / 10))

    record = outcome(bot, one, **around)

    assert record.code == code
    assert "?" not in sentence(record.code, record.details)


def test_decide_counts_positions_in_symbol_order() -> None:
    bot = document({"universe.symbols": ["SOLUSDT", "BTCUSDT", "ETHUSDT"], "risk.max_open_positions": 2})
    prices = {"SOLUSDT": 15_000, "BTCUSDT": 900_000, "ETHUSDT": PRICE}
    symbols = {s: facts(symbol=s, verdict=LONG, close_ticks=p) for s, p in prices.items()}
    big = {"plan.size.quote": "2000", "plan.averaging": None}
    bot = document({"universe.symbols": list(prices), "risk.max_open_positions": 2, **big})

    decision = decide(snapshot(bot, symbols))

    assert {s: o.code.value for s, o in decision.outcomes.items()} == {
        "BTCUSDT": "entered",
        "ETHUSDT": "entered",
        "SOLUSDT": "max_positions",
    }
    assert decision == decide(snapshot(bot, dict(reversed(symbols.items()))))


def opened(bot: BotDocument, direction: int = 1) -> Obedient:
    """A position opened at the price of the decision."""
    exchange = Obedient(bot)
    decision = decide(snapshot(bot, {"ETHUSDT": exchange.facts(LONG if direction > 0 else SHORT)}))
    exchange.plan = decision.plans["ETHUSDT"]
    exchange.do(decision.intents)
    exchange.fill(Role.ENTRY, ticks=PRICE)
    exchange.stop = next(i.stop_ticks for i in decision.intents if i.role is Role.ENTRY and i.stop_ticks)
    exchange.tend()
    return exchange


@pytest.mark.parametrize("direction, verdict", [(1, Verdict(exit_long=1)), (-1, Verdict(exit_short=1))])
def test_decide_exits_by_rule_with_one_market_order(direction: int, verdict: Verdict) -> None:
    exchange = opened(document(), direction)

    decision = decide(snapshot(exchange.bot, {"ETHUSDT": exchange.facts(verdict)}))

    assert decision.outcomes["ETHUSDT"].code is OutcomeCode.EXIT_RULE
    assert [priority(i) for i in decision.intents] == sorted(priority(i) for i in decision.intents)
    *cancels, exit_ = decision.intents
    assert {i.kind for i in cancels} == {IntentKind.CANCEL}
    assert len(cancels) == 3
    assert (exit_.role, exit_.lots, exit_.ticks, exit_.reduce_only) == (Role.EXIT, 10, None, True)
    assert exit_.side is Side.of(-direction)
    assert exit_.reason == "rule"


def test_decide_exits_by_time_and_unknown_rules_do_not_act() -> None:
    exchange = opened(document())
    before = CLOSE_MS + 239 * 60_000
    unknown = exchange.facts(Verdict(exit_long=-1))

    early = outcome(exchange.bot, unknown, close_ms=before)
    late = outcome(exchange.bot, unknown, close_ms=before + 60_000)

    assert early.code is OutcomeCode.IN_POSITION
    assert late.code is OutcomeCode.EXIT_TIME
    assert late.details["held_minutes"] == 240


def test_decide_cancels_an_entry_after_its_timeout() -> None:
    bot = document({"plan.entry": {"type": "limit", "offset_pct": "0.05", "timeout_candles": 2}})
    exchange = Obedient(bot)
    decision = decide(snapshot(bot, {"ETHUSDT": exchange.facts(LONG)}))
    exchange.plan = decision.plans["ETHUSDT"]
    exchange.do(decision.intents)

    waiting = decide(snapshot(bot, {"ETHUSDT": exchange.facts()}, close_ms=CLOSE_MS + 60_000))
    over = decide(snapshot(bot, {"ETHUSDT": exchange.facts()}, close_ms=CLOSE_MS + 120_000))

    assert waiting.outcomes["ETHUSDT"].code is OutcomeCode.ENTRY_WORKING
    assert waiting.intents == ()
    assert over.outcomes["ETHUSDT"].code is OutcomeCode.ENTRY_TIMEOUT
    assert [i.kind for i in over.intents] == [IntentKind.CANCEL]
    exchange.plan = over.plans["ETHUSDT"]
    exchange.do(over.intents)
    exchange.tend()
    assert exchange.plan.is_flat
    assert exchange.plan.trade == 1


def test_decide_abandons_a_refused_entry() -> None:
    exchange = Obedient(document())
    decision = decide(snapshot(exchange.bot, {"ETHUSDT": exchange.facts(LONG)}))
    exchange.plan = decision.plans["ETHUSDT"]
    exchange.do(decision.intents)
    exchange.end((Role.ENTRY, 0, 0), OrderState.REJECTED)

    tended = exchange.tend()

    assert tended.intents == ()
    assert exchange.plan.is_flat


def test_decide_lets_legs_stand_only_while_their_rules_are_true() -> None:
    rules = {"inline": {"schema": 1, "long": RISING, "average_long": FALLING}}
    exchange = opened(document({"rules": rules}))
    assert exchange.standing(Role.AVERAGE) == []

    gate = decide(snapshot(exchange.bot, {"ETHUSDT": exchange.facts(Verdict(average_long=1))}))

    assert [i.leg for i in gate.intents] == [1, 2]


def test_cooldown_counts_whole_candles_of_the_bot() -> None:
    bot = document({"timeframe": "5m", "risk.cooldown_candles": 1})
    closed = PlanState(trade=1, closed_ms=CLOSE_MS - 8 * 60_000)
    one = facts(verdict=LONG, plan=closed)

    assert outcome(bot, one, close_ms=CLOSE_MS - 5 * 60_000).code is OutcomeCode.COOLDOWN
    assert outcome(bot, one, close_ms=CLOSE_MS).code is OutcomeCode.ENTERED
