"""The ladder in the engine: the order of the gates, what locks do to trades, and that no limit is passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading_core.engine.documents import document
from tests.trading_core.engine.facts import CLOSE_MS, PRICE, Obedient, facts, snapshot
from trading_core.engine.cycle import decide
from trading_core.engine.document import BotDocument, parse_document
from trading_core.engine.laddered import laddered
from trading_core.engine.outcome import SENTENCES, OutcomeCode, OutcomeRecord
from trading_core.engine.snapshot import SymbolFacts
from trading_core.errors import DocumentInvalid
from trading_core.execution.order import Role
from trading_core.market.timeframe import MINUTE_MS
from trading_core.money import PPM, money
from trading_core.plan.state import Phase, PlanState
from trading_core.risk.denial import DenialCode
from trading_core.risk.guards import Ended
from trading_core.risk.levels import Cause, Held, Level, Limits, Tiers, What, Where
from trading_core.risk.locks import Lock
from trading_core.rules.verdict import Verdict

LONG, SHORT = Verdict(long=1), Verdict(short=1)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def lock(what: What, where: Where = Where.ACCOUNT) -> Lock:
    return Lock(where, what, Cause.MANUAL, "Holiday", CLOSE_MS)


def rung(limits: Limits, *others: Held, where: Where = Where.ACCOUNT, equity: int = money(10_000)) -> Level:
    return Level(where, limits, equity, equity, equity, others=others)


def outcome(bot: BotDocument, one: SymbolFacts, **more: object) -> OutcomeRecord:
    return decide(snapshot(bot, {"ETHUSDT": one}, **more)).outcomes["ETHUSDT"]


GUARDS: dict[str, Any] = {
    "losses_in_a_row": 1, "cooldown_after_loss": 5, "orders_per_minute": 1, "price_band_pct": "1",
    "funding_pct": "0.01", "funding_minutes": 480, "liquidation_pct": "60",
}  # fmt: skip
TIGHT = Limits(max_positions=1, gross_ppm=1, net_ppm=1, symbol_ppm=1, reserve_ppm=990_000)
LOST = Ended("ETHUSDT", CLOSE_MS, -1, "rule")
LADDER: list[tuple[str, dict[str, Any]]] = [
    ("stale_candle", {"age_ms": 10**9}),
    ("entries_paused", {"state": "entries_paused"}),
    ("locked", {"locks": (lock(What.ENTRIES),)}),
    ("entries_blocked", {"blocked": {"where": "the account", "until": "later", "reason": "why"}}),
    ("symbol_claimed", {"claimed_by": "Other"}),
    ("cooldown", {"plan": PlanState(trade=1, closed_ms=CLOSE_MS)}),
    ("stale_data", {"last_ms": 1}),
    ("result_cooldown", {"trades": (LOST,)}),
    ("losing_streak", {"trades": (replace(LOST, symbol="BTCUSDT"),)}),
    ("order_rate", {"orders_lately": 1}),
    ("level_positions", {"levels": (rung(TIGHT, Held("BTCUSDT", 1)),)}),
    ("funding", {"funding_ppm": 101}),
    ("price_band", {"funding_ppm": 0, "mark_ticks": PRICE * 2}),
    ("symbol_exposure", {"funding_ppm": 0, "levels": (rung(TIGHT),)}),
    ("net_exposure", {"funding_ppm": 0, "levels": (rung(replace(TIGHT, symbol_ppm=None)),)}),
    ("gross_exposure", {"funding_ppm": 0, "levels": (rung(Limits(gross_ppm=1, reserve_ppm=990_000)),)}),
    ("liquidation", {"funding_ppm": 0, "levels": (rung(Limits(reserve_ppm=990_000)),)}),
]
"""Codes in the order of the gates; each with what sets it off, on top of which the later ones would too."""
OF_SYMBOL = {"locks", "blocked", "claimed_by", "plan", "last_ms", "funding_ppm", "mark_ticks"}


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_the_first_gate_that_refuses_is_the_outcome(place: int) -> None:
    """With the causes of this gate and of all later ones present, this one speaks."""
    guards = GUARDS if place < 16 else GUARDS | {"orders_per_minute": None}
    bot = document({"risk.guards": guards, "risk.cooldown_candles": 3})
    causes: dict[str, Any] = {}
    for _, cause in reversed(LADDER[place:]):
        causes |= cause
    one = facts(verdict=LONG, **{k: v for k, v in causes.items() if k in OF_SYMBOL})

    found = outcome(bot, one, **{k: v for k, v in causes.items() if k not in OF_SYMBOL})

    assert found.code.value == LADDER[place][0]
    assert found.details["side"] == "long"


def test_the_reserve_speaks_before_the_margin() -> None:
    kept = outcome(document(), facts(verdict=LONG), levels=(rung(Limits(reserve_ppm=990_000)),))
    gone = outcome(document(), facts(verdict=LONG), levels=(rung(Limits()),), wallet=money(1))
    assert (kept.code, gone.code) == (OutcomeCode.RESERVE, OutcomeCode.NO_MARGIN)


def test_every_denial_has_an_outcome_and_every_outcome_a_sentence() -> None:
    assert {code.value for code in DenialCode} <= {code.value for code in OutcomeCode}
    assert set(SENTENCES) == set(OutcomeCode)


@pytest.mark.parametrize(
    "what, entries, legs",
    [
        (What.WARN, True, True), (What.AVERAGING, True, False), (What.ENTRIES, False, True),
        (What.ALL, False, False), (What.FLATTEN, False, False),
    ],
)  # fmt: skip
def test_a_lock_forbids_what_it_says_and_no_more(what: What, *, entries: bool, legs: bool) -> None:
    free = outcome(document(), facts(verdict=LONG, locks=(lock(what),)))
    assert (free.code is OutcomeCode.ENTERED) is entries

    one = held()
    locked = decide(snapshot(one.bot, {"ETHUSDT": replace(one.facts(Verdict()), locks=(lock(what),))}))
    one.plan = locked.plans["ETHUSDT"]
    one.do(locked.intents)
    if what is not What.FLATTEN:
        assert bool(one.standing(Role.AVERAGE)) is legs
        assert one.standing(Role.TAKE_PROFIT)
    assert one.stop is not None


def held() -> Obedient:
    """A position with its legs and target standing."""
    one = Obedient(document())
    decision = decide(snapshot(one.bot, {"ETHUSDT": one.facts(LONG)}))
    one.plan = decision.plans["ETHUSDT"]
    one.do(decision.intents)
    one.fill(Role.ENTRY, ticks=PRICE)
    one.tend()
    return one


def test_a_flattening_lock_closes_through_the_ordinary_path() -> None:
    one = held()
    locked = replace(one.facts(Verdict()), locks=(lock(What.FLATTEN),))

    decision = decide(snapshot(one.bot, {"ETHUSDT": locked}))

    told = decision.outcomes["ETHUSDT"]
    assert (told.code, told.details["reason"]) == (OutcomeCode.EXIT_RISK, "Holiday")
    assert decision.plans["ETHUSDT"].phase is Phase.CLOSING
    assert decision.plans["ETHUSDT"].exit_reason == "risk"
    exits = [i for i in decision.intents if i.role is Role.EXIT]
    assert [(i.lots, i.reduce_only) for i in exits] == [(one.position.lots, True)]


def test_a_lock_gives_a_standing_entry_up() -> None:
    one = Obedient(document({"plan.entry": {"type": "limit", "offset_pct": "1", "timeout_candles": 99}}))
    decision = decide(snapshot(one.bot, {"ETHUSDT": one.facts(LONG)}))
    one.plan = decision.plans["ETHUSDT"]
    one.do(decision.intents)
    assert one.standing(Role.ENTRY)

    locked = replace(one.facts(LONG), locks=(lock(What.ENTRIES),))
    decision = decide(snapshot(one.bot, {"ETHUSDT": locked}))
    one.plan = decision.plans["ETHUSDT"]
    one.do(decision.intents)

    assert decision.outcomes["ETHUSDT"].code is OutcomeCode.LOCKED
    assert not one.standing(Role.ENTRY)


def test_a_loss_locks_at_the_very_close_it_is_seen() -> None:
    bot = document()
    limits = Limits(day_loss=Tiers(no_entries=10_000))
    level = Level(Where.BOT, limits, money(9_900), money(10_000), money(10_000))

    found, fresh = laddered(snapshot(bot, {"ETHUSDT": facts(verdict=LONG)}), [level], [], bot="b", zone="UTC")

    assert [one.what for one in fresh] == [What.ENTRIES]
    told = decide(found).outcomes["ETHUSDT"]
    assert told.code is OutcomeCode.LOCKED
    assert "1.00 %" in str(told.details["reason"])


@given(
    signals=st.lists(st.tuples(*[st.sampled_from([LONG, SHORT, Verdict()])] * 3), min_size=1, max_size=6),
    sizes=st.integers(5, 4_000),
    max_positions=st.integers(1, 4),
    factors=st.tuples(*[st.integers(100_000, 2_000_000)] * 3),
    others=st.lists(st.tuples(st.sampled_from(SYMBOLS), st.integers(-5_000, 5_000)), max_size=3),
)
def test_no_sequence_of_entries_passes_a_limit(
    signals: list[tuple[Verdict, ...]],
    sizes: int,
    max_positions: int,
    factors: tuple[int, int, int],
    others: list[tuple[str, int]],
) -> None:
    """Whatever is asked in whatever order, each entry leaves every rung within its limits.

    Trades that others hold may be beyond a limit already; then nothing makes it worse.
    """
    gross, net, symbol = factors
    limits = Limits(max_positions=max_positions, gross_ppm=gross, net_ppm=net, symbol_ppm=symbol)
    elsewhere = [Held(name, money(worth)) for name, worth in others]
    rungs = (rung(limits, where=Where.BOT), rung(limits, *elsewhere))
    bot = document(
        {"universe.symbols": list(SYMBOLS), "plan.averaging": None, "plan.size.quote": str(sizes)}
        | {"risk.max_open_positions": 20, "risk.leverage": "10", "plan.stop.pct": "2"}
    )
    plans = {name: PlanState() for name in SYMBOLS}
    held: list[Held] = []
    for step, wanted in enumerate(signals):
        now = CLOSE_MS + step * MINUTE_MS
        known = {
            name: facts(symbol=name, verdict=verdict, plan=plans[name], close_ticks=PRICE)
            for name, verdict in zip(SYMBOLS, wanted, strict=True)
        }
        decision = decide(snapshot(bot, known, levels=rungs, close_ms=now))
        for name, told in decision.outcomes.items():
            if told.code is OutcomeCode.ENTERED:
                lots, ticks = int(str(told.details["lots"])), int(str(told.details["ticks"]))
                sign = 1 if told.details["side"] == "long" else -1
                before = list(held)
                held.append(Held(name, sign * known[name].instrument.notional_ceil(lots * ticks)))
                assert_within(limits, [], before, held)
                assert_within(limits, elsewhere, before, held)
        plans = dict(decision.plans)


def measured(name: str, trades: list[Held], symbol: str) -> int:
    """Exposure of one kind, written down once more."""
    if name == "net":
        return abs(sum(trade.worth for trade in trades))
    return sum(abs(trade.worth) for trade in trades if name == "gross" or trade.symbol == symbol)


def assert_within(limits: Limits, others: list[Held], before: list[Held], after: list[Held]) -> None:
    equity = money(10_000)
    for name, limit in (("gross", limits.gross_ppm), ("net", limits.net_ppm), ("symbol", limits.symbol_ppm)):
        assert limit is not None
        now = measured(name, [*others, *after], after[-1].symbol)
        assert now * PPM <= limit * equity or now <= measured(name, [*others, *before], after[-1].symbol)
    assert limits.max_positions is not None
    assert len(others) + len(after) <= limits.max_positions


@pytest.mark.parametrize(
    "path, value",
    [
        ("risk.limits.day_loss", {"warn_pct": "3", "flatten_pct": "2"}),
        ("risk.limits.drawdown", {"no_entries_pct": "2", "close_only_pct": "2"}),
        ("risk.limits.gross", "0"),
        ("risk.limits.max_positions", 0),
        ("risk.limits.reserve_pct", "100"),
        ("risk.guards.stale_intervals", "0.5"),
        ("risk.guards.losses_in_a_row", 0),
        ("risk.limits.unknown", 1),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_their_path(path: str, value: object) -> None:
    base: dict[str, Any] = {"risk.limits": {}, "risk.guards": {}}
    with pytest.raises(DocumentInvalid) as refused:
        document(base | {path: value})
    assert refused.value.path == path


def test_limits_and_guards_are_read_as_they_are_written() -> None:
    limits = {"day_loss": {"warn_pct": "1", "flatten_pct": "5.5"}, "gross": "2.5", "reserve_pct": "10"}
    bot = document({"risk.limits": limits, "risk.guards": {**GUARDS, "stale_intervals": "2"}})

    assert bot.limits.day_loss == Tiers(warn=10_000, flatten=55_000)
    assert bot.guards.stale_ppm == 2_000_000
    assert parse_document(bot.canonical()) == bot
    assert document().limits == Limits()
