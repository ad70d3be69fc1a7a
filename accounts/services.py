"""What people do with workspaces and exchange accounts. Page, API and command call these."""

from __future__ import annotations

import re
import textwrap

from django.conf import settings
from django.db import connection, transaction

from accounts import vault
from accounts.audit import record
from accounts.models import (
    AccountStatus,
    Environment,
    ExchangeAccount,
    Interference,
    Membership,
    Role,
    SealedSecret,
    User,
    Workspace,
)
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from trading_core.errors import InvalidInput
from trading_core.money import amount, money

PAPER = (Environment.PAPER, Environment.SIMULATOR)
REAL = (Environment.TESTNET, Environment.MAINNET)
MAX_PAPER_BALANCE = money(100_000_000)
MAX_NAME = 80
MAX_KEY = 64
MAX_SECRET = 4096
"""An RSA key of 4096 bits in PEM form has about 3,300 characters."""
_PEM = re.compile(r"(-----BEGIN [A-Z ]+-----)([A-Za-z0-9+/=\s]+)(-----END [A-Z ]+-----)")


@transaction.atomic
def create_workspace(user: User, name: str) -> Workspace:
    """Create a workspace that the person owns."""
    workspace = Workspace(pk=_next_workspace_id(), name=_name(name))
    if workspace.pk is None:
        workspace.save(force_insert=True)
    with workspace_scope(workspace.pk):
        if workspace._state.adding:
            workspace.save(force_insert=True)
        Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
        record("workspace.created", workspace.code, user.email, {"name": workspace.name})
    return workspace


def open_paper_account(
    name: str, balance: int, *, environment: Environment = Environment.PAPER, actor: str = "system"
) -> ExchangeAccount:
    """Ask for an account on the platform's own venue; the trader opens it.

    ``balance`` is in money units; raises ``InvalidInput``.
    """
    if environment not in PAPER:
        raise InvalidInput("environment", f"expected paper or simulator, was {environment}")
    with transaction.atomic():
        account = ExchangeAccount.objects.create(
            name=_name(name),
            environment=environment,
            status=AccountStatus.REQUESTED,
            paper_balance=_balance(balance),
        )
        record(
            "account.requested",
            account.code,
            actor,
            {"environment": environment, "balance": str(amount(balance))},
        )
    return account


def reset_paper_account(
    account: ExchangeAccount, *, balance: int | None = None, actor: str = "system"
) -> ExchangeAccount:
    """Ask for a fresh venue account behind this one; its caller has made sure that no bot is using it."""
    if account.environment not in PAPER:
        raise InvalidInput("account", "only a paper account can be reset")
    with transaction.atomic():
        account.generation += 1
        account.status = AccountStatus.REQUESTED
        account.status_reason = ""
        # What the venue refused the account before says nothing of the next one.
        account.entry_blocks = []
        if balance is not None:
            account.paper_balance = _balance(balance)
        account.save(update_fields=["generation", "status", "status_reason", "paper_balance", "entry_blocks"])
        record("account.reset", account.code, actor, {"generation": account.generation})
    return account


def set_interference(account: ExchangeAccount, policy: str, *, actor: str) -> ExchangeAccount:
    """Choose what follows when somebody else acts on an account; raises ``InvalidInput``."""
    if policy not in Interference.values:
        raise InvalidInput("policy", f"expected one of {', '.join(Interference.values)}, was {policy!r}")
    with transaction.atomic():
        before = account.interference
        account.interference = policy
        account.save(update_fields=["interference"])
        record("account.interference_policy", account.code, actor, {"from": before, "to": policy})
    return account


def connect_exchange_account(
    environment: Environment, name: str, api_key: str, api_secret: str, *, actor: str = "system"
) -> ExchangeAccount:
    """Store a key that a person brought; only the trader can open its secret. Raises ``InvalidInput``."""
    _check_connectable(environment)
    key, secret = _key(api_key), _secret(api_secret)
    with transaction.atomic():
        account = ExchangeAccount.objects.create(
            name=_name(name), environment=environment, status=AccountStatus.REQUESTED, api_key=key
        )
        _seal(account, secret)
        record("account.connected", account.code, actor, {"environment": environment})
    return account


def replace_key(account: ExchangeAccount, api_key: str, api_secret: str, *, actor: str = "system") -> None:
    """Give a connected account another key of the same exchange user; the trader checks it at once.

    Positions and bots stay where they are. Raises ``InvalidInput``.
    """
    _check_connectable(Environment(account.environment))
    if account.status == AccountStatus.REVOKED:
        raise InvalidInput("account", "this account was revoked: connect the key as a new one")
    key, secret = _key(api_key), _secret(api_secret)
    with transaction.atomic():
        SealedSecret.objects.filter(account_id=account.pk).delete()
        _seal(account, secret)
        account.api_key, account.key_revision = key, account.key_revision + 1
        account.key_check_wanted_at = clock.now()
        if account.status == AccountStatus.FAILED:
            account.status, account.status_reason = AccountStatus.REQUESTED, ""
        account.save(
            update_fields=["api_key", "key_revision", "key_check_wanted_at", "status", "status_reason"]
        )
        record("account.key_replaced", account.code, actor, {"revision": account.key_revision})


def revoke_exchange_account(account: ExchangeAccount, *, actor: str = "system") -> ExchangeAccount:
    """Stop using an account and destroy its secret; its history stays."""
    with transaction.atomic():
        SealedSecret.objects.filter(account_id=account.pk).delete()
        account.status = AccountStatus.REVOKED
        account.status_reason = "revoked by its owner"
        account.save(update_fields=["status", "status_reason"])
        record("account.revoked", account.code, actor)
    return account


def _check_connectable(environment: Environment) -> None:
    if environment in PAPER:
        raise InvalidInput("environment", "a paper account is opened, not connected")
    if environment in REAL and settings.EMBEDDED:
        raise InvalidInput(
            "environment",
            f"{environment.label} keys need the walls of the separate processes; the embedded stack refuses them",
        )


def _key(text: str) -> str:
    if not text.strip() or len(text.strip()) > MAX_KEY:
        raise InvalidInput("api_key", f"expected 1 to {MAX_KEY} characters, came {len(text.strip())}")
    return text.strip()


def _secret(text: str) -> str:
    """Return a secret as it is kept; a private key that lost its lines in an input field gets them back."""
    if not text.strip() or len(text.strip()) > MAX_SECRET:
        raise InvalidInput("api_secret", f"expected 1 to {MAX_SECRET} characters, came {len(text.strip())}")
    pem = _PEM.fullmatch(text.strip())
    if pem is None:
        return text.strip()
    return "\n".join([pem[1], *textwrap.wrap("".join(pem[2].split()), 64), pem[3]]) + "\n"


def _seal(account: ExchangeAccount, api_secret: str) -> None:
    blob = vault.seal_for_trader(account.workspace_id, account.pk, api_secret)
    SealedSecret.objects.create(account=account, form=vault.INBOUND, blob=blob)


def _next_workspace_id() -> int | None:
    """Return the id to enter the scope with before the row exists; SQLite has no such wall."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_workspace', 'id'))")
        row = cursor.fetchone()
    return int(row[0])


def _name(name: str) -> str:
    if not name.strip() or len(name.strip()) > MAX_NAME:
        raise InvalidInput("name", f"expected 1 to {MAX_NAME} characters, came {len(name.strip())}")
    return name.strip()


def _balance(units: int) -> int:
    if not 0 < units <= MAX_PAPER_BALANCE:
        raise InvalidInput(
            "balance", f"expected more than 0 and at most {amount(MAX_PAPER_BALANCE)}, was {amount(units)}"
        )
    return units
