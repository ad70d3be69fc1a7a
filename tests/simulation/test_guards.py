"""A seed always plays the same, and the harness isn't blind: each guard that is taken away is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.simulation.play import Report, play
from bots.services import cycle, facts, news
from bots.trader import halts, protect, resolve, send
from bots.trader.intents import Claimed
from trading_core.exchanges.port import ExecutionNews, OrderRequest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


def test_a_seed_always_plays_the_same() -> None:
    first, again, other = play(11), play(11), play(12)
    assert first == again
    assert first.digest != other.digest


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
