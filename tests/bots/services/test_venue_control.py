from __future__ import annotations

from collections.abc import Iterator

import pytest

from bots.services.venue_control import Issued, VenueControl, VenueUnreachable
from tests.trading_core.exchanges.bybit.test_client import Server, server
from trading_core.errors import ExchangeError
from trading_core.money import money

__all__ = ["server"]


@pytest.fixture
def control(server: Server) -> Iterator[VenueControl]:
    control = VenueControl(server.url, "a-token")
    yield control
    control.close()


def test_an_account_is_opened_by_its_reference(server: Server, control: VenueControl) -> None:
    server.answer = lambda _: (200, '{"uid": "7", "api_key": "K", "api_secret": "HUSH"}')
    issued = control.open_account(reference="abc-1", balance=money("10000.5"))
    assert issued == Issued("7", "K", "HUSH")
    assert repr(issued) == "Issued(7)"
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/control/accounts")
    assert asked.fields == {"reference": "abc-1", "balance": "10000.5"}
    assert asked.headers["Authorization"] == "Bearer a-token"


@pytest.mark.parametrize("answer", [(500, "oops"), (401, "{}"), (200, "<html>"), (200, "[1]"), (200, "{}")])
def test_an_answer_that_is_none_is_unreachable(
    server: Server, control: VenueControl, answer: tuple[int, str]
) -> None:
    server.answer = lambda _: answer
    for ask in (control.status, lambda: control.open_account(reference="a", balance=1)):
        with pytest.raises(VenueUnreachable):
            ask()


def test_a_venue_that_is_away_is_an_error_of_an_exchange() -> None:
    control = VenueControl("http://127.0.0.1:1", "a-token", timeout_s=1.0)
    with pytest.raises(ExchangeError, match="ConnectionRefusedError"):
        control.status()
