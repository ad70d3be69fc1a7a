from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.trading_core.exchanges.bybit.clocks import Clock
from tests.trading_core.exchanges.bybit.payloads import INSTRUMENTS
from tests.trading_core.exchanges.bybit.test_client import KEYS, WINDOW, Server, order, server
from trading_core.errors import NotSent, OutcomeUnknown
from trading_core.exchanges.bybit import gate as gates
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.gate import BAN_S, BURST, PROBE_S, RATE, RESERVE, Gate, dial_wait, gate_of
from trading_core.exchanges.bybit.market import BybitMarket

__all__ = ["server"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    return Gate("api.example", monotonic=lambda: clock.now, sleep=clock.sleep)


def shut(gate: Gate) -> None:
    gate.told(gate.enter(), 403)


def test_a_403_shuts_the_gate_for_ten_minutes(
    gate: Gate, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        shut(gate)
    assert "api.example answered HTTP 403" in caplog.text
    assert (gate.shut_for, gate.shut_times) == (BAN_S, 1)
    clock.now += BAN_S - 1
    with pytest.raises(NotSent, match=r"shuts this address out \(HTTP 403\): nothing is sent for 1 s"):
        gate.enter()


def test_what_takes_risk_away_is_tried_every_ten_seconds(gate: Gate, clock: Clock) -> None:
    shut(gate)
    tried = 0
    for _ in range(60):
        clock.now += 1.0
        try:
            gate.told(gate.enter(urgent=True), None)
            tried += 1
        except NotSent:
            pass
    assert tried == 6
    assert gate.urgent_in == pytest.approx(10.0)


def test_an_urgent_request_that_is_answered_opens_the_gate(gate: Gate, clock: Clock) -> None:
    shut(gate)
    clock.now += 11
    gate.told(gate.enter(urgent=True), 200)
    assert (gate.shut_for, gate.urgent_in) == (0.0, 0.0)
    assert not gate.enter().trial


def test_one_probe_decides(gate: Gate, clock: Clock) -> None:
    shut(gate)
    clock.now += BAN_S
    assert gate.shut_for == 0
    probe = gate.enter()
    with pytest.raises(NotSent, match="a probe is on its way"):
        gate.enter()
    gate.told(probe, 403)
    assert (gate.shut_for, gate.shut_times) == (BAN_S, 2)
    clock.now += BAN_S
    gate.told(gate.enter(), 502)
    gate.enter()
    gate.enter()


def test_a_probe_without_an_answer_makes_room_for_the_next(gate: Gate, clock: Clock) -> None:
    shut(gate)
    clock.now += BAN_S
    gate.told(gate.enter(), None)
    gate.enter()  # never told of
    clock.now += PROBE_S
    gate.enter()


def test_answers_to_requests_of_before_change_nothing(gate: Gate, clock: Clock) -> None:
    earlier, later = gate.enter(), gate.enter()
    shut(gate)
    clock.now += 5
    gate.told(earlier, 200)
    gate.told(later, 403)
    assert (gate.shut_for, gate.shut_times) == (BAN_S - 5, 1)


def test_an_address_keeps_below_its_limit_with_something_left_for_exits(clock: Clock) -> None:
    gate = Gate("api.example", rate=RATE, monotonic=lambda: clock.now, sleep=clock.sleep)
    for _ in range(int(BURST - RESERVE)):
        gate.enter()
    assert clock.slept == []
    gate.enter(urgent=True)
    assert clock.slept == []
    gate.enter()
    assert len(clock.slept) == 1
    start = clock.now
    for _ in range(1_000):
        gate.enter()
    assert 1_000 / (clock.now - start) * 5 + BURST < 600


def test_processes_share_the_address(clock: Clock) -> None:
    gate = Gate("api.example", rate=RATE, monotonic=lambda: clock.now, sleep=clock.sleep)
    gate.share(4)
    for _ in range(400):
        gate.enter()
    assert 400 / (clock.now - 100.0) < RATE / 4 * 1.2


def test_many_threads_get_one_probe(gate: Gate, clock: Clock) -> None:
    shut(gate)
    clock.now += BAN_S
    passed: list[bool] = []

    def ask() -> None:
        with contextlib.suppress(NotSent):
            passed.append(gate.enter().trial)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [True]


def test_sessions_of_a_host_share_their_gate() -> None:
    assert gate_of("http://127.0.0.1:7") is gate_of("http://127.0.0.1:7/v5")
    assert gate_of("http://127.0.0.1:7") is not gate_of("http://127.0.0.1:8")


def test_new_streams_are_spread_out_at_bybit_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 5.0)
    monkeypatch.setattr(gates, "_dials", {})
    waits = [dial_wait("wss://stream.bybit.com/v5/private") for _ in range(60)]
    assert waits[:50] == [0.0] * 50
    assert waits[50] == pytest.approx(0.75)
    assert waits[-1] == pytest.approx(7.5)
    assert dial_wait("ws://127.0.0.1:9/v5/private") == 0.0


@pytest.fixture
def banned(server: Server) -> Iterator[BybitExchange]:
    """An account whose host has just shut us out."""
    account = BybitExchange(
        endpoint=server.url, credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: 1_700_000_000_000
    )
    server.answer = lambda _: (403, "access too frequent")
    with pytest.raises(OutcomeUnknown, match="403"):
        account.set_leverage(symbol="BTCUSDT", leverage=Decimal(2), window=WINDOW)
    server.says(0, {"orderId": "o-1", "list": []})
    yield account
    account.close()


def test_nothing_leaves_for_a_host_that_shut_us_out(server: Server, banned: BybitExchange) -> None:
    another = BybitSession(endpoint=server.url, credentials=KEYS, wall_ms=lambda: 1)
    market = BybitMarket(endpoint=server.url, wall_ms=lambda: 1)
    for ask in (
        lambda: banned.place(order(), window=WINDOW), banned.positions, banned.wallet,
        another.get_server_time, market.server_ms,
        # Urgent ones too, until their time has come.
        lambda: banned.cancel(symbol="BTCUSDT", link="A", window=WINDOW),
    ):  # fmt: skip
        with pytest.raises(NotSent, match="shuts this address out"):
            ask()
    assert len(server.asked) == 1


def test_cancel_stop_and_exit_are_urgent(server: Server, banned: BybitExchange) -> None:
    gate = gate_of(server.url)
    urgent = (
        lambda: banned.cancel(symbol="BTCUSDT", link="A", window=WINDOW),
        lambda: banned.set_stop(symbol="BTCUSDT", stop_ticks=1, window=WINDOW),
        lambda: banned.place(order(reduce_only=True, stop_ticks=None), window=WINDOW),
    )
    for ask in urgent:
        gate._urgent_at = 0.0
        server.answer = lambda _: (403, "")
        with pytest.raises(OutcomeUnknown, match="403"):
            ask()
    gate._urgent_at = 0.0
    with pytest.raises(NotSent):
        banned.amend(symbol="BTCUSDT", link="A", lots=1, ticks=None, window=WINDOW)
    server.says(0)
    urgent[0]()
    assert gate.shut_for == 0
