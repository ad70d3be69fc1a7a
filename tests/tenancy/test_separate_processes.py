"""The roles as separate processes meet them: a plain login, a database of its own, and the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from ailona.secrets_file import new_secrets

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
LOGIN = f"ailona_login_{os.getpid()}"
AGAIN = """
import django
django.setup()
from django.core.management import call_command
for step in (["bots", "zero"], ["conditions", "zero"], ["accounts", "0001"], []):
    call_command("migrate", *step, verbosity=0, skip_checks=True)
"""
SIGN_UP = """
import django
django.setup()
from ailona.checks import refuse_unsafe_start
refuse_unsafe_start()
from accounts.models import User
from accounts.selectors import memberships_of
from accounts.services import create_workspace
from django.db import connection
create_workspace(User.objects.create_user("nora@example.com", "x"), "Desk")
print([m.workspace.name for m in memberships_of(User.objects.get())])
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Run Python with this environment against a database that belongs to a login without privileges."""
    theirs = settings.DATABASES["default"]
    server = {
        "host": theirs["HOST"],
        "port": theirs["PORT"],
        "user": theirs["USER"],
        "password": theirs["PASSWORD"],
    }
    admin = psycopg.connect(dbname="postgres", autocommit=True, **{k: v for k, v in server.items() if v})
    name = sql.Identifier(LOGIN)
    admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(name))
    admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    address = f"postgresql://{LOGIN}@/{LOGIN}?host={server['host']}&port={server['port'] or 5432}"
    environment = {**os.environ, **new_secrets(), "DATABASE_URL": address, "DATABASE_POOL": "0"}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "ailona.settings",
        "ALLOWED_HOSTS": "bots.example",
        "BEHIND_HTTPS": "1",
    }

    def run(role: str, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        own = {**environment, "AILONA_ROLE": role, **changes}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=own,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    try:
        yield run
    finally:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        for group in ("ailona_web", "ailona_engine", "ailona_ops", "ailona_migrator"):
            admin.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), name))
        admin.execute(sql.SQL("DROP ROLE {}").format(name))
        admin.close()


@pytest.mark.timeout(900)
def test_a_plain_login_migrates_serves_and_is_refused_without_a_role(run: Run) -> None:
    migrated = run("migrator", "-m", "django", "migrate", "-v0")
    assert migrated.returncode == 0, migrated.stderr
    undone_and_redone = run("migrator", "-c", AGAIN)
    assert undone_and_redone.returncode == 0, undone_and_redone.stderr

    signed_up = run("web", "-c", SIGN_UP, TRADER_PRIVATE_KEY="", MASTER_KEYS="")
    assert signed_up.stdout.strip() == "['Desk']", signed_up.stderr
    assert "ailona.E009" in run("login", "-c", SIGN_UP).stderr
    assert "permission denied" in run("engine", "-c", SIGN_UP).stderr
