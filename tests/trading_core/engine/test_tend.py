from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.engine.documents import document
from tests.trading_core.engine.facts import PRICE, Obedient
from tests.trading_core.engine.test_cycle import opened
from trading_core.engine.tend import close_out, tend
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import OrderState, Role, Side
from trading_core.plan.state import Phase, PlanState


def test_tend_after_entry_freezes_legs_and_places_target() -> None:
    exchange = opened(document())

    (target,) = exchange.standing(Role.TAKE_PROFIT)
    legs = exchange.standing(Role.AVERAGE)
    assert (target.ticks, target.lots, target.reduce_only) == (202_000, 10, True)
    assert [(o.leg, o.ticks, o.lots) for o in legs] == [(1, 198_400, 10), (2, 196_480, 15)]
    assert [leg.ticks for leg in exchange.plan.legs] == [198_400, 196_480, 194_176]
    assert exchange.stop == 192_000


def test_tend_moves_stop_to_where_the_entry_was_filled() -> None:
    exchange = Obedient(document())
    exchange.plan = PlanState(
        phase=Phase.ENTERING, trade=1, direction=1, reference_ticks=PRICE, entry_lots=10, entry_close_ms=1
    )
    exchange.tend()
    exchange.fill(Role.ENTRY, ticks=200_100)
    exchange.stop = 192_000

    exchange.tend()

    assert exchange.stop == 192_096


def test_tend_amends_target_and_moves_on_after_a_leg() -> None:
    exchange = opened(document({"plan.stop.base": "average"}))
    exchange.fill(Role.AVERAGE, leg=1, ticks=198_400)

    kinds = [i.kind for i in exchange.tend().intents]

    assert kinds == [IntentKind.SET_STOP, IntentKind.AMEND, IntentKind.PLACE]
    (target,) = exchange.standing(Role.TAKE_PROFIT)
    assert (target.ticks, target.lots) == (201_192, 20)
    assert exchange.stop == 191_232
    assert [o.leg for o in exchange.standing(Role.AVERAGE)] == [2, 3]


def test_tend_closes_up_when_the_stop_has_fired() -> None:
    exchange = opened(document())
    exchange.trade(Side.SELL, 192_000, 10)
    exchange.now_ms += 60_000

    tended = exchange.tend()

    assert {i.kind for i in tended.intents} == {IntentKind.CANCEL}
    assert exchange.plan.phase is Phase.CLOSING
    exchange.tend()
    assert exchange.plan.is_flat
    assert exchange.plan.closed_ms == exchange.now_ms


def test_tend_sells_what_a_late_leg_brought_after_the_stop() -> None:
    exchange = opened(document())
    exchange.trade(Side.SELL, 192_000, 10)
    leg = next(k for k in exchange.orders if k[:2] == (Role.AVERAGE, 2))
    exchange.orders[leg] = replace(exchange.orders[leg], busy=True)
    exchange.tend()
    exchange.orders[leg] = replace(exchange.orders[leg], busy=False)
    exchange.fill(Role.AVERAGE, leg=2, ticks=196_480)

    exchange.tend()

    (exit_,) = exchange.standing(Role.EXIT)
    assert (exit_.side, exit_.lots) == (Side.SELL, 15)
    exchange.fill(Role.EXIT, ticks=196_000)
    exchange.tend()
    assert exchange.plan.is_flat


def test_tend_leaves_busy_orders_alone() -> None:
    exchange = opened(document())
    exchange.fill(Role.AVERAGE, leg=1, ticks=198_400)
    key = (Role.TAKE_PROFIT, 0, 0)
    exchange.orders[key] = replace(exchange.orders[key], busy=True)

    tended = tend(exchange.bot, "running", "ETHUSDT", exchange.facts(), now_ms=1)

    assert all(i.role is not Role.TAKE_PROFIT for i in tended.intents)


def test_tend_does_not_repeat_what_was_refused_until_the_next_close() -> None:
    exchange = opened(document())
    exchange.end((Role.TAKE_PROFIT, 0, 0), OrderState.REJECTED)

    assert exchange.tend().intents == ()
    again = tend(exchange.bot, "running", "ETHUSDT", exchange.facts(), now_ms=1, retry=True)
    assert [(i.role, i.revision) for i in again.intents] == [(Role.TAKE_PROFIT, 1)]


def test_tend_gives_a_leg_up_after_three_refusals() -> None:
    exchange = opened(document())
    for revision in range(3):
        exchange.end((Role.AVERAGE, 1, revision), OrderState.REJECTED)
        exchange.plan = replace(exchange.plan, asked=())
        exchange.tend()

    assert [o.leg for o in exchange.standing(Role.AVERAGE)] == [2, 3]


@pytest.mark.parametrize(
    "state, legs", [("running", 2), ("entries_paused", 2), ("close_only", 0), ("stopping", 0), ("parked", 0)]
)
def test_tend_keeps_only_what_the_state_permits(state: str, legs: int) -> None:
    exchange = opened(document())
    exchange.state = state

    exchange.tend()

    assert len(exchange.standing(Role.AVERAGE)) == legs
    assert len(exchange.standing(Role.TAKE_PROFIT)) == 1
    assert exchange.stop == 192_000


def test_close_out_cancels_everything_and_sells() -> None:
    exchange = opened(document())

    out = close_out(exchange.bot, "stopping", "ETHUSDT", exchange.facts(), now_ms=5)

    assert [i.kind for i in out.intents].count(IntentKind.CANCEL) == 3
    assert out.intents[-1].role is Role.EXIT
    assert out.intents[-1].reason == "manual"
    assert out.plan.phase is Phase.CLOSING


def test_close_out_of_nothing_changes_nothing() -> None:
    exchange = Obedient(document())

    out = close_out(exchange.bot, "stopping", "ETHUSDT", exchange.facts(), now_ms=5)

    assert out.intents == ()
    assert out.plan.is_flat


STEP = st.sampled_from(
    ["leg", "leg_part", "target", "target_part", "stop", "tend", "close", "paused", "refuse_leg"]
)


def _step(exchange: Obedient, step: str) -> None:
    """Let one thing happen that an exchange may do."""
    legs = sorted(exchange.standing(Role.AVERAGE), key=lambda o: o.leg)
    if step.startswith("leg") and legs and exchange.position.lots:
        leg = legs[0]
        assert leg.ticks is not None
        left = leg.lots - leg.filled
        exchange.fill(
            Role.AVERAGE, leg=leg.leg, ticks=leg.ticks, lots=max(1, left // 2) if "part" in step else left
        )
    elif step.startswith("target") and exchange.standing(Role.TAKE_PROFIT) and exchange.position.lots:
        (target,) = exchange.standing(Role.TAKE_PROFIT)
        assert target.ticks is not None
        left = target.lots - target.filled
        exchange.fill(
            Role.TAKE_PROFIT, ticks=target.ticks, lots=max(1, left // 3) if "part" in step else left
        )
    elif step == "stop" and exchange.position.lots and exchange.stop:
        exchange.trade(Side.of(-exchange.position.lots), exchange.stop, abs(exchange.position.lots))
        for key in [k for k in exchange.orders if k[0] in (Role.TAKE_PROFIT, Role.EXIT)]:
            exchange.end(key, OrderState.CANCELLED)
    elif step == "refuse_leg" and legs:
        exchange.end((legs[0].role, legs[0].leg, legs[0].revision), OrderState.REJECTED)
    elif step == "paused":
        exchange.state = "close_only" if exchange.state == "running" else "running"
    elif step == "close":
        exchange.plan = replace(exchange.plan, asked=())


def _check(exchange: Obedient) -> None:
    """What holds whenever everything asked for was done."""
    again = tend(exchange.bot, exchange.state, "ETHUSDT", exchange.facts(), now_ms=exchange.now_ms)
    assert again.intents == ()
    assert again.plan == exchange.plan
    if not exchange.position.lots:
        assert not exchange.orders or exchange.plan.phase in (Phase.ENTERING, Phase.CLOSING)
        return
    assert exchange.stop is not None
    for leg in exchange.standing(Role.AVERAGE):
        assert leg.ticks is not None
        assert exchange.plan.direction * (leg.ticks - exchange.stop) > 0
    if exchange.plan.phase is Phase.OPEN:
        (target,) = exchange.standing(Role.TAKE_PROFIT)
        assert target.lots - target.filled == abs(exchange.position.lots)
    assert len(exchange.standing(Role.AVERAGE)) <= 2


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(STEP, max_size=25),
    direction=st.sampled_from([1, -1]),
    base=st.sampled_from(["entry", "average"]),
)
def test_tend_settles_whatever_happens(steps: list[str], direction: int, base: str) -> None:
    bot = document({"plan.stop.base": base, "plan.take_profit.base": base})
    exchange = opened(bot, direction)
    for step in steps:
        _step(exchange, step)
        for _ in range(4):
            exchange.tend()
        if step != "refuse_leg":
            exchange.plan = replace(exchange.plan, asked=())
            exchange.tend()
            exchange.tend()
            _check(exchange)
    assert PlanState.from_record(exchange.plan.as_record()) == exchange.plan
