"""Paper accounts that wait for the venue: requested ones, and the next generation of reset ones."""

from __future__ import annotations

import logging

from accounts.keyring import store_issued
from accounts.models import AccountStatus, ExchangeAccount
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Claim, IntentRow, IntentState, OrderRow, Plan, PositionRow
from bots.models.trading import UNSETTLED
from bots.services.venue_control import Issued
from bots.states import ACTIVE
from bots.trader.lease import Served
from trading_core.execution.order import OPEN_STATES, OrderState
from trading_core.plan.state import PlanState

log = logging.getLogger(__name__)

RESET = "the paper account was reset"
REASON_LENGTH = 200


def balance_of(served: Served) -> int | None:
    """Return the balance to open with; None while a bot still works on the account before."""
    with workspace_scope(served.workspace_id, reading=True):
        account = ExchangeAccount.objects.get(pk=served.account_id)
        if account.opened_generation and Bot.objects.filter(account=account, state__in=ACTIVE).exists():
            return None
        return account.paper_balance


def opened(served: Served, issued: Issued, balance: int) -> bool:
    """Keep what the venue issued for this generation; False if the account was reset meanwhile."""
    with workspace_scope(served.workspace_id):
        rows = ExchangeAccount.objects.select_for_update()
        account = rows.filter(pk=served.account_id, generation=served.generation).first()
        if account is None:
            return False
        if account.opened_generation:
            _forget_former(account)
        store_issued(account, issued.api_key, issued.api_secret, issued.uid, generation=served.generation)
        ExchangeAccount.objects.filter(pk=account.pk).update(wallet=balance)
        tell(served.workspace_id, {"type": "account.changed", "account": account.code})
    log.info("account %s: generation %d opened", served.code, served.generation)
    return True


def _forget_former(account: ExchangeAccount) -> None:
    """End what stood on the account before: it is gone with it. Nothing is deleted but claims."""
    IntentRow.objects.filter(account=account, state__in=UNSETTLED).update(
        state=IntentState.DENIED, error=RESET, settled_at=clock.now()
    )
    standing = [state.value for state in OPEN_STATES]
    OrderRow.objects.filter(account=account, state__in=standing).update(
        state=OrderState.CANCELLED.value, reason=RESET
    )
    PositionRow.objects.filter(account=account).update(
        lots=0, cost=0, realised=0, fees=0, stop_ticks=None, leverage_ppm=0
    )
    Claim.objects.filter(account=account).delete()
    for plan in Plan.objects.filter(bot__account=account):
        # Links hold the trade's number: it goes on counting.
        plan.state = PlanState(trade=plan.trade).as_record()
        plan.save(update_fields=["state"])


def note_waiting(served: Served, reason: str) -> None:
    """Say on a requested account why it isn't open yet."""
    with workspace_scope(served.workspace_id):
        rows = ExchangeAccount.objects.filter(pk=served.account_id, status=AccountStatus.REQUESTED)
        rows.exclude(status_reason=reason[:REASON_LENGTH]).update(status_reason=reason[:REASON_LENGTH])
