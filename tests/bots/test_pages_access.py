"""Every address against a declared table: a new one without a row here fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import mailbox
from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot
from bots.services.locks import set_lock
from bots.services.whatif import start_what_if
from conditions.services.drafts import create_rule_set
from conditions.services.publishing import publish_version
from tests.analytics.backtest_desk import finished
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.e2e.desk_rows import RULES

PUBLIC, USER, VIEWER, TRADER, OWNER = "public", "user", "viewer", "trader", "owner"

PAGES: dict[str, tuple[str, str]] = {
    "healthz": (PUBLIC, "get"),
    "readyz": (PUBLIC, "get"),
    "": (PUBLIC, "get"),
    "dev/mail": (PUBLIC, "get"),
    "accounts/login/": (PUBLIC, "get"),
    "accounts/logout/": (PUBLIC, "get"),
    "accounts/inactive/": (PUBLIC, "get"),
    "accounts/signup/": (PUBLIC, "get"),
    "accounts/confirm-email/": (PUBLIC, "get"),
    "accounts/login/code/confirm/": (PUBLIC, "get"),
    "accounts/password/reset/": (PUBLIC, "get"),
    "accounts/password/reset/done/": (PUBLIC, "get"),
    "accounts/password/reset/key/done/": (PUBLIC, "get"),
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": (PUBLIC, "get"),
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (PUBLIC, "get"),
    "accounts/reauthenticate/": (USER, "get"),
    "accounts/email/": (USER, "get"),
    "accounts/password/change/": (USER, "get"),
    "accounts/password/set/": (USER, "get"),
    "dashboard/": (VIEWER, "get"),
    "dashboard/live/": (VIEWER, "get"),
    "dashboard/equity/": (VIEWER, "get"),
    "bots/": (VIEWER, "get"),
    "bots/live/": (VIEWER, "get"),
    "bots/new/": (TRADER, "get"),
    "bots/new/preflight/": (TRADER, "post"),
    "bots/<slug:code>/": (VIEWER, "get"),
    "bots/<slug:code>/live/": (VIEWER, "get"),
    "bots/<slug:code>/chart/": (VIEWER, "get"),
    "bots/<slug:code>/preflight/": (VIEWER, "get"),
    "bots/<slug:code>/document/": (VIEWER, "get"),
    "bots/<slug:code>/confirm/<slug:action>/": (TRADER, "get"),
    "bots/<slug:code>/do/<slug:action>/": (TRADER, "post"),
    "bots/<slug:code>/positions/<slug:symbol>/": (TRADER, "get"),
    "bots/<slug:code>/decisions/": (VIEWER, "get"),
    "bots/<slug:code>/decisions/live/": (VIEWER, "get"),
    "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/": (VIEWER, "get"),
    "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/chart/": (VIEWER, "get"),
    "bots/<slug:code>/blockers/": (VIEWER, "get"),
    "bots/<slug:code>/what-if/": (VIEWER, "get"),
    "bots/<slug:code>/what-if/run/": (TRADER, "post"),
    "bots/<slug:code>/what-if/<slug:study>/": (VIEWER, "get"),
    "bots/<slug:code>/what-if/<slug:study>/live/": (VIEWER, "get"),
    "bots/<slug:code>/what-if/<slug:study>/cancel/": (TRADER, "post"),
    "analytics/": (VIEWER, "get"),
    "analytics/curve/<slug:kind>/": (VIEWER, "get"),
    "backtests/": (VIEWER, "get"),
    "backtests/live/": (VIEWER, "get"),
    "backtests/new/": (TRADER, "get"),
    "backtests/compare/": (VIEWER, "get"),
    "backtests/<slug:code>/": (VIEWER, "get"),
    "backtests/<slug:code>/live/": (VIEWER, "get"),
    "backtests/<slug:code>/cancel/": (TRADER, "post"),
    "backtests/<slug:code>/delete/": (TRADER, "get"),
    "market/": (VIEWER, "get"),
    "market/live/": (VIEWER, "get"),
    "market/<slug:symbol>/": (VIEWER, "get"),
    "market/<slug:symbol>/chart/": (VIEWER, "get"),
    "rules/": (VIEWER, "get"),
    "rules/new/": (TRADER, "get"),
    "rules/templates/": (VIEWER, "get"),
    "rules/son/": (VIEWER, "get"),
    "rules/<slug:code>/": (VIEWER, "get"),
    "rules/<slug:code>/read/": (TRADER, "post"),
    "rules/<slug:code>/preview/": (VIEWER, "get"),
    "rules/<slug:code>/publish/": (TRADER, "get"),
    "rules/<slug:code>/fork/": (TRADER, "get"),
    "rules/<slug:code>/mirror/": (TRADER, "get"),
    "rules/<slug:code>/import/": (TRADER, "get"),
    "rules/<slug:code>/export/": (VIEWER, "get"),
    "rules/<slug:code>/archive/": (TRADER, "post"),
    "rules/<slug:code>/versions/<int:number>/": (VIEWER, "get"),
    "rules/<slug:code>/versions/<int:number>/take/": (TRADER, "post"),
    "limits/": (VIEWER, "get"),
    "limits/live/": (VIEWER, "get"),
    "halt/": (TRADER, "get"),
    "limits/locks/": (TRADER, "post"),
    "limits/locks/<slug:code>/lift/": (TRADER, "post"),
    "limits/workspace/": (OWNER, "get"),
    "limits/accounts/<slug:code>/": (OWNER, "get"),
    "exchange-accounts/": (VIEWER, "get"),
    "exchange-accounts/live/": (VIEWER, "get"),
    "exchange-accounts/connect/": (OWNER, "post"),
    "exchange-accounts/<slug:code>/": (VIEWER, "get"),
    "exchange-accounts/<slug:code>/live/": (VIEWER, "get"),
    "exchange-accounts/<slug:code>/interference/": (OWNER, "post"),
    "exchange-accounts/<slug:code>/key/": (OWNER, "post"),
    "exchange-accounts/<slug:code>/check/": (TRADER, "post"),
    "exchange-accounts/<slug:code>/resume/": (TRADER, "post"),
    "exchange-accounts/<slug:code>/reset/": (TRADER, "post"),
}
API: dict[str, tuple[str, str]] = {
    "schema/": (PUBLIC, "get"),
    "docs/": (PUBLIC, "get"),
    "exchange-accounts/": (OWNER, "post"),
    "exchange-accounts/<slug:code>/": (VIEWER, "get"),
    "exchange-accounts/<slug:code>/key/": (OWNER, "post"),
    "exchange-accounts/<slug:code>/check/": (TRADER, "post"),
    "exchange-accounts/<slug:code>/interference/": (OWNER, "put"),
    "exchange-accounts/<slug:code>/resume/": (TRADER, "post"),
    "exchange-accounts/<slug:code>/reset/": (TRADER, "post"),
    "exchange-accounts/<slug:code>/revoke/": (OWNER, "post"),
    "rule-sets/": (TRADER, "post"),
    "rule-sets/catalog/": (VIEWER, "get"),
    "rule-sets/parse/": (TRADER, "post"),
    "rule-sets/templates/": (VIEWER, "get"),
    "rule-sets/son/": (VIEWER, "get"),
    "rule-sets/import/": (TRADER, "post"),
    "rule-sets/<slug:code>/": (TRADER, "put"),
    "rule-sets/<slug:code>/validate/": (TRADER, "post"),
    "rule-sets/<slug:code>/effective/": (VIEWER, "get"),
    "rule-sets/<slug:code>/publish/": (TRADER, "post"),
    "rule-sets/<slug:code>/versions/": (VIEWER, "get"),
    "rule-sets/<slug:code>/versions/<int:number>/": (VIEWER, "get"),
    "rule-sets/<slug:code>/diff/": (VIEWER, "get"),
    "rule-sets/<slug:code>/fork/": (TRADER, "post"),
    "rule-sets/<slug:code>/export/": (VIEWER, "get"),
    "rule-sets/<slug:code>/import/": (TRADER, "post"),
    "rule-sets/<slug:code>/mirror/": (TRADER, "post"),
    "rule-sets/<slug:code>/preview/": (VIEWER, "get"),
    "preflight/": (TRADER, "post"),
    "bots/": (TRADER, "post"),
    "bots/<slug:code>/": (VIEWER, "get"),
    "bots/<slug:code>/document/": (TRADER, "put"),
    "bots/<slug:code>/status/": (VIEWER, "get"),
    "bots/<slug:code>/preflight/": (VIEWER, "post"),
    "bots/<slug:code>/start/": (TRADER, "post"),
    "bots/<slug:code>/pause/": (TRADER, "post"),
    "bots/<slug:code>/resume/": (TRADER, "post"),
    "bots/<slug:code>/stop/": (TRADER, "post"),
    "bots/<slug:code>/panic/": (TRADER, "post"),
    "bots/<slug:code>/positions/<slug:symbol>/add/": (TRADER, "post"),
    "bots/<slug:code>/positions/<slug:symbol>/reduce/": (TRADER, "post"),
    "bots/<slug:code>/decisions/": (VIEWER, "get"),
    "bots/<slug:code>/decisions/<slug:symbol>/<int:close_ms>/": (VIEWER, "get"),
    "bots/<slug:code>/blockers/": (VIEWER, "get"),
    "bots/<slug:code>/what-if/": (TRADER, "post"),
    "bots/<slug:code>/what-if/<slug:study>/": (VIEWER, "get"),
    "bots/<slug:code>/orders/": (VIEWER, "get"),
    "bots/<slug:code>/executions/": (VIEWER, "get"),
    "market/": (VIEWER, "get"),
    "market/<slug:symbol>/": (VIEWER, "get"),
    "limits/": (VIEWER, "get"),
    "limits/workspace/": (OWNER, "put"),
    "limits/accounts/<slug:code>/": (OWNER, "put"),
    "locks/": (TRADER, "post"),
    "locks/<slug:code>/lift/": (TRADER, "post"),
    "positions/": (VIEWER, "get"),
    "analytics/": (VIEWER, "get"),
    "backtests/": (TRADER, "post"),
    "backtests/compare/": (VIEWER, "get"),
    "backtests/<slug:code>/": (VIEWER, "get"),
    "backtests/<slug:code>/cancel/": (TRADER, "post"),
    "backtests/<slug:code>/result/": (VIEWER, "get"),
    "backtests/<slug:code>/export/<slug:file>/": (VIEWER, "get"),
}
TABLE = PAGES | {f"api/v1/{route}": rule for route, rule in API.items()}
STAFF = "admin/"


def routes(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern)


EVERY = sorted(set(routes(get_resolver().url_patterns)))


@pytest.fixture
def codes(bot: Bot, desk: Workspace) -> dict[str, str]:
    with workspace_scope(desk.pk):
        rules = create_rule_set(name="Mine", document=RULES)
        publish_version(rules)
        study = start_what_if(bot, RULES, 1)
    played = finished(desk, minutes=None, universe={"symbols": ["ETHUSDT"]})
    with workspace_scope(desk.pk):
        lock = set_lock(what="entries", reason="Holiday", now_ms=bot.done, bot=bot, actor="alice")
    return {
        "bots": bot.code,
        "exchange-accounts": bot.account.code,
        "rule-sets": rules.code,
        "rules": rules.code,
        "limits/locks": lock.code,
        "locks": lock.code,
        "limits/accounts": bot.account.code,
        "close_ms": str(bot.done),
        "study": study.code,
        "backtests": played.code,
    }


def address(route: str, codes: dict[str, str]) -> str:
    kind = route.removeprefix("api/v1/").partition("/<slug:code>")[0]
    filled = route.replace("<slug:code>", codes.get(kind, "")).replace("<slug:symbol>", "ETHUSDT")
    filled = filled.replace("<int:close_ms>", codes["close_ms"]).replace("<slug:study>", codes["study"])
    filled = filled.replace("<slug:kind>", "equity").replace("<slug:file>", "csv")
    filled = filled.replace("backtests/compare/", f"backtests/compare/?id={codes['backtests']}")
    filled = filled.replace("<slug:action>", "stop").replace("<int:number>", "1")
    filled = filled.replace(r"^confirm-email/(?P<key>[-:\w]+)/$", "confirm-email/abc/")
    filled = filled.replace(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", "password/reset/key/1-abc/"
    )
    return f"/{filled}"


def ask(client: Client, route: str, codes: dict[str, str]) -> int:
    method = getattr(client, TABLE[route][1])
    kwargs = {"content_type": "application/json"} if route.startswith("api/") else {}
    response = method(address(route, codes), **kwargs)
    status: int = response.status_code
    if status == 302 and "/accounts/login/" in response["Location"] and "next=" in response["Location"]:
        return 401
    return status


def test_every_route_is_in_the_table() -> None:
    undeclared = [route for route in EVERY if route not in TABLE and not route.startswith(STAFF)]
    assert undeclared == []
    assert [route for route in TABLE if route not in EVERY] == []


def test_anonymous_sees_the_public_and_logs_in_for_the_rest(client: Client, codes: dict[str, str]) -> None:
    for route, (level, _) in TABLE.items():
        status = ask(client, route, codes)
        if route == "dev/mail" and not mailbox.is_open():
            assert status == 404
            continue
        assert (status < 404 and status != 401) if level == PUBLIC else status == 401, (route, status)


def test_stranger_finds_nothing_of_others(charlie: User, codes: dict[str, str]) -> None:
    client = logged_in(charlie)
    for route in TABLE:
        if "<slug:code>" in route:
            assert ask(client, route, codes) == 404, route


def test_viewer_reads_and_is_refused_to_write(rita: User, codes: dict[str, str]) -> None:
    client = logged_in(rita)
    for route, (level, _) in TABLE.items():
        if level in (TRADER, OWNER):
            assert ask(client, route, codes) == 403, route
        elif level == VIEWER:
            assert ask(client, route, codes) == 200, route


def test_trader_is_refused_what_owners_do(bob: User, codes: dict[str, str]) -> None:
    client = logged_in(bob)
    for route, (level, _) in TABLE.items():
        if level == OWNER:
            assert ask(client, route, codes) == 403, route


def test_owner_is_refused_nothing(alice: User, codes: dict[str, str]) -> None:
    client = logged_in(alice)
    for route, (level, _) in TABLE.items():
        if level != PUBLIC:
            assert ask(client, route, codes) not in (401, 403, 404, 405, 500), route


def test_person_without_a_workspace_is_refused(
    bot: Bot, codes: dict[str, str], django_user_model: type[User]
) -> None:
    client = logged_in(django_user_model.objects.create_user("nobody@example.com", "x"))
    assert ask(client, "dashboard/", codes) == 403
    assert ask(client, "api/v1/positions/", codes) == 403


def test_admin_is_for_staff(client: Client, alice: User, db: None) -> None:
    assert client.get("/admin/").status_code == 302
    assert logged_in(alice).get("/admin/").status_code == 302
