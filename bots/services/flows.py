"""Money paid in and out: what the venue's wallet has that no trade of ours made, by its transaction log."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from accounts.models import ExchangeAccount
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import CashFlow
from trading_core.exchanges.port import FlowNews

KIND_LENGTH = 40


def apply_flows(account: ExchangeAccount, told: Sequence[FlowNews], *, balance: int) -> int:
    """Book the newest flows that explain why the venue's balance is not ours; return how many.

    Only if they explain it to the last unit: what was paid before our wallet was first read is in it already,
    and a difference that has another cause is left to be seen.
    """
    with workspace_scope(account.workspace_id):
        row = ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        known = set(CashFlow.objects.filter(account=row).values_list("flow_id", flat=True))
        fresh = _explaining([flow for flow in told if flow.flow_id not in known], balance - row.wallet)
        if not fresh:
            return 0
        CashFlow.objects.bulk_create(
            CashFlow(
                account=row, flow_id=flow.flow_id, kind=flow.kind[:KIND_LENGTH], amount=flow.amount,
                time_ms=flow.time_ms,
            )
            for flow in fresh
        )  # fmt: skip
        paid = sum(flow.amount for flow in fresh)
        ExchangeAccount.objects.filter(pk=row.pk).update(wallet=F("wallet") + paid)
        tell(row.workspace_id, {"type": "account.changed", "account": row.code})
    return len(fresh)


def _explaining(flows: Sequence[FlowNews], missing: int) -> Sequence[FlowNews]:
    """The fewest of the newest flows that sum up to what is missing; none if no such sum does."""
    total = 0
    for count in range(1, len(flows) + 1):
        total += flows[-count].amount
        if total == missing:
            return flows[-count:]
    return []
