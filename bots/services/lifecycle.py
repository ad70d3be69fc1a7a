"""What people do with bots. Page, API, command and kill switch call these.

Each runs in one transaction with the bot's row locked, is audited, and commits the intents that the
new state asks for. None of them waits for the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from accounts.audit import record
from accounts.models import AccountStatus, Environment, ExchangeAccount
from accounts.services import open_paper_account
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, BotState, BotSymbol, InstrumentRow, StopMode
from bots.services import parking
from bots.services.documents import document_of, retire_document
from bots.services.facts import symbols_of
from bots.services.instruments import latest_instruments
from bots.services.market import market_ms
from bots.services.preflight import PlanUnsafe, check_start
from bots.services.stopping import settle_stopping
from bots.services.tending import locked_bot, tend_symbols
from bots.states import ACTIVE, may_follow
from trading_core.engine.document import BotDocument, parse_document
from trading_core.errors import DocumentInvalid, InvalidInput
from trading_core.market.timeframe import MINUTE_MS

Resolve = Callable[[str], object]
PATIENCE_MS = 5 * MINUTE_MS
"""How long a closing by limit orders may take before the rest is closed at the market."""


class NotAllowed(InvalidInput):
    """Something a bot can't do in the state it is in."""


def create_bot(
    raw: object, account: ExchangeAccount, *, actor: str = "system", resolve: Resolve | None = None
) -> Bot:
    """Create a bot from a document on an account of the active workspace; raises ``DocumentInvalid``.

    ``resolve`` turns the code of a published rule-set version into its document.
    """
    document = parse_document(raw, resolve=resolve)
    with workspace_scope(account.workspace_id):
        return _create(document, account, actor)


def create_paper_bot(raw: object, *, actor: str = "system", resolve: Resolve | None = None) -> Bot:
    """Create a bot with a paper account of its own, opened with the document's balance."""
    document = parse_document(raw, resolve=resolve)
    _check_symbols(document)
    account = open_paper_account(document.name, document.balance, actor=actor)
    with workspace_scope(account.workspace_id):
        return _create(document, account, actor)


def _create(document: BotDocument, account: ExchangeAccount, actor: str) -> Bot:
    _check_account(account)
    _check_symbols(document)
    bot = Bot.objects.create(name=document.name[:80], account=account, **_of_document(document))
    _listen(bot, document)
    record("bot.created", bot.code, actor, {"name": bot.name, "account": account.code})
    tell(bot.workspace_id, {"type": "bot.changed", "bot": bot.code})
    return bot


def _of_document(document: BotDocument) -> dict[str, object]:
    return {
        "document": document.canonical(),
        "rules_hash": document.rules.hash,
        "source": document.market.source,
        "category": document.market.category,
        "timeframe": document.timeframe.value,
        "follows": document.plan.follows,
    }


def _listen(bot: Bot, document: BotDocument) -> None:
    BotSymbol.objects.filter(bot=bot).delete()
    BotSymbol.objects.bulk_create([BotSymbol(bot=bot, symbol=symbol) for symbol in document.symbols])


def _check_account(account: ExchangeAccount) -> None:
    if account.status in (AccountStatus.REVOKED, AccountStatus.FAILED):
        raise InvalidInput("account", f"this account can't be used: {account.get_status_display()}")
    if account.environment == Environment.PAPER and Bot.objects.filter(account=account).exists():
        raise InvalidInput("account", "every paper bot has an account of its own; this one is taken")


def _check_symbols(document: BotDocument) -> None:
    """Refuse symbols the market doesn't know, as soon as anything is known of that market."""
    market = document.market
    if not InstrumentRow.objects.filter(source=market.source, category=market.category).exists():
        return
    known = latest_instruments(market.source, market.category, document.symbols)
    for number, symbol in enumerate(document.symbols):
        if symbol not in known:
            raise DocumentInvalid(
                f"universe.symbols.{number}", f"{symbol} isn't traded on {market.source} {market.category}"
            )


def change_document(bot: Bot, raw: object, *, actor: str = "system", resolve: Resolve | None = None) -> Bot:
    """Give a bot that isn't running a new document; raises ``NotAllowed`` while it holds anything."""
    document = parse_document(raw, resolve=resolve)
    with _changing(bot) as row:
        if row.state in ACTIVE or row.claims.exists():
            raise NotAllowed("state", "stop the bot and let it close what it holds before changing it")
        _check_symbols(document)
        retire_document(row)
        row.name, row.pack_at = document.name[:80], 0
        for name, value in _of_document(document).items():
            setattr(row, name, value)
        row.save()
        _listen(row, document)
        record("bot.document_changed", row.code, actor, {"rules": row.rules_hash})
    return row


def start_bot(bot: Bot, *, actor: str = "system") -> Bot:
    """Start a bot: it decides from the next close on, as soon as its account is ready.

    Raises ``PlanUnsafe`` if its worst case forbids that.
    """
    with _changing(bot) as row:
        _move(row, BotState.STARTING, actor, "bot.started")
        check_start(row)
        _catch_up(row)
        row.failures = 0
        row.follows = document_of(row).plan.follows
        row.started_at = clock.now()
        row.save()
        settle_starting(row)
    return row


def settle_starting(bot: Bot) -> bool:
    """Let a starting bot run if its account is ready. The caller holds the transaction."""
    account = ExchangeAccount.objects.get(pk=bot.account_id)
    opened = account.opened_generation == account.generation or account.environment not in _OPENED_BY_US
    if bot.state != BotState.STARTING or account.status != AccountStatus.READY or not opened:
        return False
    bot.account = account
    try:
        check_start(bot)
    except PlanUnsafe as unsafe:  # what the account has was not known before
        parking.park(bot, unsafe.reason)
        return False
    bot.state = BotState.RUNNING
    _catch_up(bot)
    bot.save(update_fields=["state", "wanted", "done"])
    return True


_OPENED_BY_US = (Environment.PAPER, Environment.SIMULATOR)


def settle_all_starting() -> int:
    """Let every starting bot run whose account has become ready; return how many."""
    with across_workspaces("sweep"):
        starting = list(Bot.objects.filter(state=BotState.STARTING).values_list("pk", "workspace_id"))
    settled = 0
    for bot_id, workspace_id in starting:
        with workspace_scope(workspace_id):
            settled += settle_starting(locked_bot(bot_id))
    return settled


def _catch_up(bot: Bot) -> None:
    """Begin with the next close: what happened before is none of the bot's business."""
    bot.wanted = bot.done = max(bot.wanted, bot.done, market_ms(bot.source))


def pause_bot(bot: Bot, *, actor: str = "system") -> Bot:
    """Take no new entries; positions are averaged, protected and closed as before."""
    return _change(bot, BotState.ENTRIES_PAUSED, actor, "bot.paused")


def resume_bot(bot: Bot, *, actor: str = "system") -> Bot:
    """Take entries again."""
    return _change(bot, BotState.RUNNING, actor, "bot.resumed")


def close_only(bot: Bot, *, actor: str = "system") -> Bot:
    """Take nothing new, legs included; what is held is guarded to its end."""
    return _change(bot, BotState.CLOSE_ONLY, actor, "bot.close_only")


def stop_bot(bot: Bot, mode: str, *, actor: str = "system") -> Bot:
    """Stop a bot.

    ``cancel``: at once; a position keeps its stop and its targets and is guarded, entries and legs go.
    ``leave``: the same, and legs stay too. ``close``: everything is cancelled and closed at the market first;
    ``close_limit``: by limit orders that follow the last price, after 5 minutes at the market.
    """
    if mode not in StopMode.values:
        raise InvalidInput("mode", f"expected one of {', '.join(StopMode.values)}, was {mode!r}")
    if mode in (StopMode.LEAVE, StopMode.CANCEL):
        return _change(bot, BotState.STOPPED, actor, "bot.stopped", mode=mode)
    return _close_everything(bot, actor, "bot.stopped", mode)


def panic_bot(bot: Bot, *, actor: str = "system") -> Bot:
    """Cancel and close everything now, whatever state the bot is in, and stop it."""
    return _close_everything(bot, actor, "bot.panic", StopMode.CLOSE)


def park(bot: Bot, reason: str) -> Bot:
    """Park a bot with a reason: it decides nothing more until it is started again."""
    with _changing(bot) as row:
        parking.park(row, reason)
        record("bot.parked", row.code, "system", {"reason": reason})
        tend_symbols(row, symbols_of(row), market_ms(row.source))
    return row


def _change(bot: Bot, state: BotState, actor: str, action: str, *, mode: str = "") -> Bot:
    with _changing(bot) as row:
        _move(row, state, actor, action, mode=mode)
        row.save()
        tend_symbols(row, symbols_of(row), market_ms(row.source), retry=True)
    return row


def _close_everything(bot: Bot, actor: str, action: str, mode: str) -> Bot:
    with _changing(bot) as row:
        if row.state != BotState.STOPPING:
            _move(row, BotState.STOPPING, actor, action, mode=mode)
            _catch_up(row)
        row.stop_mode = mode
        patience_ms = PATIENCE_MS if mode == StopMode.CLOSE_LIMIT else 0
        row.follows |= bool(patience_ms)  # its limit orders follow every minute
        row.save()
        tend_symbols(row, symbols_of(row), market_ms(row.source), closing=True, patience_ms=patience_ms)
        settle_stopping(row)
    return row


def _move(bot: Bot, state: BotState, actor: str, action: str, *, mode: str = "") -> None:
    if not may_follow(bot.state, state):
        raise NotAllowed(
            "state", f"a bot that is {bot.get_state_display().lower()} can't be {state.label.lower()}"
        )
    record(action, bot.code, actor, {"from": bot.state, "to": state.value} | ({"mode": mode} if mode else {}))
    bot.state = state
    bot.state_reason = ""
    bot.stop_mode = mode


@contextmanager
def _changing(bot: Bot) -> Iterator[Bot]:
    """Open a transaction with the bot's row locked; browsers hear of it after the commit."""
    with workspace_scope(bot.workspace_id):
        row = locked_bot(bot.pk)
        yield row
        tell(row.workspace_id, {"type": "bot.changed", "bot": row.code})
        bot.refresh_from_db()
