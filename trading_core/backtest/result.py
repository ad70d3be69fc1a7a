"""The result document: a run as JSON-able data, money as text, times in UTC ISO."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trading_core.backtest.rejections import rejections_of
from trading_core.engine.document import BotDocument, document_hash
from trading_core.execution.order import Role
from trading_core.market.instrument import Instrument
from trading_core.money import amount_text, plain
from trading_core.performance.columns import Equity, Executions
from trading_core.performance.drawdowns import Drawdown, deepest
from trading_core.performance.ledger import (
    DecisionRecord,
    EquityRecord,
    ExecutionRecord,
    FundingRecord,
    OrderRecord,
)
from trading_core.performance.metrics import exit_reasons, outcome_counts, percent
from trading_core.performance.report import Report, report_of
from trading_core.performance.risk_units import multiples
from trading_core.performance.tags import EntryTags
from trading_core.performance.track import Minutes, TrackRecord
from trading_core.performance.trades import Trade

RESULT_SCHEMA = 3
EQUITY_POINTS_MAX = 5_000

_CENT = Decimal("0.01")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Played:
    """What a run came to, whoever drove it: a backtest, or the live path in lock-step."""

    document: BotDocument
    instruments: Mapping[str, Instrument]
    start_ms: int
    """Open of the first candle played."""
    end_ms: int
    """Close of the last one. What was decided there was not sent."""
    candles: int
    """Minutes played."""
    decisions: Sequence[DecisionRecord]
    orders: Sequence[OrderRecord]
    executions: Sequence[ExecutionRecord]
    equity: Sequence[EquityRecord]
    wallet: int
    """Balance at the end, money units."""
    fundings: Sequence[FundingRecord] = ()
    minutes: Mapping[str, Minutes] = field(default_factory=dict)
    """What the market did, by symbol, where the driver still has it."""
    touched: int | None = None
    """Minutes, symbol by symbol, that reached an order or a stop; None: nobody counted."""
    ambiguous: int | None = None
    """Those of them that reached one on both sides."""
    funding: str = "not booked"
    """Which funding was booked, for people."""
    judged_by: str = "last price"
    """What liquidations looked at, for people."""
    stops: Mapping[tuple[str, int], int] | None = None
    """The stop of each trade's first entry order, by (symbol, trade), if the driver knows it by heart."""
    engine: str = "interpreted"
    """``compiled``, or ``interpreted`` with why it was not compiled."""


def track_of(played: Played) -> TrackRecord:
    """What the figures of a run are made of."""
    return TrackRecord(
        instruments=played.instruments,
        start_ms=played.start_ms,
        end_ms=played.end_ms,
        start=played.document.balance,
        wallet=played.wallet,
        executions=Executions.of(played.executions),
        equity=Equity.of(played.equity),
        fundings=played.fundings,
        minutes=played.minutes,
        traded=played.document.symbols,
        stops=_planned_stops(played.orders) if played.stops is None else played.stops,
        touched=played.touched,
        ambiguous=played.ambiguous,
    )


def _planned_stops(orders: Sequence[OrderRecord]) -> dict[tuple[str, int], int]:
    """The stop of each trade's first entry order, by (symbol, trade)."""
    stops: dict[tuple[str, int], int] = {}
    for order in orders:
        if order.role is Role.ENTRY and order.stop_ticks is not None:
            stops.setdefault((order.symbol, order.trade), order.stop_ticks)
    return stops


def result_document(
    played: Played, *, driver: str = "backtest", report: Report | None = None
) -> dict[str, Any]:
    """Return the result of a run as JSON-able data; ``report`` is that of the run, if it was made before."""
    report = report or report_of(track_of(played))
    tags = EntryTags(played.decisions)
    rows = {
        "decisions": [_decision(d) for d in played.decisions],
        "orders": [_order(o, played.instruments[o.symbol]) for o in played.orders],
        "executions": [_execution(e, played.instruments[e.symbol]) for e in played.executions],
    }
    return {
        "meta": {**_meta(played, driver), "digest": digest_of(rows, _money(played.wallet))},
        **rows,
        "funding": [_funding(f, played.instruments[f.symbol]) for f in played.fundings],
        "trades": _trades(report, played, tags),
        "left_open": [_trade(t, played.instruments[t.symbol], tags.of(t)) for t in report.left_open],
        "equity": equity_rows(thinned(played.equity)),
        "metrics": {
            **{name: metric.as_data() for name, metric in report.metrics.items()},
            "exit_reasons": exit_reasons(report.trades),
            "outcomes": outcome_counts(played.decisions),
        },
        "drawdowns": [_fall(fall) for fall in deepest(report.falls)],
        "breakdown": report.breakdown,
        "badge": report.badge,
        "rejections": rejections_of(played.document.rules, played.decisions),
    }


def iso(time_ms: int) -> str:
    """A time in UTC ISO, with milliseconds only where there are any."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds" if time_ms % 1000 else "seconds").replace("+00:00", "Z")


def digest_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], wallet: str) -> str:
    """SHA-256 over decisions, orders, executions and final wallet; equal runs have equal digests."""
    said = {name: rows[name] for name in ("decisions", "orders", "executions")}
    text = json.dumps({**said, "wallet": wallet}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def equity_rows(equity: Sequence[EquityRecord]) -> list[dict[str, str]]:
    """Points of equity as JSON-able data."""
    return [_equity(point) for point in equity]


def thinned(equity: Sequence[EquityRecord]) -> list[EquityRecord]:
    """Evenly picked points, the last one always among them."""
    step = -(-len(equity) // EQUITY_POINTS_MAX) or 1
    return list(equity[::-1][::step])[::-1]


def _meta(played: Played, driver: str) -> dict[str, Any]:
    document = played.document
    return {
        "schema": RESULT_SCHEMA,
        "driver": driver,
        "bot": document.canonical(),
        "document_hash": document_hash(document),
        "rules_hash": document.rules.hash,
        "from": iso(played.start_ms),
        "to": iso(played.end_ms),
        "candles": played.candles,
        "wallet_start": _money(document.balance),
        "wallet_end": _money(played.wallet),
        "funding": played.funding,
        "engine": played.engine,
        "liquidation": f"judged by the {played.judged_by}",
        "end_rule": "the last close is decided, what it asks for is not sent",
    }


def _decision(record: DecisionRecord) -> dict[str, Any]:
    row: dict[str, Any] = {
        "symbol": record.symbol,
        "close": iso(record.close_ms),
        "code": record.code,
        "leaves": record.leaves,
    }
    return {**row, "details": record.details} if record.details else row


def _order(record: OrderRecord, instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": record.symbol,
        "trade": record.trade,
        "role": record.role.value,
        "leg": record.leg,
        "revision": record.revision,
        "side": record.side.value,
        "ticks": record.ticks,
        "price": None if record.ticks is None else plain(instrument.price(record.ticks)),
        "lots": record.lots,
        "qty": plain(instrument.qty(record.lots)),
        "filled": record.filled,
        "reduce_only": record.reduce_only,
        "state": record.state,
        "decided": iso(record.decided_ms),
        "reason": record.reason,
    }


def _execution(record: ExecutionRecord, instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": record.symbol,
        "time": iso(record.time_ms),
        "sequence": record.sequence,
        "trade": record.trade,
        "role": record.role.value,
        "leg": record.leg,
        "side": record.side.value,
        "ticks": record.ticks,
        "price": plain(instrument.price(record.ticks)),
        "lots": record.lots,
        "qty": plain(instrument.qty(record.lots)),
        "fee": _money(record.fee),
        "gained": _money(record.gained),
        "is_maker": record.is_maker,
        "reason": record.reason,
    }


def _funding(record: FundingRecord, instrument: Instrument) -> dict[str, Any]:
    return {
        "symbol": record.symbol,
        "time": iso(record.time_ms),
        "sequence": record.sequence,
        "side": "long" if record.lots > 0 else "short",
        "qty": plain(instrument.qty(abs(record.lots))),
        "ticks": record.ticks,
        "mark": plain(instrument.price(record.ticks)),
        "rate": None if record.rate_e8 is None else plain(Decimal(record.rate_e8).scaleb(-8)),
        "paid": _money(record.paid),
    }


def _trades(report: Report, played: Played, tags: EntryTags) -> list[dict[str, Any]]:
    """The closed trades, each with its excursions and its result in units of planned risk."""
    found, risked = report.excursions, multiples(report.track, report.trades)
    return [
        {
            **_trade(trade, played.instruments[trade.symbol], tags.of(trade)),
            "mfe": _money(int(best)) if known else None,
            "mae": _money(int(worst)) if known else None,
            "r": None if risk != risk else plain(Decimal(risk).quantize(_CENT)),  # noqa: PLR0124 - NaN
        }
        for trade, best, worst, known, risk in zip(
            report.trades, found.best, found.worst, found.known, risked.tolist(), strict=True
        )
    ]


def _trade(trade: Trade, instrument: Instrument, tags: Sequence[str]) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "number": trade.number,
        "side": "long" if trade.direction > 0 else "short",
        "opened": iso(trade.opened_ms),
        "closed": iso(trade.closed_ms),
        "qty": plain(instrument.qty(trade.lots)),
        "entry_price": _average(trade.entry_tick_lots, trade.entry_lots, instrument),
        "exit_price": _average(trade.exit_tick_lots, trade.exit_lots, instrument)
        if trade.exit_lots
        else None,
        "legs": trade.legs,
        "gained": _money(trade.gained),
        "fees": _money(trade.fees),
        "funding": _money(trade.funding),
        "net": _money(trade.net),
        "reason": trade.reason,
        "tags": list(tags),
    }


def _fall(fall: Drawdown) -> dict[str, Any]:
    return {
        "peak_at": iso(fall.peak_ms),
        "trough_at": iso(fall.trough_ms),
        "recovered_at": None if fall.recovered_ms is None else iso(fall.recovered_ms),
        "peak": _money(fall.peak),
        "trough": _money(fall.trough),
        "depth_pct": percent(fall),
    }


def _average(tick_lots: int, lots: int, instrument: Instrument) -> str:
    """An average price, two decimals finer than a tick."""
    price = Decimal(tick_lots) * instrument.tick_size / Decimal(lots)
    return plain(price.quantize(instrument.tick_size.scaleb(-2)))


def _equity(record: EquityRecord) -> dict[str, str]:
    return {"close": iso(record.close_ms), "wallet": _money(record.wallet), "equity": _money(record.equity)}


def _money(units: int) -> str:
    return amount_text(units)
