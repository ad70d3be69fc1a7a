"""Lock-step, and what survives kill -9."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.venue.conftest import CANDLES
from tests.venue.venues import START_MS, VenueProcess, write_candles

ORDER = {"category": "linear", "symbol": "ETHUSDT"}


def trade(venue: VenueProcess) -> dict[str, str]:
    """A long position with a leg below, a target above and a stop."""
    account = venue.account("alice")
    session = venue.client(account)
    session.place_order(**ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in", stopLoss="955")
    session.place_order(
        **ORDER, side="Buy", orderType="Limit", qty="1", price="999.80", orderLinkId="leg", stopLoss="955"
    )
    session.place_order(
        **ORDER, side="Sell", orderType="Limit", qty="1", price="1009", orderLinkId="out", reduceOnly=True
    )
    return account


def fills(venue: VenueProcess, account: dict[str, str]) -> list[tuple[str, ...]]:
    rows = venue.client(account).get_executions(category="linear")["result"]["list"]
    keys = ("orderLinkId", "side", "execPrice", "execQty", "execTime", "stopOrderType")
    return [tuple(row[k] for k in keys) for row in reversed(rows)]


EXPECTED = [
    ("in", "Buy", "1000.10", "1.00", str(START_MS), "UNKNOWN"),
    ("leg", "Buy", "999.80", "1.00", str(START_MS + 60_000), "UNKNOWN"),
    ("out", "Sell", "1009.00", "1.00", str(START_MS + 120_000), "UNKNOWN"),
    ("", "Sell", "954.90", "1.00", str(START_MS + 240_000), "StopLoss"),
]


def test_each_step_is_one_event(replay_venue: VenueProcess) -> None:
    account = trade(replay_venue)

    events = replay_venue.step(9)

    assert events == ["fill", "candle", "fill", "candle", "candle", "fill", "candle", "candle", "end"]
    assert fills(replay_venue, account) == EXPECTED
    assert replay_venue.call("/status")["done"]


def test_killed_anywhere_the_venue_goes_on_where_it_was(tmp_path: Path, replay_options: list[str]) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    account = trade(venue)
    for steps in (1, 2, 3, 3):
        venue.step(steps)
        before = states(venue, account)

        venue.stop(signal.SIGKILL)
        venue.start()

        assert states(venue, account) == before
    assert fills(venue, account) == EXPECTED
    assert venue.account("alice") == account
    venue.stop()


def test_torn_last_line_is_forgotten(tmp_path: Path, replay_options: list[str]) -> None:
    venue = VenueProcess(tmp_path / "venue", *replay_options)
    account = trade(venue)
    before = states(venue, account)
    venue.stop(signal.SIGKILL)
    (log,) = (tmp_path / "venue").rglob("log-*.jsonl")
    with log.open("ab") as file:
        file.write(b'{"op":"step')

    venue.start()

    assert states(venue, account) == before
    venue.stop()


def test_running_market_survives_too(tmp_path: Path) -> None:
    venue = VenueProcess(tmp_path, "--symbols", "ETHUSDT", "--history-days", "1")
    account = venue.account("alice")
    session = venue.client(account)
    session.place_order(**ORDER, side="Buy", orderType="Market", qty="1", stopLoss="1")
    session.place_order(**ORDER, side="Buy", orderType="Limit", qty="1", price="100", orderLinkId="far")
    before = states(venue, account)[0]
    venue.stop(signal.SIGKILL)

    venue.start()

    after = states(venue, account)[0]
    for moving in ("equity",):
        before.pop(moving), after.pop(moving)
    assert after == before
    venue.stop()


def test_same_story_gives_the_same_fills(tmp_path: Path, replay_options: list[str]) -> None:
    told = []
    for name in ("one", "two"):
        venue = VenueProcess(tmp_path / name, *replay_options)
        account = trade(venue)
        venue.step(8)
        told.append(fills(venue, account))
        venue.stop()

    assert told[0] == told[1]


def test_snapshot_holds_what_the_log_held(tmp_path: Path) -> None:
    file = write_candles(tmp_path, CANDLES)
    options = ["--market", "replay", "--mode", "candles", "--candles", str(file), "--snapshot-every", "3"]
    venue = VenueProcess(tmp_path / "venue", *options)
    account = trade(venue)
    venue.step(3)
    before = states(venue, account)
    assert list((tmp_path / "venue").rglob("snapshot-*.json"))

    venue.stop(signal.SIGKILL)
    venue.start()

    assert states(venue, account) == before
    venue.step(5)
    assert fills(venue, account) == EXPECTED
    venue.stop()


def states(venue: VenueProcess, account: dict[str, str]) -> list[Any]:
    state = venue.call(f"/accounts/{account['uid']}")
    status = venue.call("/status")
    return [state, status["clock_ms"], status["last_closed"], status["done"]]
