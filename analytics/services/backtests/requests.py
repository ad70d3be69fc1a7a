"""What people do with backtests: ask for one, cancel it, delete it. Pages and API call these."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from accounts.audit import record
from accounts.models import Workspace
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import current_workspace_id, workspace_scope
from analytics.models import BacktestResult, BacktestRun, BacktestState
from analytics.services.backtests.available import Span, spans, together
from analytics.services.backtests.claims import SILENCE
from analytics.services.backtests.quota import REQUESTED, check_quota, check_size
from analytics.states import before
from bots.models import Bot
from bots.services import store
from trading_core.backtest.inputs import symbols_needed
from trading_core.engine.document import BotDocument, document_hash, parse_document
from trading_core.errors import InvalidInput

Resolve = Callable[[str], object]


class NotAllowed(InvalidInput):
    """Something a backtest can't do in the state it is in."""


def request_run(
    raw: object,
    *,
    start_ms: int,
    end_ms: int,
    bot: Bot | None = None,
    actor: str = "system",
    resolve: Resolve | None = None,
) -> BacktestRun:
    """Ask for a backtest of a bot document over [start_ms, end_ms), cut to the minutes that are stored.

    ``bot`` is where the document came from, ``resolve`` turns the code of a published rule-set version
    into its document. Raise DocumentInvalid for a document, InvalidInput for a period that can't be
    played, QuotaExceeded (an InvalidInput) if the workspace may have no more.
    """
    document = parse_document(raw, resolve=resolve)
    period = _period(document, start_ms, end_ms)
    check_size(len(symbols_needed(document)), (period.end_ms - period.start_ms) // store.BASE.ms)
    workspace_id = current_workspace_id()
    with workspace_scope(workspace_id):
        # The workspace's row is locked, so that two askers at once are counted one after the other.
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        check_quota()
        run = BacktestRun.objects.create(bot=bot, created_by=actor, **_asked(document, period))
        record(REQUESTED, run.code, actor, {"name": run.name, "bot": bot.code if bot else ""})
        say_changed(run)
    return run


def _period(document: BotDocument, start_ms: int, end_ms: int) -> Span:
    """The part of a period in which any symbol of the bot has candles."""
    if start_ms >= end_ms:
        raise InvalidInput("to", "expected a time after the beginning")
    market = document.market
    stored = together(spans(market.source, market.category, document.symbols))
    where = f"{', '.join(document.symbols)} on {market.source} {market.category}"
    if stored is None:
        raise InvalidInput("from", f"no candles of {where} are stored")
    minute = store.BASE.ms
    first = max(start_ms // minute * minute, stored.start_ms)
    last = min(end_ms // minute * minute, stored.end_ms)
    if first >= last:
        raise InvalidInput("from", f"no candles in that time: those of {where} are from {_told(stored)}")
    return Span(first, last)


def _told(span: Span) -> str:
    return " to ".join(
        datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        for ms in (span.start_ms, span.end_ms)
    )


def _asked(document: BotDocument, period: Span) -> dict[str, object]:
    now = clock.now()
    return {
        "name": document.name[:80],
        "document": document.canonical(),
        "document_hash": document_hash(document),
        "source": document.market.source,
        "category": document.market.category,
        "symbols": list(document.symbols),
        "timeframe": document.timeframe.value,
        "start_ms": period.start_ms,
        "end_ms": period.end_ms,
        "created_at": now,
        "touched_at": now,
    }


def cancel_run(run: BacktestRun, *, actor: str = "system") -> BacktestRun:
    """Stop a backtest: at once if it waits, or if whoever ran it is lost, else within a second or so.

    One that has ended stays as it is.
    """
    with workspace_scope(run.workspace_id):
        now = clock.now()
        rows = BacktestRun.objects.filter(pk=run.pk)
        ended = {"state": BacktestState.CANCELLED, "ended_at": now, "touched_at": now, "message": ""}
        waiting = rows.filter(state=BacktestState.QUEUED).update(**ended)
        lost = rows.filter(state__in=before(BacktestState.CANCELLED), touched_at__lt=now - SILENCE)
        if waiting or lost.update(**ended) or _ask_to_stop(run):
            record("backtest.cancelled", run.code, actor, {})
            say_changed(run)
        run.refresh_from_db()
    return run


def _ask_to_stop(run: BacktestRun) -> int:
    running = BacktestRun.objects.filter(pk=run.pk, state=BacktestState.RUNNING, cancel_requested=False)
    return running.update(cancel_requested=True)


def delete_run(run: BacktestRun, *, actor: str = "system") -> None:
    """Delete a backtest that has ended, and its result unless another run of the workspace shares it.

    Raise NotAllowed for one that waits or runs.
    """
    with workspace_scope(run.workspace_id):
        found = BacktestRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if found.is_unfinished:
            raise NotAllowed("", f"{run.name} is under way: cancel it first")
        # Locked, so that no run takes a result over that is about to go.
        results = BacktestResult.objects.filter(pk__in=[found.result_id] if found.result_id else [])
        list(results.select_for_update().only("pk"))
        found.delete()
        results.filter(runs=None).delete()
        record("backtest.deleted", run.code, actor, {"name": run.name})
        say_changed(run)


def say_changed(run: BacktestRun) -> None:
    """Tell the workspace's browsers after commit."""
    tell(run.workspace_id, {"type": "backtest.changed", "backtest": run.code})
