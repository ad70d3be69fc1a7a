"""What a person does to a bot's trade: add to it, or take from it. Page and API call these.

Written down as a wish of the plan, in the transaction that plans its order; asked twice with one key, it is
made once.
"""

from __future__ import annotations

from accounts.audit import record
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Plan
from bots.services.facts import snapshot_of
from bots.services.locks import locks_of
from bots.services.market import market_ms
from bots.services.tending import locked_bot, tend_symbols
from bots.states import LISTENING
from trading_core.engine.by_hand import added, reduced
from trading_core.engine.laddered import laddered
from trading_core.engine.outcome import OutcomeRecord
from trading_core.engine.snapshot import Snapshot
from trading_core.errors import AilonaError, InvalidInput
from trading_core.money import amount, plain
from trading_core.plan.state import PlanState

KEY_LENGTH = 40


class Refused(AilonaError):
    """A gate refuses what a person asked; ``record`` has its code and numbers."""

    def __init__(self, record: OutcomeRecord) -> None:
        numbers = ", ".join(f"{name} {value}" for name, value in record.details.items())
        super().__init__(f"{record.code.value}: {numbers}")
        self.record = record


def add(bot: Bot, symbol: str, quote: int, *, key: str, actor: str) -> None:
    """Add to a position for so much (money units), at the market, its stop attached.

    Raise InvalidInput for what can't be added to, Refused if a risk gate forbids it.
    """
    with workspace_scope(bot.workspace_id):
        row, snapshot = _read(bot, symbol, key)
        found = added(snapshot, symbol, key, quote)
        if isinstance(found, OutcomeRecord):
            raise Refused(found)
        if _wish(row, snapshot, symbol, found):
            record(
                "position.added",
                row.code,
                actor,
                {"symbol": symbol, "quote": plain(amount(quote)), "by": key},
            )


def reduce(bot: Bot, symbol: str, share_ppm: int, *, key: str, actor: str) -> None:
    """Close a share of a position (millionths) at the market; stop and targets follow what is left."""
    with workspace_scope(bot.workspace_id):
        row, snapshot = _read(bot, symbol, key)
        if _wish(row, snapshot, symbol, reduced(snapshot.symbols[symbol], key, share_ppm)):
            record("position.reduced", row.code, actor, {"symbol": symbol, "ppm": share_ppm, "by": key})


def _read(bot: Bot, symbol: str, key: str) -> tuple[Bot, Snapshot]:
    if not 0 < len(key) <= KEY_LENGTH:
        raise InvalidInput("key", f"expected 1 to {KEY_LENGTH} characters that name this request")
    row = locked_bot(bot.pk)
    if row.state not in LISTENING:
        raise InvalidInput("state", f"a bot that is {row.get_state_display().lower()} trades nothing by hand")
    snapshot = snapshot_of(row, close_ms=market_ms(row.source), verdicts={})
    if symbol not in snapshot.symbols:
        raise InvalidInput("symbol", f"{symbol} is not a symbol of this bot")
    zone = row.account.workspace.timezone
    snapshot, _ = laddered(snapshot, snapshot.levels, locks_of(row.account), bot=row.code, zone=zone)
    return row, snapshot


def _wish(row: Bot, snapshot: Snapshot, symbol: str, plan: PlanState) -> bool:
    """Write the plan down and carry it out; whether there was anything new in it."""
    if plan == snapshot.symbols[symbol].plan:
        return False
    Plan.objects.filter(bot=row, symbol=symbol).update(state=plan.as_record())
    tend_symbols(row, [symbol], snapshot.close_ms)
    tell(row.workspace_id, {"type": "bot.changed", "bot": row.code})
    return True
