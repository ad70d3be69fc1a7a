"""The API of backtests: ask, watch, cancel, read, take away, compare, delete."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from pyarrow import parquet
from pytest_django import Settings

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from analytics.services.backtests.requests import cancel_run
from tests.analytics.backtest_desk import (  # noqa: F401 - desk is a fixture
    COUNT,
    again,
    bot_document,
    claimed,
    desk,
    finished,
    requested,
)
from tests.bots.desk import logged_in
from trading_core.backtest.tables import TABLES

pytestmark = pytest.mark.django_db(transaction=True)
PERIOD = {"start": "2025-01-01", "end": "2025-01-02"}


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


def asked(client: Client, **body: Any) -> Any:
    return client.post("/api/v1/backtests/", json.dumps(PERIOD | body), "application/json")


def test_asking_and_watching(client: Client, desk: Workspace) -> None:
    answer = asked(client, document=bot_document(), balance="2500")

    assert answer.status_code == 201
    told = answer.json()
    assert (told["state"], told["start"], told["end"]) == (
        "queued", "2025-01-01T00:00:00.000Z", "2025-01-01T04:00:00.000Z",
    )  # fmt: skip
    one = client.get(f"/api/v1/backtests/{told['code']}/").json()
    assert one["document"]["wallet"] == {"balance": "2500"}
    assert one["created_by"] == "alice@example.com"
    claimed()
    listed = client.get("/api/v1/backtests/").json()["results"]
    assert [(row["code"], row["state"], row["message"]) for row in listed] == [
        (told["code"], "running", "Reading candles")
    ]
    assert client.post(f"/api/v1/backtests/{told['code']}/cancel/").json()["cancel_requested"]


@pytest.mark.parametrize("body, path", [
    ({}, "document"), ({"document": {}, "bot": "x"}, "document"), ({"document": {}}, "document.schema"),
    ({"document": bot_document(timeframe="7m")}, "document.timeframe"),
    ({"document": bot_document(), "balance": "-1"}, "document.wallet.balance"),
    ({"document": bot_document(rules={"version": "nothere", "son": False})}, "document.rules.version"),
    ({"document": bot_document(), "start": "soon"}, "start"), ({"document": bot_document(), "more": 1}, "more"),
    ({"document": bot_document(), "end": "2024-12-01"}, "to"),
    ({"document": bot_document(), "start": "2030-01-01", "end": "2031-01-01"}, "from"),
])  # fmt: skip
def test_what_is_wrong_is_named(client: Client, desk: Workspace, body: dict[str, Any], path: str) -> None:
    answer = asked(client, **body)

    assert answer.status_code == 400
    assert answer.json()["fields"][0]["path"] == path


def test_a_quota_is_answered_with_too_many_requests(
    client: Client, desk: Workspace, settings: Settings
) -> None:
    settings.BACKTESTS_AT_ONCE = 1
    asked(client, document=bot_document())
    answer = asked(client, document=bot_document())

    assert answer.status_code == 429
    assert answer.json()["message"].startswith("1 backtests are under way already")


def test_reading_and_taking_away(client: Client, desk: Workspace) -> None:
    run = finished(desk)
    address = f"/api/v1/backtests/{run.code}"

    result = client.get(f"{address}/result/").json()
    packed = client.get(f"{address}/result/", headers={"accept-encoding": "gzip"})
    assert result["meta"]["candles"] == COUNT == len(result["decisions"])
    assert packed.headers["Content-Encoding"] == "gzip"
    page = client.get(f"{address}/export/html/").content.decode()
    assert "Equity and drawdown" in page
    assert "Always in" in page
    for kind in ("csv", "parquet"):
        answer = client.get(f"{address}/export/{kind}/")
        assert f'filename="always-in-{run.code}.{kind}.zip"' in answer.headers["Content-Disposition"]
        tables = zipfile.ZipFile(io.BytesIO(answer.content))
        assert sorted(tables.namelist()) == sorted(f"{name}.{kind}" for name in TABLES)
    equity = parquet.read_table(io.BytesIO(tables.read("equity.parquet")))
    assert equity.num_rows == COUNT
    assert client.get(f"{address}/export/exe/").status_code == 404


def test_there_is_nothing_to_read_before_the_end(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    answer = client.get(f"/api/v1/backtests/{run.code}/result/")

    assert answer.status_code == 409
    assert answer.json()["message"] == "Always in has no result: it is waiting"
    assert client.delete(f"/api/v1/backtests/{run.code}/").status_code == 409
    assert client.get("/api/v1/backtests/compare/", {"id": run.code}).status_code == 409


def test_comparing(client: Client, desk: Workspace) -> None:
    runs = [finished(desk), finished(desk, name="Shorter", minutes=60)]
    codes = ",".join(run.code for run in runs)

    results = client.get("/api/v1/backtests/compare/", {"id": codes}).json()["results"]
    assert [one["name"] for one in results] == ["Always in", "Shorter"]
    assert [one["metrics"]["trades"] for one in results] == [
        run.result.figures["trades"] for run in runs if run.result
    ]
    assert results[1]["equity"][-1]["close"] == "2025-01-01T01:00:00Z"
    for wrong, status in (("", 400), (f"{codes},{codes}", 400), ("a,b,c,d,e,f", 400), ("nobody", 404)):
        assert client.get("/api/v1/backtests/compare/", {"id": wrong}).status_code == status


def test_deleting(client: Client, desk: Workspace) -> None:
    run = finished(desk)

    assert client.delete(f"/api/v1/backtests/{run.code}/").status_code == 204
    assert client.get(f"/api/v1/backtests/{run.code}/").status_code == 404


def test_another_workspace_finds_nothing(desk: Workspace, charlie: User) -> None:
    run = finished(desk)
    stranger = logged_in(charlie)

    for way in ("", "result/", "export/csv/"):
        assert stranger.get(f"/api/v1/backtests/{run.code}/{way}").status_code == 404
    assert stranger.get("/api/v1/backtests/compare/", {"id": run.code}).status_code == 404
    assert stranger.delete(f"/api/v1/backtests/{run.code}/").status_code == 404
    assert stranger.post(f"/api/v1/backtests/{run.code}/cancel/").status_code == 404
    assert stranger.get("/api/v1/backtests/").json()["results"] == []


def test_a_cancelled_run_is_listed_as_such(client: Client, desk: Workspace) -> None:
    run = requested(desk)
    with workspace_scope(desk.pk):
        cancel_run(run)

    assert client.get("/api/v1/backtests/").json()["results"][0]["state"] == "cancelled"
    assert again(run).error == ""
