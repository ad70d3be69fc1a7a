"""Writes down what was decided: outcomes, plans, claims, orders, intents. The caller holds the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ailona.kit import clock
from bots.models import Bot, Claim, IntentRow, IntentState, OrderRow, Outcome, Plan, PositionRow
from bots.services import doorbell, order_events
from trading_core.engine.cycle import Decision
from trading_core.engine.outcome import OutcomeCode, OutcomeRecord
from trading_core.engine.risk_gates import held_of
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.execution.intent import Intent, IntentKind
from trading_core.execution.link import order_link
from trading_core.execution.order import OPEN_STATES, OrderState, Role
from trading_core.plan.state import PlanState
from trading_core.rules.verdict import Verdict

CANCEL, PROTECT, EXIT, ENTRY = range(4)
"""Priorities: an account's queue runs by (priority, id)."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What led to a decision."""

    market_ms: int
    """Market clock: the close, or the time of the news."""
    rung_at: datetime | None = None
    """Wall clock when the close was heard."""


def commit_decision(bot: Bot, snapshot: Snapshot, decision: Decision) -> None:
    """Record a close: one outcome for every symbol, and the intents with the plans they belong to."""
    occasion = Occasion(snapshot.close_ms, bot.rung_at)
    refused = _claim(bot, snapshot, decision)
    outcomes = dict(decision.outcomes)
    outcomes |= {symbol: _claimed(outcomes[symbol], holder) for symbol, holder in refused.items()}
    Outcome.objects.bulk_create(
        [
            _outcome(bot, symbol, snapshot.close_ms, record, decision.verdicts[symbol])
            for symbol, record in sorted(outcomes.items())
        ]
    )
    commit_plans(bot, snapshot.symbols, _without(decision.plans, refused))
    commit_intents(bot, snapshot.symbols, [i for i in decision.intents if i.symbol not in refused], occasion)


def _without(plans: Mapping[str, PlanState], refused: Collection[str]) -> dict[str, PlanState]:
    return {symbol: plan for symbol, plan in plans.items() if symbol not in refused}


def _outcome(bot: Bot, symbol: str, close_ms: int, record: OutcomeRecord, verdict: Verdict | None) -> Outcome:
    return Outcome(
        bot=bot,
        symbol=symbol,
        close_ms=close_ms,
        code=record.code.value,
        leaves=verdict.leaves if verdict else b"",
        details=dict(record.details),
    )


def _claimed(wanted: OutcomeRecord, holder: str) -> OutcomeRecord:
    """The outcome of an entry that lost the race for its symbol."""
    kept = {name: wanted.details[name] for name in ("side", "facts") if name in wanted.details}
    return OutcomeRecord(OutcomeCode.SYMBOL_CLAIMED, {**kept, "holder": holder})


def _claim(bot: Bot, snapshot: Snapshot, decision: Decision) -> dict[str, str]:
    """Take the claims that new entries need; return the symbols another bot holds, with its name."""
    symbols = {i.symbol for i in decision.intents if i.kind is IntentKind.PLACE and i.role is Role.ENTRY}
    if not symbols:
        return {}
    worth = {s: held_of(snapshot, snapshot.symbols[s], decision.plans[s]).worth for s in sorted(symbols)}
    rows = [Claim(account_id=bot.account_id, symbol=s, bot=bot, exposure=worth[s]) for s in worth]
    Claim.objects.bulk_create(rows, ignore_conflicts=True)
    held = Claim.objects.filter(account_id=bot.account_id, symbol__in=symbols).exclude(bot=bot)
    return dict(held.values_list("symbol", "bot__name"))


def commit_plans(bot: Bot, facts: Mapping[str, SymbolFacts], plans: Mapping[str, PlanState]) -> None:
    """Save the plans that changed."""
    for symbol, plan in plans.items():
        if plan != facts[symbol].plan:
            Plan.objects.update_or_create(
                bot=bot, symbol=symbol, defaults={"trade": plan.trade, "state": plan.as_record()}
            )


def commit_intents(
    bot: Bot, facts: Mapping[str, SymbolFacts], intents: Sequence[Intent], occasion: Occasion
) -> None:
    """Write intents down, in the order of the decision, with the orders they ask for."""
    for intent in intents:
        order = _order(bot, facts[intent.symbol], intent, occasion)
        IntentRow.objects.create(
            bot=bot,
            account_id=bot.account_id,
            order=order,
            kind=intent.kind.value,
            symbol=intent.symbol,
            trade=intent.trade,
            params=_params(intent),
            priority=_priority(intent),
            state=IntentState.PLANNED,
            decided_ms=occasion.market_ms,
            created_at=clock.now(),
            rung_at=occasion.rung_at,
        )
    if intents:
        doorbell.ring(bot.account_id)


def _params(intent: Intent) -> dict[str, object]:
    return {
        "side": intent.side.value,
        "lots": intent.lots,
        "ticks": intent.ticks,
        "reduce_only": intent.reduce_only,
        "stop_ticks": intent.stop_ticks,
        "leverage_ppm": intent.leverage_ppm,
        "reason": str(intent.reason),
        "force": intent.force.value,
    }


def _priority(intent: Intent) -> int:
    if intent.kind is IntentKind.CANCEL:
        return CANCEL
    if intent.kind is IntentKind.SET_STOP:
        return PROTECT
    if intent.reduce_only or intent.role in (Role.EXIT, Role.TAKE_PROFIT):
        return EXIT
    return ENTRY


def _order(bot: Bot, facts: SymbolFacts, intent: Intent, occasion: Occasion) -> OrderRow | None:
    if intent.kind is IntentKind.PLACE:
        return _new_order(bot, facts, intent, occasion)
    if intent.kind in (IntentKind.AMEND, IntentKind.CANCEL):
        return OrderRow.objects.get(
            bot=bot, symbol=intent.symbol, trade=intent.trade, role=intent.role.value, leg=intent.leg,
            revision=intent.revision,
        )  # fmt: skip
    return None


def _new_order(bot: Bot, facts: SymbolFacts, intent: Intent, occasion: Occasion) -> OrderRow:
    row = OrderRow.objects.create(
        bot=bot,
        account_id=bot.account_id,
        link=link_of(bot, intent),
        symbol=intent.symbol,
        trade=intent.trade,
        role=intent.role.value,
        leg=intent.leg,
        revision=intent.revision,
        side=intent.side.value,
        ticks=intent.ticks,
        lots=intent.lots,
        reduce_only=intent.reduce_only,
        state=OrderState.PLANNED.value,
        reason=str(intent.reason),
        instrument_version=facts.instrument.version,
        decided_ms=occasion.market_ms,
        created_at=clock.now(),
    )
    order_events.step(row.pk, OrderState.PLANNED.value, f"{intent.reason}")
    return row


def link_of(bot: Bot, intent: Intent) -> str:
    """Return the client order id of an intent: the same rows, the same link.

    The account's generation is part of it: a reset paper account starts anew.
    """
    return order_link(
        account=f"{bot.account.code}.{bot.account.generation}",
        bot=bot.code,
        symbol=intent.symbol,
        trade=intent.trade,
        role=intent.role,
        leg=intent.leg,
        revision=intent.revision,
    )


def release_claims(bot: Bot, plans: Mapping[str, PlanState]) -> None:
    """Free the claims of symbols whose plan is flat, with nothing held and no order that may execute."""
    wanted = {symbol for symbol, plan in plans.items() if plan.is_flat}
    if not wanted:
        return
    flat = set(Claim.objects.filter(bot=bot, symbol__in=wanted).values_list("symbol", flat=True))
    if not flat:
        return
    held = PositionRow.objects.filter(account_id=bot.account_id, symbol__in=flat).exclude(lots=0)
    ordered = OrderRow.objects.filter(bot=bot, symbol__in=flat, state__in=[s.value for s in OPEN_STATES])
    taken = {*held.values_list("symbol", flat=True), *ordered.values_list("symbol", flat=True)}
    Claim.objects.filter(bot=bot, symbol__in=flat - taken).delete()
