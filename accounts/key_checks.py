"""What became of checking an exchange key: entered, daily, and after the exchange refused it.

Web can't open a key, so it only asks for a check; the trader makes it and writes the result here.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, lift_blocks
from accounts.models import AccountStatus, ExchangeAccount
from accounts.services import PAPER
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit.keys import KeyReport

REASON_LENGTH = 200
TAKEN = (
    "this Bybit account is connected already: two connections would trade it without knowing of each other"
)


def request_check(account: ExchangeAccount, *, actor: str) -> None:
    """Have a connected key checked; one that was refused is tried anew. Raises ``InvalidInput``."""
    if account.environment in PAPER:
        raise InvalidInput("account", "a paper account has no key of yours to check")
    if account.status == AccountStatus.REVOKED:
        raise InvalidInput("account", "this account was revoked: its key is gone")
    with transaction.atomic():
        account.key_check_wanted_at = clock.now()
        if account.status == AccountStatus.FAILED:
            account.status, account.status_reason = AccountStatus.REQUESTED, ""
        account.save(update_fields=["key_check_wanted_at", "status", "status_reason"])
        record("account.check_requested", account.code, actor)


def record_entered(
    account_id: int, workspace_id: int, report: KeyReport, *, wallet: int, at: datetime
) -> bool:
    """Accept or refuse a key that was entered, by what was found about it; return whether it is accepted.

    ``wallet`` is what the account holds, in money units. A Bybit account that another connection serves
    is refused: the database holds one ready account for each user id.
    """
    if not report.refusals:
        try:
            return _accept(account_id, workspace_id, report, wallet, at)
        except IntegrityError:
            report = KeyReport(report.user_id, (TAKEN,), report.warnings)
    _refuse(account_id, workspace_id, report, at)
    return False


def _accept(account_id: int, workspace_id: int, report: KeyReport, wallet: int, at: datetime) -> bool:
    with workspace_scope(workspace_id):
        account = _waiting(account_id)
        if account is None:
            return False
        account.status, account.status_reason = AccountStatus.READY, ""
        account.venue_uid, account.wallet = report.user_id, wallet
        account.opened_generation = account.generation
        _keep(account, report, at, "status", "status_reason", "venue_uid", "wallet", "opened_generation")
        record(
            "account.key_accepted", account.code, "trader",
            {"uid": report.user_id, "warnings": list(report.warnings)},
        )  # fmt: skip
    return True


def _refuse(account_id: int, workspace_id: int, report: KeyReport, at: datetime) -> None:
    with workspace_scope(workspace_id):
        account = _waiting(account_id)
        if account is None:
            return
        account.status = AccountStatus.FAILED
        account.status_reason = "; ".join(report.refusals)[:REASON_LENGTH]
        _keep(account, report, at, "status", "status_reason")
        record("account.key_refused", account.code, "trader", {"refusals": list(report.refusals)})


def _waiting(account_id: int) -> ExchangeAccount | None:
    """Return the account's row, locked, if its key still waits for a verdict."""
    rows = ExchangeAccount.objects.select_for_update(no_key=True)
    return rows.filter(pk=account_id, status=AccountStatus.REQUESTED).first()


def record_recheck(account_id: int, workspace_id: int, report: KeyReport, *, at: datetime) -> None:
    """Keep what a later check found: refusals halt the account's entries, a clean check lifts that halt."""
    with workspace_scope(workspace_id):
        account = ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account_id)
        if account.venue_uid and report.user_id not in ("", account.venue_uid):
            another = f"the key belongs to user {report.user_id}, the account to {account.venue_uid}"
            report = KeyReport(report.user_id, (*report.refusals, another), report.warnings)
        told = report_record(report)
        if told != account.key_report:
            record("account.key_checked", account.code, "trader", told)
        _keep(account, report, at)
        if report.refusals:
            words = f"not traded with: {'; '.join(report.refusals)}"
            block_entries(account_id, workspace_id, EntryBlock(BlockKind.HALT, BlockCause.KEY, words))
        else:
            lift_blocks(account_id, workspace_id, cause=BlockCause.KEY)


def _keep(account: ExchangeAccount, report: KeyReport, at: datetime, *fields: str) -> None:
    account.key_report, account.key_checked_at = report_record(report), at
    account.save(update_fields=[*fields, "key_report", "key_checked_at"])
    tell(account.workspace_id, {"type": "account.changed", "account": account.code})


def report_record(report: KeyReport) -> dict[str, list[str]]:
    """Return a report as it is stored."""
    return {"refusals": list(report.refusals), "warnings": list(report.warnings)}
