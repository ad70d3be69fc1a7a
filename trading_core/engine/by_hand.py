"""What a person may do to a trade under way: add to it, through the risk gates, or take from it."""

from __future__ import annotations

from dataclasses import replace

from trading_core.engine.outcome import OutcomeCode, OutcomeRecord
from trading_core.engine.risk_gates import held_of
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.errors import InvalidInput
from trading_core.execution.margin import liquidation_ticks
from trading_core.execution.position import Position
from trading_core.money import PPM, amount, plain
from trading_core.plan.desired import protective_stop
from trading_core.plan.state import ByHand, Phase, PlanState
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.ladder import check_exposure
from trading_core.risk.levels import Held
from trading_core.risk.limits import margin_for

Answer = PlanState | OutcomeRecord


def reduced(facts: SymbolFacts, key: str, share_ppm: int) -> PlanState:
    """The plan once that share of the position is to be closed at the market; the same key does it once.

    Raise InvalidInput if nothing is held, or the share is less than one lot that can be traded.
    """
    plan, held = _open(facts), abs(facts.position.lots)
    if any(one.key == key for one in plan.by_hand):
        return plan
    lots = held * share_ppm // PPM
    if not 0 < share_ppm <= PPM or lots < facts.instrument.min_lots:
        raise InvalidInput(
            "percent",
            f"expected a share of {held} lots that is at least {facts.instrument.min_lots}, at most all",
        )
    return replace(plan, by_hand=(*plan.by_hand, ByHand(key, -lots)))


def added(snapshot: Snapshot, symbol: str, key: str, quote: int) -> Answer:
    """The plan once so much (money units) is to be bought into the trade's direction, or the gate that refuses it.

    Raise InvalidInput if nothing is held.
    """
    facts = snapshot.symbols[symbol]
    plan = _open(facts)
    if any(one.key == key for one in plan.by_hand):
        return plan
    lots = facts.instrument.lots_for(quote, facts.close_ticks) if facts.close_ticks else 0
    refusal = _refusal(snapshot, facts, plan, lots)
    return refusal or replace(plan, by_hand=(*plan.by_hand, ByHand(key, lots)))


def _open(facts: SymbolFacts) -> PlanState:
    if facts.plan.phase is not Phase.OPEN or not facts.position.lots:
        raise InvalidInput(
            "symbol", f"nothing of this bot is open in {facts.instrument.symbol}, its entry done"
        )
    return facts.plan


def _refusal(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState, lots: int) -> OutcomeRecord | None:
    """The first gate that refuses, in the order of an entry's."""
    lock = next((lock for lock in facts.locks if lock.what.legs), None)
    if lock is not None:
        return OutcomeRecord(OutcomeCode.LOCKED, lock.numbers())
    if facts.blocked is not None:
        return OutcomeRecord(OutcomeCode.ENTRIES_BLOCKED, facts.blocked)
    if not facts.instrument.is_trading:
        contract = facts.instrument
        return OutcomeRecord(OutcomeCode.NOT_TRADING, {"symbol": contract.symbol, "status": contract.status})
    denial = (
        _too_small(facts, lots)
        or _beyond_the_cap(snapshot, facts, lots)
        or _beyond_a_rung(snapshot, facts, plan, lots)
        or _liquidated_first(snapshot, facts, plan, lots)
        or _no_margin(snapshot, facts, lots)
    )
    return OutcomeRecord(OutcomeCode(denial.code.value), denial.numbers) if denial else None


def _too_small(facts: SymbolFacts, lots: int) -> Denial | None:
    instrument = facts.instrument
    worth = instrument.notional_floor(facts.close_ticks * lots)
    if lots >= instrument.min_lots and worth >= instrument.min_notional:
        return None
    return Denial(DenialCode.TOO_SMALL, {
        "what": "what is added", "lots": lots, "quote": plain(amount(worth)), "min_lots": instrument.min_lots,
        "min_quote": plain(amount(instrument.min_notional)), "coin": instrument.settle_coin,
    })  # fmt: skip


def _beyond_the_cap(snapshot: Snapshot, facts: SymbolFacts, lots: int) -> Denial | None:
    """The document's own cap on a position, with what is added."""
    limit = snapshot.document.risk.max_position_quote
    worth = facts.instrument.notional_ceil(facts.position.cost + facts.close_ticks * lots)
    if worth <= limit:
        return None
    coin = facts.instrument.settle_coin
    return Denial(
        DenialCode.MAX_EXPOSURE, {"legs": plain(amount(worth)), "limit": plain(amount(limit)), "coin": coin}
    )


def _beyond_a_rung(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState, lots: int) -> Denial | None:
    own = [held_of(snapshot, one, one.plan) for one in snapshot.symbols.values() if not one.plan.is_flat]
    worth = facts.instrument.notional_ceil(facts.close_ticks * lots)
    asked = Held(facts.instrument.symbol, plan.direction * worth)
    return check_exposure(snapshot.levels, own, asked, facts.instrument.settle_coin)


def _liquidated_first(snapshot: Snapshot, facts: SymbolFacts, plan: PlanState, lots: int) -> Denial | None:
    """Refuse what would bring the liquidation before the stop."""
    held = Position(
        facts.position.lots + plan.direction * lots, facts.position.cost + facts.close_ticks * lots
    )
    stop = protective_stop(snapshot.document.plan, plan, held)
    leverage_ppm = facts.leverage_ppm or snapshot.document.risk.leverage_ppm
    liquidation = liquidation_ticks(held, leverage_ppm, facts.instrument)
    if stop is None or liquidation is None or (stop - liquidation) * plan.direction > 0:
        return None
    price = facts.instrument.price
    return Denial(
        DenialCode.LIQUIDATION, {"liquidation": plain(price(liquidation)), "stop": plain(price(stop))}
    )


def _no_margin(snapshot: Snapshot, facts: SymbolFacts, lots: int) -> Denial | None:
    risk, fees = snapshot.document.risk, snapshot.document.fees
    needed = margin_for(facts.close_ticks * lots, risk.leverage_ppm, fees.taker_ppm, facts.instrument)
    tied = sum(
        margin_for(one.position.cost, one.leverage_ppm or risk.leverage_ppm, fees.taker_ppm, one.instrument)
        for one in snapshot.symbols.values()
        if one.position.lots
    )
    available = snapshot.equity - snapshot.reserved - tied
    if needed <= available:
        return None
    return Denial(DenialCode.NO_MARGIN, {
        "needed": plain(amount(needed)), "available": plain(amount(max(0, available))),
        "coin": facts.instrument.settle_coin,
    })  # fmt: skip
