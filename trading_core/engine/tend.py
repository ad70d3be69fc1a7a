"""Between closes: what should stand for one symbol now, and the intents that lead there.

``tend`` is level-triggered. Call it whenever a fact of the symbol changed: an execution was applied,
an order ended, a request was answered, the venue told another stop, the bot's state changed. Calling
it more often than needed changes nothing. It never opens a trade.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trading_core.engine.document import BotDocument
from trading_core.engine.risk_gates import under_locks
from trading_core.engine.snapshot import SymbolFacts
from trading_core.engine.states import permits
from trading_core.execution.difference import difference, in_order, request
from trading_core.execution.intent import ExitReason, Intent, IntentKind
from trading_core.execution.order import Role, Side
from trading_core.plan.desired import Desired, Standing, desired
from trading_core.plan.follow import follow
from trading_core.plan.progress import close, patient, progress
from trading_core.plan.state import PlanState


@dataclass(frozen=True, slots=True)
class Tended:
    """The new plan of a symbol, and what to ask of the venue, in order."""

    intents: tuple[Intent, ...]
    plan: PlanState


def tend(
    document: BotDocument, state: str, symbol: str, facts: SymbolFacts, *, now_ms: int, retry: bool = False
) -> Tended:
    """Return the plan as the facts leave it and the intents it leads to.

    ``now_ms`` is the market clock of what happened. ``retry`` lets requests be made again that were
    already made, and perhaps refused, since the last close.
    """
    plan = caught_up(document, facts, now_ms=now_ms)
    plan = settled(document, facts, under_locks(facts, plan), now_ms=now_ms, before=plan)
    return stand(document, state, symbol, facts, replace(plan, asked=()) if retry else plan)


def caught_up(document: BotDocument, facts: SymbolFacts, *, now_ms: int) -> PlanState:
    """The plan as the facts leave it, a minute that has closed included."""
    params, standing, instrument = document.plan, standing_of(facts), facts.instrument
    plan = progress(params, facts.plan, standing, instrument, now_ms=now_ms)
    if plan.exit_ticks is not None and facts.close_ticks:
        plan = patient(plan, ticks=facts.close_ticks, until_ms=plan.exit_until_ms)  # follows the last close
    if facts.tick is None or plan.is_flat or not params.follows:
        return plan
    followed = follow(
        params, plan, standing, instrument, facts.tick, now_ms=now_ms, fee_ppm=document.fees.taker_ppm
    )
    return settled(document, facts, followed, now_ms=now_ms, before=plan)


def settled(
    document: BotDocument, facts: SymbolFacts, plan: PlanState, *, now_ms: int, before: PlanState
) -> PlanState:
    """The plan brought up to date once more, if a lock changed it: with nothing held, closing is over at once."""
    if plan is before:
        return plan
    return progress(document.plan, plan, standing_of(facts), facts.instrument, now_ms=now_ms)


def close_out(
    document: BotDocument,
    state: str,
    symbol: str,
    facts: SymbolFacts,
    *,
    now_ms: int,
    reason: ExitReason = ExitReason.MANUAL,
    patience_ms: int = 0,
) -> Tended:
    """Close whatever the bot has on the symbol: panic, stop with close.

    ``patience_ms``: how long it may wait at the last close, following it, before it is closed at the market.
    """
    plan = progress(document.plan, facts.plan, standing_of(facts), facts.instrument, now_ms=now_ms)
    plan = replace(close(plan, reason), exit_ticks=None)
    if patience_ms:
        plan = patient(plan, ticks=facts.close_ticks, until_ms=now_ms + patience_ms)
    plan = progress(document.plan, plan, standing_of(facts), facts.instrument, now_ms=now_ms)
    return stand(document, state, symbol, facts, replace(plan, asked=()))


def standing_of(facts: SymbolFacts) -> Standing:
    """The facts a plan is compared with."""
    return Standing(facts.position, facts.orders, facts.ended)


def stand(document: BotDocument, state: str, symbol: str, facts: SymbolFacts, plan: PlanState) -> Tended:
    """The intents from what stands to what the plan wants, and the plan that remembers them."""
    allowed = permits(state)
    wish = desired(
        document.plan,
        plan,
        standing_of(facts),
        facts.instrument,
        legs_allowed=allowed.legs and facts.instrument.is_trading and not facts.legs_locked,
        targets_allowed=allowed.targets,
    )
    found = difference(symbol, plan.trade, wish.orders, facts.orders, facts.ended, reason=plan.exit_reason)
    found += _stop(symbol, facts, plan, wish)
    intents = [intent for intent in in_order(found) if _asked(intent, facts) not in plan.asked]
    if not intents:
        return Tended((), plan)
    asked = (*plan.asked, *(_asked(intent, facts) for intent in intents))
    return Tended(_with_leverage(document, symbol, facts, intents), replace(plan, asked=asked))


def _asked(intent: Intent, facts: SymbolFacts) -> str:
    """What the plan remembers of a request: the same one is not made twice between two closes.

    A stop is asked for from the one that stands: a leg that fills brings the stop it was placed with, and
    the right one must be asked for again.
    """
    text = request(intent)
    return f"{text}:{facts.position_stop_ticks}" if intent.kind is IntentKind.SET_STOP else text


def _stop(symbol: str, facts: SymbolFacts, plan: PlanState, wish: Desired) -> list[Intent]:
    """Move the protective stop if the venue holds another one; it is never cleared."""
    if wish.stop_ticks is None or facts.stop_busy or facts.position_stop_ticks == wish.stop_ticks:
        return []
    side = Side.of(-facts.position.lots)
    return [
        Intent(
            IntentKind.SET_STOP,
            symbol,
            plan.trade,
            Role.STOP,
            0,
            0,
            side,
            0,
            None,
            stop_ticks=wish.stop_ticks,
        )
    ]


def _with_leverage(
    document: BotDocument, symbol: str, facts: SymbolFacts, intents: list[Intent]
) -> tuple[Intent, ...]:
    """The intents, preceded by the leverage if an entry finds another one set."""
    entry = next((i for i in intents if i.kind is IntentKind.PLACE and i.role is Role.ENTRY), None)
    wanted = document.risk.leverage_ppm
    if entry is None or facts.leverage_ppm == wanted:
        return tuple(intents)
    setting = Intent(
        IntentKind.LEVERAGE, symbol, entry.trade, Role.ENTRY, 0, 0, entry.side, 0, None, leverage_ppm=wanted
    )
    return tuple(part for i in intents for part in ((setting, i) if i is entry else (i,)))
