"""The whole platform under seeded misfortune: nothing doubled, lost or left without its stop."""

from __future__ import annotations

import base64
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings

from benchmarks.simulation.play import Report, play
from bots.services import cycle, facts, news
from bots.trader import halts, protect, resolve, send
from bots.trader.intents import Claimed
from trading_core.exchanges.port import ExecutionNews, OrderRequest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]
TOGETHER = 25


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> Iterator[None]:
    """Keys of its own; what goes wrong by design fills no log."""
    settings.MASTER_KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, 200, TOGETHER))
def test_nothing_is_doubled_lost_or_left_without_its_stop(first: int) -> None:
    struck: Counter[str] = Counter()
    orders = 0
    for seed in range(first, first + TOGETHER):
        report = play(seed)
        assert not report.violations, f"seed {seed}: {report.violations}"
        assert report.bare_s == 0.0
        struck += report.faults
        orders += report.orders
    # A run in which nothing goes wrong, or nothing is traded, shows nothing.
    assert sum(struck.values()) > 20 * TOGETHER
    assert orders > 4 * TOGETHER


def test_a_seed_always_plays_the_same() -> None:
    first, again, other = play(11), play(11), play(12)
    assert first == again
    assert first.digest != other.digest


# The harness isn't blind: each guard that is taken away is missed.


def _unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt has a link of its own, as if it were left to the exchange."""

    def renamed(claimed: Claimed) -> OrderRequest:
        request = order_request(claimed)
        return OrderRequest(
            request.symbol, f"{request.link[:30]}{claimed.attempts:02d}{claimed.window.signed_ms % 1000}",
            request.side, request.lots, request.ticks, request.reduce_only, request.stop_ticks, request.force,
        )  # fmt: skip

    order_request = send.order_request
    monkeypatch.setattr(send, "order_request", renamed)


def _unattached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries carry no stop, and nobody looks whether positions have one."""

    def bare(claimed: Claimed) -> OrderRequest:
        claimed.params["stop_ticks"] = None
        return order_request(claimed)

    order_request = send.order_request
    monkeypatch.setattr(send, "order_request", bare)
    monkeypatch.setattr(protect, "holds_anything", lambda _: False)
    monkeypatch.setattr(send, "_request", _without_stops(send._request))


def _without_stops(request: Callable[[Any, Claimed], str]) -> Callable[[Any, Claimed], str]:
    return lambda exchange, claimed: "" if claimed.kind.value == "set_stop" else request(exchange, claimed)


def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partial fill counts as the whole order."""

    def whole(account: Any, told: ExecutionNews) -> bool:
        lots = told.lots + (told.exec_type == "Trade" and told.is_maker)
        return applied(account, ExecutionNews(**{**_fields(told), "lots": lots}))

    applied = news.apply_execution
    monkeypatch.setattr(news, "apply_execution", whole)


def _fields(told: ExecutionNews) -> dict[str, Any]:
    return {name: getattr(told, name) for name in ExecutionNews.__slots__}


def _unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks what became of a request without an answer."""

    async def nothing(*_: Any, **__: Any) -> None:
        """Leave it unknown."""

    monkeypatch.setattr(resolve.Resolver, "run", nothing)


def _unhalted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks for locks."""
    for module in (facts, cycle, halts):
        monkeypatch.setattr(module, "locks_of", lambda _: [])


@pytest.mark.parametrize(
    "guard, found",
    [
        (_unnamed, "duplicate"), (_unattached, "unprotected"), (_unread, "untracked"), (_unresolved, "lost"),
        (_unhalted, "halted"),
    ],
)  # fmt: skip
def test_a_guard_taken_away_is_found(
    monkeypatch: pytest.MonkeyPatch, guard: Callable[[pytest.MonkeyPatch], None], found: str
) -> None:
    guard(monkeypatch)
    assert any(_shows(play(seed), found) for seed in range(30)), f"thirty runs without: {found}"


def _shows(report: Report, found: str) -> bool:
    return any(violation.startswith(found) for violation in report.violations)
