from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bots.services.regimes import forget_regimes, market_overview, symbol_history
from tests.bots.desk import _nothing_remembered, logged_in  # noqa: F401 - fixtures
from tests.e2e.desk_rows import market
from tests.roles import acting_as
from trading_core.indicators.catalog import CATALOG

DAYS = 6


@pytest.fixture(autouse=True)
def _no_regimes() -> Iterator[None]:
    forget_regimes()
    yield
    forget_regimes()


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def known(alice: User) -> int:
    with acting_as("engine"):
        return market(minutes=DAYS * 1440)


def test_every_symbol_has_its_regime_and_figures(client: Client, known: int) -> None:
    response = client.get(reverse("market"))
    text, lines = response.content.decode(), response.context["page"].lines
    overview = {one.symbol: one for one in market_overview("synthetic", "linear")}
    assert [line.symbol for line in lines] == sorted(overview)
    for line in lines:
        told = overview[line.symbol].regimes["15m"]
        words = {1: "Up-trend", -1: "Down-trend", 0: "Range"}
        assert told.state is not None
        assert line.regime.state.label == words[told.state]
        assert line.behind == "up to date"
    assert "Synthetic, lively" in text
    assert CATALOG["regime"].convention.split(";")[0][1:20] in text


def test_symbol_has_bands_and_every_indicator(client: Client, known: int) -> None:
    response = client.get(reverse("market-symbol", args=["BTCUSDT"]))
    page = response.context["page"]
    shown = sum(len(lines) for _, lines in page.families)
    assert shown == len(CATALOG) - 1
    rsi = next(line for _, lines in page.families for line in lines if line.label == CATALOG["rsi"].label)
    assert 0 < float(rsi.values[0][1]) < 100
    assert sum(number for _, number, _ in page.shares) == 240
    data = client.get(reverse("market-chart", args=["BTCUSDT"])).json()
    assert [band["time"] for band in data["bands"]] == [row[0] for row in data["candles"]]
    history = symbol_history("BTCUSDT", "synthetic", "linear", candles=240)
    keys = {1: "up", -1: "down", 0: "range", None: "unknown"}
    assert [band["state"] for band in data["bands"]] == [keys[one.state] for one in history.closes]


def test_too_few_candles_are_not_known_yet(client: Client, alice: User) -> None:
    with acting_as("engine"):
        market(minutes=90)
    text = client.get(reverse("market")).content.decode()
    assert "Not known yet" in text
    assert client.get(reverse("market-symbol", args=["ETHUSDT"])).status_code == 200


def test_market_that_was_never_heard_says_so(client: Client) -> None:
    assert "No market data yet" in client.get(reverse("market")).content.decode()
    assert client.get(reverse("market-symbol", args=["BTCUSDT"])).status_code == 404


@pytest.mark.parametrize("name", ["market-symbol", "market-chart"])
def test_unknown_symbol_is_not_found(client: Client, known: int, name: str) -> None:
    assert client.get(reverse(name, args=["NOPE"])).status_code == 404


def test_unknown_timeframe_is_as_if_none_was_said(client: Client, known: int) -> None:
    response = client.get(reverse("market") + "?timeframe=7m")
    assert response.context["page"].timeframe.value == "15m"
