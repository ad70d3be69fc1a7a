from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ailona import secrets_file
from ailona.env import (
    EnvironmentInvalid,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_secret,
    postgresql_database,
    read_env_file,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*secrets_file.new_secrets(), "THING", "THING_FILE"]:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "text, value", [("1", True), ("Yes", True), ("off", False), ("", False), (" 0 ", False)]
)
def test_a_yes_or_no_is_read(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", text)

    assert env_bool("THING", default=not value) is value


def test_nonsense_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "maybe")

    for read in (
        lambda: env_bool("THING"),
        lambda: env_int("THING", default=1),
        lambda: env_choice("THING", ("a",)),
    ):
        with pytest.raises(EnvironmentInvalid, match=r"THING.*'maybe'"):
            read()


def test_what_is_not_set_has_its_default() -> None:
    assert (env_bool("THING", default=True), env_int("THING", default=7), env_list("THING", ("a",))) == (
        True,
        7,
        ["a"],
    )


def test_a_secret_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thing").write_text("hidden\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "thing"))

    assert env_secret("THING") == "hidden"


def test_a_secret_given_twice_or_not_at_all_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THING_FILE", str(tmp_path / "missing"))
    with pytest.raises(EnvironmentInvalid, match="THING_FILE: can't read"):
        env_secret("THING")

    monkeypatch.setenv("THING", "canary")
    with pytest.raises(EnvironmentInvalid, match="both set") as refusal:
        env_secret("THING")
    assert "canary" not in str(refusal.value)


def test_a_database_address_becomes_settings() -> None:
    settings = postgresql_database("postgresql://me:p%40ss@db:5433/bots?sslmode=require", role="web")

    assert (settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"]) == (
        "me",
        "p@ss",
        "db",
        "5433",
    )
    assert (settings["NAME"], settings["CONN_MAX_AGE"]) == ("bots", 300)
    assert settings["OPTIONS"] == {"sslmode": "require", "options": "-c role=ailona_web"}


def test_pooled_connections_go_back_after_each_request() -> None:
    settings = postgresql_database("postgresql://me@db/bots", pool=True)

    assert settings["CONN_MAX_AGE"] == 0
    assert settings["OPTIONS"]["pool"]["max_size"] >= 4


def test_a_socket_address_becomes_settings() -> None:
    assert postgresql_database("postgresql://me@/bots?host=/run/pg&port=5433")["HOST"] == "/run/pg"
    assert postgresql_database("postgresql://me@%2Frun%2Fpg/bots")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://host", "nonsense"])
def test_another_database_address_is_refused(url: str) -> None:
    with pytest.raises(EnvironmentInvalid, match="DATABASE_URL"):
        postgresql_database(url)


def test_secrets_are_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "var" / "secret.env"

    assert secrets_file.ensure(path)
    first = path.read_text()
    assert not secrets_file.ensure(path)

    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret.env"]
    assert len(os.environ["SECRET_KEY"]) >= 64
    assert os.environ["MASTER_KEYS"].startswith("1:")


def test_what_the_environment_says_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "mine")

    secrets_file.ensure(tmp_path / "secret.env")

    assert os.environ["SECRET_KEY"] == "mine"


def test_a_damaged_file_is_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "secret.env").write_text("# fine\nTHING=1\nnonsense\n")

    with pytest.raises(EnvironmentInvalid, match="line 3"):
        read_env_file(tmp_path / "secret.env")
