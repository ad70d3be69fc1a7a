"""Who may use the control API."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.venue.venues import TOKEN
from trading_core.venue.config import VenueConfig
from trading_core.venue.control import control
from trading_core.venue.hub import Venue
from trading_core.venue.rest.request import Request


@pytest.mark.parametrize(
    "remote,token,status",
    [("127.0.0.1", TOKEN, 200), ("::1", TOKEN, 200), ("10.0.0.7", TOKEN, 403), ("", TOKEN, 403),
     ("127.0.0.1", "guess", 401), ("127.0.0.1", "", 401)],
)  # fmt: skip
def test_faults_are_set_from_this_machine_with_the_token(
    tmp_path: Path, remote: str, token: str, status: int
) -> None:
    venue = Venue(VenueConfig(tmp_path, TOKEN, symbols=("ETHUSDT",), mode="candles", history_days=1))
    headers = {b"authorization": f"Bearer {token}".encode()}
    body = orjson.dumps({"faults": [{"kind": "request_lost"}]})

    answer = control(venue, Request("POST", "/control/faults", b"", body, headers, remote=remote))

    assert answer.status == status
    assert len(list(venue.faults)) == (status == 200)
    venue.journal.close()
