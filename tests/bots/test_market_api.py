from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from tests.bots.desk import _nothing_remembered, desk, logged_in  # noqa: F401 - fixtures
from tests.bots.test_api import is_error, paths


@pytest.fixture
def client(alice: User, desk: Workspace) -> Client:
    return logged_in(alice)


def test_market_is_every_followed_symbol(client: Client) -> None:
    listed = client.get(reverse("api-market")).json()

    assert {"BTCUSDT", "ETHUSDT"} <= {one["symbol"] for one in listed}
    assert [one["symbol"] for one in listed] == sorted(one["symbol"] for one in listed)
    first = listed[0]
    assert first["price"] > 0
    assert set(first["regimes"]) == {"15m", "1h"}
    assert first["age_s"] >= 0


def test_symbol_is_its_figures_and_its_history(client: Client) -> None:
    told = client.get(reverse("api-market-symbol", args=["ETHUSDT"])).json()

    assert told["now"]["symbol"] == "ETHUSDT"
    assert told["history"]["timeframe"] == "15m"
    closes = told["history"]["closes"]
    assert len(closes) >= 9
    assert closes[-1]["close_ms"] > closes[0]["close_ms"]
    assert set(closes[0]) == {"close_ms", "close", "state", "trend", "volatility"}


def test_unknown_symbol_and_market_are_refused(client: Client) -> None:
    is_error(client.get(reverse("api-market-symbol", args=["NOPEUSDT"])), 404)
    body = is_error(client.get(reverse("api-market"), {"source": "nyse"}), 400)
    assert paths(body) == ["source"]


def test_without_a_market_there_is_nothing(rita: User) -> None:
    assert logged_in(rita).get(reverse("api-market")).json() == []
