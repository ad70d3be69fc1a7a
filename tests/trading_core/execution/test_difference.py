from __future__ import annotations

from dataclasses import replace

from trading_core.execution.difference import DesiredOrder, difference, in_order, priority, request
from trading_core.execution.intent import Intent, IntentKind
from trading_core.execution.order import EndedOrder, OpenOrder, OrderState, Role, Side

TARGET = DesiredOrder(Role.TAKE_PROFIT, 0, Side.SELL, 10, 2_000, reduce_only=True)
STANDING = OpenOrder(3, Role.TAKE_PROFIT, 0, 0, Side.SELL, 10, 0, 2_000, reduce_only=True, busy=False)


def ask(
    wanted: list[DesiredOrder], orders: list[OpenOrder], ended: list[EndedOrder] | None = None
) -> list[Intent]:
    return difference("ETHUSDT", 3, wanted, orders, ended or [])


def test_difference_of_equals_is_nothing() -> None:
    assert ask([TARGET], [STANDING]) == []


def test_difference_places_what_is_missing_and_cancels_what_is_not_wanted() -> None:
    (place,) = ask([TARGET], [])
    (cancel,) = ask([], [STANDING])

    assert (place.kind, place.revision, place.lots) == (IntentKind.PLACE, 0, 10)
    assert (cancel.kind, cancel.revision) == (IntentKind.CANCEL, 0)


def test_difference_amends_open_quantity_not_the_whole() -> None:
    partly = replace(STANDING, lots=12, filled=4)

    (amend,) = ask([TARGET], [partly])

    assert (amend.kind, amend.lots, amend.ticks) == (IntentKind.AMEND, 14, 2_000)


def test_difference_raises_the_revision_only_after_the_end() -> None:
    ended = [EndedOrder(3, Role.TAKE_PROFIT, 0, r, OrderState.CANCELLED, 0) for r in (0, 1)]
    other = EndedOrder(2, Role.TAKE_PROFIT, 0, 7, OrderState.CANCELLED, 0)

    (place,) = ask([TARGET], [], [*ended, other])

    assert place.revision == 2
    assert ask([TARGET], [replace(STANDING, revision=2)], ended) == []


def test_difference_leaves_busy_orders_alone() -> None:
    busy = replace(STANDING, busy=True, ticks=1_999)

    assert ask([TARGET], [busy]) == []
    assert ask([], [busy]) == []


def test_difference_cancels_doubles_and_strangers_of_other_trades() -> None:
    double = replace(STANDING, revision=1)
    old = replace(STANDING, trade=2)

    intents = ask([TARGET], [old, STANDING, double])

    assert [(i.kind, i.trade, i.revision) for i in intents] == [
        (IntentKind.CANCEL, 2, 0),
        (IntentKind.CANCEL, 3, 1),
    ]


def test_difference_never_amends_a_market_order() -> None:
    exit_ = DesiredOrder(Role.EXIT, 0, Side.SELL, 4, None, reduce_only=True)
    working = OpenOrder(3, Role.EXIT, 0, 0, Side.SELL, 10, 0, None, reduce_only=True, busy=False)

    assert ask([exit_], [working]) == []


def test_in_order_cancels_protects_reduces_then_opens() -> None:
    leg = DesiredOrder(Role.AVERAGE, 1, Side.BUY, 10, 1_900, reduce_only=False, stop_ticks=1_800)
    stop = Intent(IntentKind.SET_STOP, "ETHUSDT", 3, Role.STOP, 0, 0, Side.SELL, 0, None, stop_ticks=1_800)
    intents = in_order([*ask([leg, TARGET], [replace(STANDING, role=Role.EXIT)]), stop])

    assert [priority(i) for i in intents] == [0, 1, 2, 3]
    assert len({request(i) for i in intents}) == 4


def test_request_is_the_same_for_a_new_revision_of_a_refused_order() -> None:
    first = ask([TARGET], [])[0]
    refused = [EndedOrder(3, Role.TAKE_PROFIT, 0, 0, OrderState.REJECTED, 0)]

    assert request(ask([TARGET], [], refused)[0]) == request(first)
